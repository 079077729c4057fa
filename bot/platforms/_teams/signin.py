"""Signing in to Microsoft as the bot: where its services are, and a token for each of them."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import msal
from msal.exceptions import MsalServiceError

from config.chat import TeamsSettings
from config.errors import ConfigError, UnavailableError

PATIENCE = 8.0
"""Seconds for one request to Microsoft's services."""
_EARLY = 300.0
"""Seconds before a token ends, from which on another one is got."""


@dataclass(frozen=True)
class Cloud:
    """Where one of Microsoft's clouds has what a bot needs."""

    login: str
    graph: str
    bots: str
    """What a token for Teams is for, and who signs what comes from there."""
    keys: str
    """The OpenID document that names the keys of what comes from Teams."""
    channel_service: str | None = None
    """How Microsoft's SDK names the cloud."""


# https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication and
# https://learn.microsoft.com/azure/bot-service/how-to-deploy-gov-cloud-high;
# Graph: https://learn.microsoft.com/graph/deployments
_PUBLIC = Cloud(
    login="https://login.microsoftonline.com",
    graph="https://graph.microsoft.com",
    bots="https://api.botframework.com",
    keys="https://login.botframework.com/v1/.well-known/openidconfiguration",
)
_GOVERNMENT = Cloud(
    login="https://login.microsoftonline.us",
    graph="https://graph.microsoft.us",
    bots="https://api.botframework.us",
    keys="https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    channel_service="https://botframework.azure.us",
)
CLOUDS = {
    "public": _PUBLIC,
    "government": _GOVERNMENT,
    "dod": Cloud(
        _GOVERNMENT.login,
        "https://dod-graph.microsoft.us",
        _GOVERNMENT.bots,
        _GOVERNMENT.keys,
        _GOVERNMENT.channel_service,
    ),
}

# https://learn.microsoft.com/entra/identity-platform/reference-error-codes, which says that they may change:
# nothing depends on them but how well it is said what is wrong.
_REASONS = {
    7000215: "TEAMS_APP_PASSWORD is no client secret of the app `teams.app_id`; set the secret's value, which"
    " Entra shows once, not its id",
    7000222: "the client secret in TEAMS_APP_PASSWORD has expired; make a new one in Entra",
    700016: "the app `teams.app_id` is not in the tenant `teams.tenant_id`",
    90002: "there is no tenant `teams.tenant_id`, or it is in another cloud (`teams.cloud`)",
    900382: "the tenant `teams.tenant_id` is in another cloud; see `teams.cloud`",
    7000112: "the app `teams.app_id` is disabled in Entra",
    7000229: "the app `teams.app_id` has no service principal in the tenant `teams.tenant_id`",
}


def open_client() -> httpx.Client:
    """What asks Microsoft's services."""
    return httpx.Client(timeout=PATIENCE)


class SignIn:
    """Gets tokens by the app's secret, and keeps each until shortly before its end. Thread-safe."""

    def __init__(self, settings: TeamsSettings, client: httpx.Client | None = None) -> None:
        self.cloud = CLOUDS[settings.cloud]
        self._settings = settings
        self._client = client or open_client()
        # MSAL would take a tenant that it is told to come back for later for one that there is not.
        self._client.event_hooks = {"response": [_refuse_later]}
        self._app: Any = None
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, str]] = {}

    def token(self, service: str) -> str:
        """A token for a service, as `cloud.bots`. Raises `ConfigError`, naming the setting that is wrong, and
        `UnavailableError`."""
        if found := self._kept(service):
            return found
        with self._lock:
            if found := self._kept(service):
                return found
            said = self._ask(service)
            token = str(said["access_token"])
            self._tokens[service] = (time.monotonic() + float(said.get("expires_in", 0)) - _EARLY, token)
            return token

    def _kept(self, service: str) -> str | None:
        end, token = self._tokens.get(service, (0.0, ""))
        return token if end > time.monotonic() else None

    def _ask(self, service: str) -> Mapping[str, Any]:
        try:
            if self._app is None:
                self._app = self._open()
            said: Mapping[str, Any] = self._app.acquire_token_for_client(scopes=[f"{service}/.default"])
        except (httpx.HTTPError, MsalServiceError, json.JSONDecodeError) as error:
            raise UnavailableError(
                f"Microsoft's sign-in cannot be reached at {self.cloud.login} ({type(error).__name__})"
            ) from error
        if "access_token" not in said:
            raise ConfigError(_reason(said))
        return said

    def _open(self) -> Any:
        try:
            return msal.ConfidentialClientApplication(
                self._settings.app_id,
                authority=f"{self.cloud.login}/{self._settings.tenant_id}",
                client_credential=self._settings.app_password,
                http_client=self._client,
                instance_discovery=False,  # its hosts are known
            )
        except ValueError as error:  # how MSAL says that the tenant's own description is not there
            if isinstance(error.__context__, json.JSONDecodeError):  # or that something else was there
                raise error.__context__ from error
            raise ConfigError(f"Microsoft refuses the sign-in: {_REASONS[90002]}") from error


def _refuse_later(response: httpx.Response) -> None:
    if response.status_code in (408, 429):
        response.raise_for_status()


def _reason(said: Mapping[str, Any]) -> str:
    """What is wrong, in words; what Entra says itself is not passed on, but for its number."""
    numbers = [int(one) for one in re.findall(r"AADSTS(\d+)", str(said.get("error_description") or ""))]
    numbers += [one for one in said.get("error_codes") or () if isinstance(one, int)]
    for number in numbers:
        if number in _REASONS:
            return f"Microsoft refuses the sign-in: {_REASONS[number]}"
    told = f"AADSTS{numbers[0]}" if numbers else str(said.get("error"))[:60]
    settings = "`teams.app_id`, `teams.tenant_id` and TEAMS_APP_PASSWORD"
    return f"Microsoft refuses the sign-in ({told}): see {settings}"
