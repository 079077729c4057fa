"""The way to Teams and back: whose requests are believed, and what is said in a conversation.

Only this file, `authentication.py` and `activities.py` know Microsoft's SDK, whose support has ended; its
successor goes here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, TypeVar

from botbuilder.core import InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, ConversationParameters, ConversationReference
from botbuilder.schema.teams import TeamsChannelAccount
from botframework.connector.auth import MicrosoftAppCredentials, PasswordServiceClientCredentialFactory
from msrest.exceptions import (  # type: ignore[attr-defined]
    ClientRequestError,
    DeserializationError,
    HttpOperationError,
)

from bot.platforms._deliveries import OverError
from bot.platforms._teams.authentication import Authentication, RefusedError
from bot.platforms._teams.signin import SignIn
from config.chat import TeamsSettings
from config.errors import ConfigError, UnavailableError

_PAGE = 500
"""Members a page: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context"""
_LATER = frozenset({408, 412, 429, 500, 502, 503, 504})
_GONE = frozenset({403, 404, 410})
_UNSUITABLE = frozenset({400, 413})
_REFUSED = {400: "this is no activity", 401: "not from Teams", 403: "not of this tenant"}

log = logging.getLogger("bot")

T = TypeVar("T")
Heard = Callable[[Activity], Awaitable[InvokeResponse | None]]


class StoppedStreamError(Exception):
    """Somebody has pressed stop."""


class EndedStreamError(Exception):
    """A stream has ended by itself, as too old, or there can be none."""


class UnsuitableError(Exception):
    """Teams does not take what was sent as it is."""


class Conversation:
    """One conversation, as long as a turn lasts. Raises `OverError`, `UnavailableError` and `ConfigError`."""

    def __init__(self, context: TurnContext, team: str | None) -> None:
        self._context, self._team = context, team
        self._connector = context.turn_state[CloudAdapter.BOT_CONNECTOR_CLIENT_KEY]

    async def send(self, activity: Activity) -> str:
        """Say something: its id."""
        with _translated():
            said = await self._context.send_activity(activity)
        return str(said.id) if said else ""

    async def update(self, id_: str, activity: Activity) -> None:
        """Put something in place of what was said."""
        activity.id = id_
        with _translated():
            await self._context.update_activity(activity)

    async def remove(self, id_: str) -> None:
        """Take back what was said."""
        with _translated():
            await self._context.delete_activity(id_)

    async def begin_thread(self, channel: str, activity: Activity, tenant: str | None) -> str:
        """Begin a thread in a channel, whose team may be another: its id, as `19:…;messageid=…`."""
        told = {"channel": {"id": channel}, **({"tenant": {"id": tenant}} if tenant else {})}
        asked = _Thread(is_group=True, activity=activity, channel_data=told, tenant_id=tenant)
        with _translated():
            begun = await self._connector.conversations.create_conversation(asked)
        return str(begun.id)

    async def member(self, user: str) -> TeamsChannelAccount:
        """Somebody who is there."""
        place = self._team or self._context.activity.conversation.id
        with _translated():
            found = await self._connector.conversations.get_conversation_member(place, user)
        return _account(found)

    async def members(self) -> list[TeamsChannelAccount]:
        """Everybody who is there; of a channel, everybody in its team."""
        place = self._team or self._context.activity.conversation.id
        found: list[TeamsChannelAccount] = []
        token = None
        while True:
            with _translated():
                page = await self._connector.conversations.get_conversation_paged_members(
                    place, page_size=_PAGE, continuation_token=token
                )
            found += map(_account, page.members or ())
            token = page.continuation_token
            if not token:
                return found


class _Thread(ConversationParameters):  # type: ignore[misc]
    """What a thread begins with. The SDK spells the tenant, without which Teams refuses it, otherwise.

    https://github.com/microsoft/teams.net/blob/releases/v2/core/docs/CreateConversation-API-Behavior.md
    """

    _attribute_map = ConversationParameters._attribute_map | {  # noqa: SLF001 - as msrest reads it
        "tenant_id": {"key": "tenantId", "type": "str"}
    }


def _account(member: Any) -> TeamsChannelAccount:
    account: TeamsChannelAccount = TeamsChannelAccount().deserialize(
        dict(member.serialize(), **member.additional_properties)
    )
    return account


class Connection:
    """The connection of one process to Teams."""

    def __init__(self, settings: TeamsSettings, sign_in: SignIn) -> None:
        self._settings, self._sign_in = settings, sign_in
        cloud = sign_in.cloud
        sdk = ConfigurationBotFrameworkAuthentication(
            SimpleNamespace(**({"CHANNEL_SERVICE": cloud.channel_service} if cloud.channel_service else {})),
            credentials_factory=_CredentialsFactory(settings, sign_in),
        )
        self._adapter = CloudAdapter(sdk)
        self._authentication = Authentication(settings, cloud, sdk)

    async def receive(self, header: str, body: Mapping[str, Any], heard: Heard) -> tuple[int, Any]:
        """Let `heard` take an activity that Teams has posted: the status and the body to answer with."""
        try:
            believed, activity = await self._authentication.believe(header, body)
        except UnavailableError as error:
            log.warning("teams: %s", error)
            return 503, {"error": "the request could not be checked"}
        except RefusedError as error:
            log.info("teams: a request is refused: %s", error)
            return error.status, {"error": _REFUSED[error.status]}
        answer: InvokeResponse | None = None

        async def turn(context: TurnContext) -> None:
            nonlocal answer
            answer = await heard(context.activity)

        await self._adapter.process_activity(believed, activity, turn)
        return (answer.status, answer.body) if answer else (200, {})

    async def within(
        self, reference: Mapping[str, Any], team: str | None, do: Callable[[Conversation], Awaitable[T]]
    ) -> T:
        """Do something in a conversation, outside of any request from there."""
        done: list[T] = []

        place = ConversationReference().deserialize(dict(reference))

        async def turn(context: TurnContext) -> None:
            context.activity.id = place.activity_id  # so that what is said is a reply to that
            done.append(await do(Conversation(context, team)))

        if not self._settings.development:  # here, so that the loop never waits for it
            await asyncio.to_thread(self._sign_in.token, self._sign_in.cloud.bots)
        await self._adapter.continue_conversation(place, turn, self._settings.app_id or "")
        return done[0]


class _CredentialsFactory(PasswordServiceClientCredentialFactory):  # type: ignore[misc]
    """Gives the SDK, which would sign in anew for each conversation, the one sign-in that there is."""

    def __init__(self, settings: TeamsSettings, sign_in: SignIn) -> None:
        # Without an id the SDK lets everybody in: that is what development means, and nothing else.
        app = "" if settings.development else settings.app_id
        if not (settings.development or (app and settings.app_password and settings.tenant_id)):
            raise ConfigError(f"not set: {', '.join(settings.missing)}")
        super().__init__(app, settings.app_password, settings.tenant_id)
        self._sign_in = sign_in

    async def create_credentials(
        self, app_id: str, oauth_scope: str, *_: object, **__: object
    ) -> MicrosoftAppCredentials:
        """Those of the app, for what the SDK asks of `oauth_scope`."""
        if not self.app_id:
            return MicrosoftAppCredentials.empty()
        if app_id != self.app_id:
            raise PermissionError("these are the credentials of another app")
        return _Credentials(self.app_id, self.tenant_id, oauth_scope, self._sign_in)


class _Credentials(MicrosoftAppCredentials):  # type: ignore[misc]
    def __init__(self, app: str, tenant: str, scope: str, sign_in: SignIn) -> None:
        super().__init__(app, "", tenant, scope)
        self._sign_in = sign_in

    def get_access_token(self, force_refresh: bool = False) -> str:  # noqa: ARG002 - as the SDK asks
        """Of the scope that was asked for."""
        return self._sign_in.token(self.oauth_scope)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what the SDK raises as Sabio's errors."""
    try:
        yield
    except HttpOperationError as error:
        status = getattr(error.response, "status_code", None) or getattr(error.response, "status", 0)
        said = f"Teams says {status}: {_code(error)}"
        if status == 403 and "ContentStream" in _code(error):
            stopped = "cancel" in _words(error).lower()
            raise (StoppedStreamError if stopped else EndedStreamError)(said) from error
        if status in _UNSUITABLE:
            raise UnsuitableError(said) from error
        if status == 401:
            raise ConfigError(
                "Teams refuses the app, which is signed in: `teams.app_id` must be that of the Azure Bot, and"
                " Teams one of its channels"
            ) from error
        if status in _GONE:
            raise OverError(said) from error
        if status in _LATER:
            raise UnavailableError(said) from error
        raise
    except (ClientRequestError, DeserializationError, TimeoutError, OSError) as error:
        # Also where something between here and Teams answers in its place, with a page that is no JSON.
        raise UnavailableError(f"Teams cannot be reached ({type(error).__name__})") from error


def _code(error: HttpOperationError) -> str:
    return str(getattr(_inner(error), "code", None) or "") or str(error)[:100]


def _words(error: HttpOperationError) -> str:
    return str(getattr(_inner(error), "message", None) or "")


def _inner(error: HttpOperationError) -> Any:
    return getattr(getattr(error, "error", None), "error", None)
