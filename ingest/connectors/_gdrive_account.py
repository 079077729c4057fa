"""Who asks Google: a service account, the tokens that it is given, and what Google says when it refuses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from config.errors import ConfigError, UnavailableError
from config.secrets import mask
from ingest.connectors import _tokens
from ingest.connectors._http import Home, Http
from ingest.connectors._tokens import Token

DRIVE = "https://www.googleapis.com/auth/drive.readonly"
MEMBERS = "https://www.googleapis.com/auth/admin.directory.group.member.readonly"
"""The scopes that are asked for, each by a token of its own: a company may grant one without the other."""

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whom the request is for, always, also where the key's file has an older address."""
_LIFE = 3600
"""Seconds that a signed request for a token is good for; Google allows no more."""
_EARLY = 60.0
"""Seconds before its end from which a token is not used any more."""
_KEPT_BY = ("client_email", "private_key", "token_uri")

# https://developers.google.com/workspace/drive/api/guides/handle-errors, and of the directory
# https://developers.google.com/workspace/admin/directory/v1/limits
_TOO_MUCH = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})
_TOMORROW = "dailyLimitExceeded"
_REFUSALS = frozenset({400, 401, 403, 410})

_ADVICE = {
    "accessNotConfigured": "enable the Google Drive API in the Cloud project of `credentials`",
    "insufficientPermissions": f"grant the scope {DRIVE} to the account of `credentials`",
    "unauthorized_client": "look at `credentials` and `subject`: has the domain's administrator delegated the"
    f" scope {DRIVE} to the account's client id?",
    "invalid_grant": "look at `credentials` and `subject`: are that key and that person still there, and is"
    " the clock of this machine right?",
}

Json = dict[str, Any]


class RefusedError(_tokens.RefusedError):
    """Google understood, and will not: with the reason, as `notFound`, and its words for people."""

    def __init__(self, status: int, reason: str, words: str) -> None:
        super().__init__(status, f"{words or 'no reason given'} ({f'{status} {reason}'.strip()})")
        self.reason = reason


@dataclass(frozen=True)
class Key:
    """A service account's key, as its file holds it."""

    email: str
    token_uri: str
    id: str | None
    secret: str = field(repr=False)

    @classmethod
    def read(cls, source: str, path: Path) -> Key:
        """Raises `ConfigError` for a file that is none."""
        where = f"source {source}: credentials: {path}"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{where} cannot be read: {error.strerror}") from error
        except ValueError:
            raise ConfigError(f"{where} is not the JSON file of a service account's key") from None
        if not isinstance(said, dict) or not all(isinstance(said.get(one), str) for one in _KEPT_BY):
            raise ConfigError(
                f"{where} is not the key of a service account, with {', '.join(_KEPT_BY)}; make one in the"
                " Google Cloud console, at IAM > Service accounts > Keys"
            )
        return cls(said["client_email"], said["token_uri"], said.get("private_key_id"), said["private_key"])


