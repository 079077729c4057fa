"""Slack: people mention Sabio in a channel or write to it directly, and are answered there.

The only file that knows Bolt. It connects, by Socket Mode or by what Slack posts, and hands over what comes
in; what is done about it is in `bot.platforms._slack`. What people say is kept in the ledger before it is
acknowledged (`bot.platforms._deliveries`), so a second delivery makes no second answer, and what a killed
process leaves is answered by another, or by the same when it comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.platforms._deliveries import Deliveries, OverError, pause
from bot.platforms._life import Life, Tell
from bot.platforms._slack import installing
from bot.platforms._slack.answers import PLATFORM, Answers
from bot.platforms._slack.commands import Commands
from bot.platforms._slack.errors import translated
from bot.platforms._slack.experts import Experts
from bot.platforms._slack.installations import INSTALL, INSTALLED
from bot.platforms._slack.interactions import Interactions
from bot.platforms._slack.listening import Listening
from bot.platforms._slack.workspaces import Workspaces, client_of, is_removal
from config.errors import DeniedError, UnavailableError
from ingest.knowledge import KnowledgeBase
from ingest.ledger.inbox import Event
from workers.event_loop import EventLoop
from workers.web import Answer, Route

_FAREWELL = 3.0
"""Seconds that closing the connection may take."""

log = logging.getLogger("bot")


class Slack:
    """The connection of one process to Slack. Start it, and stop it at the end."""

    def __init__(self, kb: KnowledgeBase, loop: EventLoop) -> None:
        self._kb, self._settings = kb, kb.settings.slack
        self._life = Life(loop, PLATFORM, kb.settings.secrets)
        self._app: AsyncApp | None = None
        self._socket: AsyncSocketModeHandler | None = None
        self._taking: set[asyncio.Task[Any]] = set()
        """What is being taken, until that is acknowledged."""

    def start(self) -> str:
        """Connect: what to tell of it, as `@sabio in Acme`.

        Where Slack cannot be reached this says so, and goes on trying. Raises `ConfigError` where a person
        must act: a token is missing, or not right.
        """
        return self._life.start(self._live)

    def trouble(self) -> str | None:
        """Why the connection is not alive; None: it is."""
        return self._life.trouble()

    def stop(self) -> None:
        """Take nothing more, end the answers under way, and leave the others to whoever comes next."""
        self._life.stop()

    @property
    def routes(self) -> Mapping[str, Route]:
        """The requests that Slack, or somebody who installs the app, sends here."""
        routes: dict[str, Route] = {}
        if self._settings.mode == "http":
            routes["POST /slack/events"] = self.respond
        if self._settings.oauth is not None:
            routes |= {f"GET {INSTALL}": self.install, f"GET {INSTALLED}": self.install_on}
        return routes

    async def respond(self, body: bytes, headers: Mapping[str, str], _query: str = "") -> Answer:
        """Take what Slack has posted, in `mode: http`."""
        if self._app is None or not self._life.listens:
            return _NOT_READY
        # Before anything of it is read: Bolt reads first, and fails at what is no JSON, or no number.
        if not is_signed(self._settings.signing_secret or "", body, headers):
            return _FORGED
        request = AsyncBoltRequest(body=body.decode(), headers=dict(headers))
        return _answered(await self._app.async_dispatch(request))

    async def install(self, _body: bytes, headers: Mapping[str, str], query: str) -> Answer:
        """Send somebody to Slack, to install the app; `?team=T0123ABCD` says where."""
        if self._app is None or self._app.oauth_flow is None or not self._life.listens:
            return _NOT_READY
        team = "".join(parse_qs(query).get("team", [])[:1])
        return _answered(await installing.begin(self._app.oauth_flow, headers, team))

    async def install_on(self, _body: bytes, headers: Mapping[str, str], query: str) -> Answer:
        """Go on where Slack sends somebody back to who has installed the app, or has not."""
        if self._app is None or self._app.oauth_flow is None or not self._life.listens:
            return _NOT_READY
        return _answered(await installing.finish(self._app.oauth_flow, headers, query))

    async def _live(self, tell: Tell) -> None:
        self._workspaces = Workspaces(self._kb)
        self._deliveries = deliveries = Deliveries(self._kb, PLATFORM, self._answer, self._apologise)
        self._answers = Answers(self._kb, self._workspaces, deliveries)
        self._commands = Commands(self._kb, self._workspaces, deliveries)
        self._experts = Experts(self._kb, self._workspaces, deliveries)
        self._listening = Listening(self._kb, deliveries, self._answers)
        self._interactions = Interactions(self._kb, deliveries, self._experts)
        if not await self._connected(tell):
            return
        running = asyncio.create_task(deliveries.run(self._life.stopping))
        try:
            await self._life.stopping.wait()
        finally:
            deliveries.stop()
            if self._taking:
                await asyncio.wait(self._taking, timeout=_FAREWELL)
            if self._socket is not None:
                with suppress(TimeoutError):  # the other side need not answer the farewell
                    await asyncio.wait_for(self._socket.close_async(), _FAREWELL)  # type: ignore[no-untyped-call]
            await running

    async def _connected(self, tell: Tell) -> bool:
        """Connect as soon as that is possible. False: the process is to stop before that."""
        for attempt in count(1):
            try:
                told = await self._workspaces.connect()
                await self._open()
            except UnavailableError as error:
                tell(f"not reachable yet ({error}), trying again")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._life.stopping.wait(), pause(attempt))
                    return False
            else:
                tell(told)
                return True
        raise AssertionError("unreachable")

    async def _open(self) -> None:
        client, secret = client_of(self._kb.settings, None), self._settings.signing_secret
        installations = self._workspaces.installations
        app = AsyncApp(
            client=client,
            signing_secret=secret,
            logger=_bolts_log(),
            authorize=_Everybody(),
            oauth_settings=(
                installations.for_bolt(self._settings, installing.pages()) if installations else None
            ),
        )
        app.middleware(self._receive)
        if self._settings.mode == "socket":
            # Bolt would try for ever with a token that is not right, and tell nobody.
            with translated():
                await client.apps_connections_open(app_token=self._settings.app_token or "")
                self._socket = AsyncSocketModeHandler(app, self._settings.app_token)
                await self._socket.connect_async()  # type: ignore[no-untyped-call]
        self._app = app

    async def _receive(self, body: dict[str, Any], context: AsyncBoltContext) -> BoltResponse:
        """Take one thing that Slack delivers; it is acknowledged when this returns without an error."""
        if taking := asyncio.current_task():
            self._taking.add(taking)
            taking.add_done_callback(self._taking.discard)
        event, team = body.get("event") or {}, context.team_id or ""
        try:
            if is_removal(event):
                await self._workspaces.forget(team)
                return BoltResponse(status=200)
            workspace = await self._workspaces.of(team)
            with self._workspaces.doubting(team):
                if event:
                    await self._listening.hear(workspace, event)
                    return BoltResponse(status=200)
                try:
                    return await self._interactions.take(workspace, body)
                except (DeniedError, UnavailableError, OverError) as error:
                    return await self._interactions.refuse(workspace, body, error)
        except OverError as error:
            log.info("slack: nothing is done about what was delivered: %s", error)
            return BoltResponse(status=200)

    async def _answer(self, event: Event) -> None:
        """Answer what was kept, by what it is."""
        ways = {
            "question": self._answers.answer,
            "deletion": self._answers.withdraw,
            "command": self._commands.answer,
            "expert": self._experts.answer,
        }
        with self._workspaces.doubting(event.content["team"]):
            await ways[event.content["kind"]](event)

    async def _apologise(self, event: Event) -> None:
        await self._answers.apologise(event)


def is_signed(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether Slack has signed that, within the last five minutes.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    try:
        return SignatureVerifier(secret).is_valid_request(body, dict(headers))
    except (TypeError, ValueError):  # a timestamp that is no number, a signature or a body that is no text
        return False


def _answered(answer: BoltResponse) -> Answer:
    return answer.status, answer.first_headers(), answer.body.encode()


class _Everybody(AsyncAuthorize):
    """Lets Bolt pass on whatever Slack has delivered: `Workspaces` knows who Sabio is there, for which Bolt
    would ask Slack each time."""

    def __init__(self) -> None:
        """There is nothing to remember."""

    async def __call__(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None, **_: object
    ) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, user_id=user_id)


def _bolts_log() -> logging.Logger:
    """Where Bolt says what it does, but for its wonder at a token in the environment: it is ours to use."""
    bolts = logging.getLogger("slack")
    if _is_news not in bolts.filters:
        bolts.addFilter(_is_news)
    return bolts


def _is_news(record: logging.LogRecord) -> bool:
    return record.msg != warning_client_prioritized_and_token_skipped()


_NOT_READY: Answer = (503, {"Content-Type": "text/plain"}, b"not ready")
_FORGED: Answer = (401, {"Content-Type": "text/plain"}, b"not signed by Slack")
