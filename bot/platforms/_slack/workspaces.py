"""The workspaces that Sabio is installed in, each with its token: one, or several of the same company."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slack_sdk.http_retry.async_handler import AsyncRetryHandler
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from bot.audience import names_groups
from bot.platforms._deliveries import OverError
from bot.platforms._slack.errors import RefusedTokenError, translated
from bot.platforms._slack.installations import INSTALL, Installations
from bot.platforms._slack.people import People
from bot.platforms._slack.rooms import Rooms
from config.errors import UnavailableError
from config.settings import Settings
from ingest.knowledge import KnowledgeBase

_POSTING = ("chat.postMessage", "chat.startStream", "chat.postEphemeral")
"""What makes another message when it is called again; whether the first call got there is looked up."""

log = logging.getLogger("bot")


@dataclass(frozen=True)
class Workspace:
    """One workspace."""

    team: str
    name: str
    user: str
    """The id of Sabio's own user there."""
    handle: str
    client: AsyncWebClient
    people: People
    rooms: Rooms


class Workspaces:
    """The workspaces by their ids. With one token there is one; else those that have installed the app."""

    def __init__(self, kb: KnowledgeBase) -> None:
        self._kb = kb
        self._open: dict[str, Workspace] = {}
        self._opening = asyncio.Lock()
        oauth = kb.settings.slack.oauth
        self.installations = Installations(lambda: kb.ledger, oauth) if oauth else None

    async def connect(self) -> str:
        """Find out who Sabio is: in words. Raises `ConfigError` and `UnavailableError`."""
        if self.installations is not None:
            await asyncio.to_thread(self.installations.prepare)
            bots = await asyncio.to_thread(self.installations.bots)
            names = sorted(str(bot.team_name or team) for team, bot in bots.items() if bot)
            there = f"in {', '.join(names)}" if names else "installed nowhere yet"
            return f"{there}; {INSTALL} installs it in a workspace"
        only = await self._connect(self._kb.settings.slack.bot_token or "")
        self._open[only.team] = only
        return f"@{only.handle} in {only.name}"

    async def of(self, team: str) -> Workspace:
        """A workspace by its id. Raises `OverError` for one that is not Sabio's, or not any more.

        Which token a workspace has is looked up each time: another process may have installed or removed it.
        """
        if self.installations is None:
            if team not in self._open:
                raise OverError(f"Sabio is not installed in the workspace {team}")
            return self._open[team]
        bot = await self.installations.async_find_bot(enterprise_id=None, team_id=team)
        if bot is None:
            self._open.pop(team, None)
            raise OverError(f"Sabio is not installed in the workspace {team}")
        async with self._opening:
            known = self._open.get(team)
            if known is None or known.client.token != bot.bot_token:
                known = self._open[team] = await self._connect_installed(team, bot.bot_token)
        return known

    async def forget(self, team: str) -> None:
        """Forget a workspace that has removed the app."""
        self._open.pop(team, None)
        if self.installations is not None:
            await asyncio.to_thread(self.installations.forget, team)

    @contextmanager
    def doubting(self, team: str) -> Iterator[None]:
        """Look anew whether Sabio is installed in a workspace, where its token is refused in the block."""
        try:
            yield
        except RefusedTokenError as error:
            if self.installations is None:
                raise
            self._open.pop(team, None)
            raise UnavailableError(
                f"Slack refuses the token of the workspace {team} ({error.word})"
            ) from error

    async def _connect_installed(self, team: str, token: str) -> Workspace:
        try:
            return await self._connect(token)
        except RefusedTokenError as error:
            log.warning("slack: the workspace %s must install the app again: %s", team, error.word)
            if error.is_gone:
                await self.forget(team)
            raise OverError(f"Slack refuses the token of the workspace {team} ({error.word})") from error

    async def _connect(self, token: str) -> Workspace:
        client = client_of(self._kb.settings, token)
        with translated():
            me: Mapping[str, Any] = (await client.auth_test()).data  # type: ignore[assignment]
        team = str(me["team_id"])
        people = People(client, team, grouped=names_groups(self._kb.settings, "slack"))
        rooms = Rooms(self._kb, client, people)
        return Workspace(
            team, str(me.get("team")), str(me["user_id"]), str(me.get("user")), client, people, rooms
        )


def is_removal(event: Mapping[str, Any]) -> bool:
    """Whether an event says that a workspace has removed the app, or the bot's token."""
    if event.get("type") == "tokens_revoked":
        tokens = event.get("tokens") or {}
        return bool(tokens.get("bot")) or not tokens.get("oauth")
    return event.get("type") == "app_uninstalled"


def client_of(settings: Settings, token: str | None) -> AsyncWebClient:
    """A client that waits where Slack throttles, and repeats only what does no harm twice."""
    handlers: list[AsyncRetryHandler] = [_Reconnecting(max_retry_count=2), _Waiting(max_retry_count=3)]
    return AsyncWebClient(token, base_url=settings.slack.api_url, retry_handlers=handlers)


class _Reconnecting(AsyncConnectionErrorRetryHandler):
    """Repeats a call whose connection broke, unless it may have posted something already."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith(_POSTING):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


class _Waiting(AsyncRateLimitErrorRetryHandler):
    """Waits as long as Slack says and tries again, but for a stream: an answer can be posted as well.

    Some twenty streams a minute may begin: https://docs.slack.dev/reference/methods/chat.startStream
    """

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith("chat.startStream"):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)
