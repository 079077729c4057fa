"""Whose requests are believed: what Teams itself has signed for this bot, of the one tenant that it serves.

The signature, its age, whom it is for and the address that replies go to are checked by Microsoft's SDK. Here
stands what the SDK leaves open: it lets in its emulator and other bots, takes a token that never ends, an
activity without an address, and any channel; nothing else can be done while it waits for Microsoft's keys,
and it does not look for new ones when they were changed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from botbuilder.schema import Activity
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ChannelValidation,
    GovernmentChannelValidation,
    JwtTokenExtractor,
)
from msrest.exceptions import DeserializationError  # type: ignore[attr-defined]

from bot.platforms._teams.signin import Cloud, open_client
from config.chat import TeamsSettings
from config.errors import UnavailableError

CHANNEL = "msteams"
_DAY = 24 * 3600.0
_SOONEST = 300.0
"""Seconds between two looks for a key that is not known, so that forgers cannot make us ask all day."""
_AFTER_FAILURE = 5.0
_PATIENCE = 9.0
"""Seconds for a check: Teams waits for fifteen."""

log = logging.getLogger("bot")


class RefusedError(Exception):
    """Teams has not sent it, or not for us. `status`: what it is answered with."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Keys:
    """Microsoft's keys for what comes from Teams, as its SDK asks for them.

    A key that is not known is looked for again, for Microsoft changes them as it likes.
    """

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.url = url
        self._client = client or open_client()
        self._keys: dict[str, SimpleNamespace] = {}
        self._read_at = self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    async def get(self, key: object) -> SimpleNamespace:
        """A key by its id, with the channels that it signs for. Raises `PermissionError` where there is no
        such key, and `UnavailableError`."""
        async with self._lock:
            age = time.monotonic() - self._read_at
            if age > _DAY or (age > _SOONEST and key not in self._keys):
                await self._read()
        if not isinstance(key, str) or key not in self._keys:
            raise PermissionError("it is signed with no key of Microsoft's")
        return self._keys[key]

    async def _read(self) -> None:
        if time.monotonic() - self._failed_at < _AFTER_FAILURE:
            raise UnavailableError("Microsoft's keys cannot be had")
        try:
            self._keys = await asyncio.to_thread(self._load)
        except (
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
            LookupError,
            TypeError,
            jwt.PyJWTError,
        ) as error:
            self._failed_at = time.monotonic()
            raise UnavailableError(f"Microsoft's keys cannot be had ({type(error).__name__})") from error
        self._read_at = time.monotonic()

    def _load(self) -> dict[str, SimpleNamespace]:
        address = self._client.get(self.url).raise_for_status().json()["jwks_uri"]
        told = self._client.get(address).raise_for_status().json()["keys"]
        return {
            one["kid"]: SimpleNamespace(
                public_key=jwt.PyJWK(one, algorithm="RS256").key, endorsements=one.get("endorsements", [])
            )
            for one in told
            if one.get("kty") == "RSA" and "kid" in one
        }


class Authentication:
    """Tells what Teams has sent from what others have."""

    def __init__(self, settings: TeamsSettings, cloud: Cloud, sdk: BotFrameworkAuthentication) -> None:
        self._settings, self._cloud, self._sdk = settings, cloud, sdk
        url = (
            GovernmentChannelValidation.OPEN_ID_METADATA_ENDPOINT
            if cloud.channel_service
            else ChannelValidation.open_id_metadata_endpoint
        ) or cloud.keys
        kept = JwtTokenExtractor.metadataCache
        if isinstance(kept.get(url), Keys | None):  # those of another connection live in another loop
            kept[url] = Keys(url)

    async def believe(
        self, header: str, body: Mapping[str, Any]
    ) -> tuple[AuthenticateRequestResult, Activity]:
        """Who has sent what. Raises `RefusedError`, and `UnavailableError` where nobody can tell now."""
        self._check_claims(header, body)
        claimed = Activity(
            type=body.get("type"), channel_id=body.get("channelId"), service_url=body.get("serviceUrl")
        )
        try:
            believed = await asyncio.wait_for(self._sdk.authenticate_request(claimed, header), _PATIENCE)
        except (UnavailableError, TimeoutError) as error:
            raise UnavailableError("a request from Teams could not be checked") from error
        except Exception as error:  # the SDK raises whatever it stumbles over in a forged token
            raise RefusedError(401, f"its token is not Teams': {error}") from error
        if body.get("channelId") != CHANNEL:  # as the web chat that Azure adds to every bot
            raise RefusedError(403, f"it is of the channel {str(body.get('channelId'))[:40]!r}")
        activity = _read(body)
        if not self._settings.development and _tenants(body) != {self._settings.tenant_id}:
            raise RefusedError(403, "it is of another tenant")
        return believed, activity

    def _check_claims(self, header: str, body: Mapping[str, Any]) -> None:
        """What can be said before any signature is looked at."""
        address = body.get("serviceUrl")
        if self._settings.development:
            if header:
                raise RefusedError(401, "development takes no tokens")
            if not isinstance(address, str) or not is_loopback(_host(address)):
                raise RefusedError(403, "development answers to this machine only")
            return
        try:
            scheme, token = header.split(" ")
            claims = jwt.decode(token, options={"verify_signature": False})
        except (ValueError, jwt.PyJWTError) as error:
            raise RefusedError(401, "there is no token that can be read") from error
        if scheme != "Bearer" or claims.get("iss") != self._cloud.bots:
            raise RefusedError(401, "its token is of somebody else, as an emulator or another bot")
        if not isinstance(claims.get("exp"), int | float):
            raise RefusedError(401, "its token has no end")
        if not isinstance(address, str) or not address:
            raise RefusedError(401, "nothing says where replies go, so no token can vouch for it")


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _read(body: Mapping[str, Any]) -> Activity:
    """An activity with all that every activity of Teams has."""
    data = body.get("channelData") or {}
    parts = [body.get(name) for name in ("conversation", "from", "recipient")]
    optional = [data.get(name) or {} for name in ("tenant", "team")] if isinstance(data, Mapping) else [data]
    whole = (
        all(isinstance(body.get(name), str) and body[name] for name in ("type", "id"))
        and all(isinstance(one, Mapping) and isinstance(one.get("id"), str) and one["id"] for one in parts)
        and all(isinstance(one, Mapping) for one in (data, *optional))
    )
    if not whole:
        raise RefusedError(400, "this is no activity of Teams")
    try:
        activity: Activity = Activity().deserialize(dict(body))
    except (DeserializationError, AttributeError, TypeError, ValueError) as error:
        raise RefusedError(400, "this is no activity of Teams") from error
    return activity


def _tenants(body: Mapping[str, Any]) -> set[str]:
    """The tenants that an activity says to be of."""
    told = [
        body["conversation"].get("tenantId"),
        ((body.get("channelData") or {}).get("tenant") or {}).get("id"),
    ]
    return {str(one).lower() for one in told if one is not None}
