"""Who asks Microsoft: an application of Entra ID, the tokens it is given, and what Graph says when it
refuses."""

from __future__ import annotations

import base64
import random
import re
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from config.errors import ConfigError, UnavailableError
from ingest.connectors._http import PATIENCE, TRIES, Home, Http
from ingest.connectors._tokens import RefusedError, Token

_EARLY = 300.0
"""Seconds before its end from which a token is not used any more."""
_LIFE = 600
"""Seconds that a signed request for a token is good for."""
_REFUSALS = frozenset({400, 401, 403, 404, 409, 410, 423})
_PASSING = frozenset({429, 500, 502, 503, 504, 509})
"""What a part of a batch may be answered with that passes; 509 is too much at once as well:
https://learn.microsoft.com/en-us/graph/errors."""
AT_ONCE = 20
"""Requests in one batch: https://learn.microsoft.com/en-us/graph/json-batching."""
_DOWNLOADS = (
    ".sharepoint.com",
    ".sharepoint.us",
    ".sharepoint-mil.us",
    ".sharepoint.cn",
    ".1drv.com",
)
"""Where bodies are kept, in Microsoft's clouds."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Application:
    """An application of Entra ID, which proves that it is one by a secret or by a certificate."""

    source: str
    login_url: str
    tenant: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: Path | None = None

    @property
    def options(self) -> str:
        """The options that say who asks, for errors."""
        return f"`tenant`, `client_id` and `{'certificate' if self.certificate else 'client_secret'}`"

    @property
    def address(self) -> str:
        """Where its tokens are asked for."""
        base = self.login_url if self.login_url.endswith("/") else f"{self.login_url}/"
        return f"{base}{self.tenant}/oauth2/v2.0/token"

    def proof(self) -> Json:
        """What is sent with a request to prove who it is. Raises `ConfigError` for a certificate that is
        none."""
        if self.certificate is None:
            return {"client_secret": self.secret}
        return {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._signed(self.certificate),
        }

    def _signed(self, path: Path) -> str:
        """https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials"""
        import jwt
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        where = f"source {self.source}: certificate: {path}"
        try:
            text = path.read_bytes()
            print_ = x509.load_pem_x509_certificate(text).fingerprint(SHA256())
            key: Any = load_pem_private_key(text, None)
        except OSError as error:
            raise ConfigError(f"{where} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError):
            raise ConfigError(
                f"{where} has to hold a private key without a password, and its certificate, as PEM"
            ) from None
        now = int(time.time())
        claims = {
            "aud": self.address,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": str(uuid.uuid4()),
            "nbf": now - 60,
            "exp": now + _LIFE,
        }
        thumbprint = base64.urlsafe_b64encode(print_).decode().rstrip("=")
        return jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})


class Tokens:
    """Asks for the tokens for one of Microsoft's interfaces. Thread-safe."""

    def __init__(self, application: Application, resource: str) -> None:
        """`resource` is the interface's address without a path."""
        self._application, self._scope = application, f"{resource}/.default"
        self._http = Http(
            Home(
                application.source,
                application.address,
                option="login_url",
                credentials=application.options,
                secrets=(application.secret,) if application.secret else (),
                throttled=look_at,
            )
        )

    def ask(self) -> tuple[str, float]:
        """A token, and until when by `time.monotonic` it is used. Raises as `Http.ask`.
        https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow"""
        who, began = self._application, time.monotonic()
        grant = {"grant_type": "client_credentials", "client_id": who.client_id, "scope": self._scope}
        try:
            said = self._http.json(method="POST", data=grant | who.proof())
        except RefusedError as error:
            raise ConfigError(
                f"source {who.source}: Microsoft does not let the application in ({error}); look at"
                f" {who.options}"
            ) from error
        token = said.get("access_token") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise ConfigError(f"source {who.source}: what answers gives no token; look at `login_url`")
        return token, began + float(said.get("expires_in") or 3600) - _EARLY