@lru_cache(maxsize=8)
def _opened(secret: str) -> Any:
    """A private key, ready to sign with; raises `ValueError` where it is none. It is kept, since opening it
    checks its numbers, for tens of milliseconds."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(secret.encode(), None)


class Tokens:
    """Asks for the tokens of an account, one for each scope. Thread-safe."""

    def __init__(self, source: str, key: Key, subject: str | None) -> None:
        self._source, self._key, self._subject = source, key, subject
        self._http = Http(
            Home(
                source,
                key.token_uri,
                option="credentials",
                credentials="`credentials`",
                secrets=(key.secret,),
                throttled=look_at,
            )
        )

    def ask(self, scope: str) -> tuple[str, float]:
        """A token, and until when by `time.monotonic` it is used. Raises `RefusedError` where Google gives
        none, and as `Http.ask`. https://developers.google.com/identity/protocols/oauth2/service-account#httprest
        """
        began = time.monotonic()
        grant = {
            "grant_type": _GRANT,
            "assertion": self._signed(scope),
        }
        said = self._http.json(method="POST", data=grant)
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise ConfigError(
                f"source {self._source}: {self._key.token_uri} gives no token; look at `credentials`: is its"
                " `token_uri` right?"
            )
        return token, began + float(said.get("expires_in") or _LIFE) - _EARLY

    def _signed(self, scope: str) -> str:
        import jwt

        now = int(time.time())
        claims: Json = {"iss": self._key.email, "scope": scope, "aud": _AUDIENCE}
        claims |= {"iat": now, "exp": now + _LIFE} | ({"sub": self._subject} if self._subject else {})
        headers = {"kid": self._key.id} if self._key.id else None
        try:
            return jwt.encode(claims, _opened(self._key.secret), algorithm="RS256", headers=headers)
        except (ValueError, TypeError, jwt.PyJWTError):
            raise ConfigError(
                f"source {self._source}: credentials: its `private_key` is no RSA key; is the file whole?"
            ) from None


class Google:
    """One interface of Google's, asked as the account. Thread-safe."""

    def __init__(self, source: str, url: str, option: str, tokens: Tokens, scope: str) -> None:
        self._source, self._option = source, option
        self._token = Token(lambda: tokens.ask(scope))
        self._http = Http(
            Home(
                source,
                url if url.endswith("/") else f"{url}/",
                option=option,
                credentials="`credentials` and `subject`",
                others=(".googleusercontent.com",),
                throttled=look_at,
            )
        )

    def json(self, path: str, params: Mapping[str, Any]) -> Json:
        """What it says. Raises `RefusedError`, and as `Http.json`."""
        said = self._token.use(lambda own: self._http.json(path, params=_given(params), headers=own))
        if not isinstance(said, dict):
            raise ConfigError(f"source {self._source}: what answers is not Google; look at `{self._option}`")
        return said

    def download(self, path: str, limit: int, params: Mapping[str, Any]) -> bytes | None:
        """A body. Raises `RefusedError`, and as `Http.download`."""
        return self._token.use(
            lambda own: self._http.download(path, limit, params=_given(params), headers=own)
        )

    def pages(self, path: str, params: Mapping[str, Any]) -> Iterator[Json]:
        """The pages of a listing, each as it comes. Raises as `json`, and as `Http.pages`."""

        def ask(token: str | None) -> tuple[Json, str | None]:
            said = self.json(path, {**params, **({"pageToken": token} if token else {})})
            return said, said.get("nextPageToken")

        return self._http.pages(ask)


def explained(source: str, error: RefusedError) -> ConfigError | UnavailableError:
    """A refusal as what is to be done about it."""
    said = f"source {source}: Google refuses: {error}"
    if error.reason == _TOMORROW:
        return UnavailableError(f"{said}; the next sync tries again")
    return ConfigError(f"{said}; {_ADVICE.get(error.reason, 'look at `credentials` and `subject`')}")


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as Google spells their values."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in params.items()}


def quoted(part: str) -> str:
    """An id as a part of a path."""
    return quote(part, safe="")


def look_at(reply: httpx.Response) -> bool:
    """Whether a reply means that it was too much at once. Raises `RefusedError` for one that is final, which
    only the body tells: https://developers.google.com/workspace/drive/api/guides/handle-errors"""
    if reply.status_code not in _REFUSALS:
        return False
    reply.read()
    reason, words = _reason(reply)
    if reply.status_code == 403 and reason in _TOO_MUCH:
        return True
    raise RefusedError(reply.status_code, reason, words)


_CODE = re.compile(r"[\w.-]{1,80}")
_JWT = re.compile(r"[\w-]{16,}\.[\w-]{16,}\.[\w-]{16,}")


def _reason(reply: httpx.Response) -> tuple[str, str]:
    try:
        said = reply.json()
    except ValueError:
        return "", ""
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str):  # as OAuth 2.0 says it, RFC 6749, section 5.2
        code, words = error, said.get("error_description")
    elif isinstance(error, dict):
        [first, *_] = error.get("errors") or [{}]
        code, words = str(first.get("reason") or error.get("status") or ""), error.get("message")
    else:
        return "", ""
    # What is no word may say again what was sent, as words may.
    return code if _CODE.fullmatch(code) else "", _JWT.sub("…", mask(str(words or ""), ()))