class Interface:
    """One of Microsoft's interfaces, asked as the application. Thread-safe."""

    def __init__(self, application: Application, url: str, option: str) -> None:
        """Raises `ConfigError` for an address that is none. `option` says where it is."""
        self._source, self._option = application.source, option
        self._url = url if url.endswith("/") else f"{url}/"
        self._http = Http(
            Home(
                application.source,
                self._url,
                option=option,
                credentials=application.options,
                others=_DOWNLOADS,
                throttled=look_at,
            )
        )
        self._origin = _origin(self._url)
        self._token = Token(Tokens(application, self._origin).ask)

    def json(self, path: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> Json:
        """What it says to a request. Raises `RefusedError`, and as `Http.json`."""
        said = self._token.use(lambda own: self._http.json(path, headers={**(headers or {}), **own}, **sent))
        if not isinstance(said, dict):
            raise self._strange("something else than an object of JSON")
        return said

    def download(self, path: str, limit: int) -> bytes | None:
        """A body, or None where it is larger than `limit` bytes. Raises `RefusedError`, and as
        `Http.download`."""
        return self._token.use(lambda own: self._http.download(path, limit, headers=own))

    def pages(self, path: str, *, headers: Mapping[str, str] | None = None, **sent: Any) -> Iterator[Json]:
        """The pages of a listing, each as it comes. Raises as `json`, and as `Http.pages`."""

        def ask(link: str | None) -> tuple[Json, str | None]:
            said = (
                self.json(self.own(link), headers=headers)
                if link
                else self.json(path, headers=headers, **sent)
            )
            if not isinstance(said.get("value"), list):
                raise self._strange("a listing without a `value`")
            return said, said.get("@odata.nextLink")

        return self._http.pages(ask)

    def values(self, path: str, **sent: Any) -> Iterator[Json]:
        """All that a listing holds. Raises as `pages`."""
        for page in self.pages(path, **sent):
            yield from page["value"]

    def batch(self, paths: Sequence[str]) -> Iterator[Json | RefusedError]:
        """What it says to each of some requests, which are sent together, in their order. Raises as
        `json`."""
        for start in range(0, len(paths), AT_ONCE):
            some = paths[start : start + AT_ONCE]
            found: dict[str, Json | RefusedError] = {}
            until, attempt = time.monotonic() + PATIENCE, 0
            while left := [path for path in some if path not in found]:
                wait = self._ask_together(left, found)
                attempt += 1
                pause = random.uniform(0.5, 1.0) * 2.0**attempt if wait is None else wait  # noqa: S311 - no secret
                if len(found) == len(set(some)):
                    break
                if attempt == TRIES or time.monotonic() + pause > until:
                    raise UnavailableError(
                        f"source {self._source}: Graph answers too few parts of a batch; the next sync"
                        " tries again",
                        wait,
                    )
                time.sleep(pause)
            yield from (found[path] for path in some)

    def own(self, link: str) -> str:
        """A link that it gave, again. Raises `ConfigError` for one to elsewhere, which gets no token."""
        if _origin(link) != self._origin:
            raise self._strange(f"a link to {urlsplit(link).hostname or 'nowhere'}")
        return link

    def _ask_together(self, paths: Sequence[str], found: dict[str, Json | RefusedError]) -> float | None:
        """Put into `found` what was answered for good; returns the seconds that the others ask for."""
        numbered = {str(number): path for number, path in enumerate(dict.fromkeys(paths))}
        asked = [{"id": number, "method": "GET", "url": f"/{path}"} for number, path in numbered.items()]
        said = self.json("$batch", method="POST", json={"requests": asked})
        waits: list[float] = []
        for one in said.get("responses") or ():
            path, status = numbered[str(one["id"])], int(one["status"])
            headers = httpx.Headers(
                {str(name): str(value) for name, value in (one.get("headers") or {}).items()}
            )
            body = one.get("body")
            if status < 400:
                found[path] = body if isinstance(body, dict) else {}
            elif status in _PASSING:
                after = headers.get("retry-after", "")
                waits += [float(after)] if after.isdecimal() else []
            else:
                found[path] = _refusal(status, body)
        return max(waits, default=None)

    def _strange(self, what: str) -> ConfigError:
        return ConfigError(
            f"source {self._source}: Graph is expected to answer, and {what} came; look at `{self._option}`"
        )


_CODE = re.compile(r"[\w.]{1,80}")
"""What is shown to people of an error: what is no such word may say again what was sent."""


def look_at(reply: httpx.Response) -> bool:
    """Whether a reply means that it was too much at once. Raises `RefusedError` for one that is final."""
    if reply.status_code in _REFUSALS:
        reply.read()
        try:
            said = reply.json()
        except ValueError:
            said = None
        raise _refusal(reply.status_code, said)
    return reply.status_code == 509


def _refusal(status: int, said: object) -> RefusedError:
    """A refusal with Microsoft's code, as `itemNotFound`."""
    return RefusedError(status, f"{status} {_code(said) or 'without a reason'}")


def _code(said: object) -> str:
    """The code of an error: https://learn.microsoft.com/en-us/graph/errors, and of one of
    Entra's: https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes."""
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str) and _CODE.fullmatch(error):
        words = str(said.get("error_description") or "") if isinstance(said, dict) else ""
        number = words.partition(":")[0]
        return f"{error} {number}" if number.startswith("AADSTS") else error
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    return code if _CODE.fullmatch(code) else ""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
