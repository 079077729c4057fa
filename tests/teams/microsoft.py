"""What of Microsoft's a bot speaks to, on this machine: sign-in, the keys of Teams, Graph, and Teams itself.

The bot's own code asks for `https://login.microsoftonline.com/…` and so on; in `reached_instead_of_microsoft`
its client takes that to a server here. `Issuer` signs as Teams does.
"""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from botframework.connector.auth import JwtTokenExtractor
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.platforms._teams import authentication, groups, signin

APP = "11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PASSWORD = "s3cret-of-the-app"
ISSUER = "https://api.botframework.com"

Json = dict[str, Any]


@cache
def _private_key(_owner: str, _key: str) -> rsa.RSAPrivateKey:
    """Made once, which takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Issuer:
    """Signs tokens with a key of its own, which it publishes as Microsoft does."""

    def __init__(
        self,
        key: str = "key-1",
        issuer: str = ISSUER,
        endorsements: list[str] | None = None,
        owner: str = "Microsoft",
    ) -> None:
        """An `owner` has one key of a name."""
        self.key, self.issuer = key, issuer
        self.endorsements = ["msteams"] if endorsements is None else endorsements
        self.private = _private_key(owner, key)

    def claims(self, url: str, **changed: Any) -> Json:
        """What a token for the bot says, of an activity from `url`; None takes a claim out."""
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": APP,
            "serviceurl": url,
            "nbf": now - 60,
            "exp": now + 3600,
            **changed,
        }
        return {name: value for name, value in told.items() if value is not None}

    def sign(self, claims: Json, algorithm: str = "RS256", **headers: Any) -> str:
        """A token that says that."""
        said = {name: value for name, value in {"kid": self.key, **headers}.items() if value is not None}
        # Not `jwt.encode`, which makes no token that makes no sense.
        return jwt.PyJWS().encode(json.dumps(claims).encode(), self.private, algorithm, said)

    def token(self, url: str, **changed: Any) -> str:
        """The token that Teams would send with an activity from `url`."""
        return self.sign(self.claims(url, **changed))

    def published(self) -> Json:
        """The public half of its key, as a JWK."""
        numbers = self.private.public_key().public_numbers()
        parts = {"n": _base64(numbers.n), "e": _base64(numbers.e)}
        return {"kty": "RSA", "kid": self.key, "endorsements": self.endorsements, **parts}


def _base64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class Microsoft:
    """A server for all of it. Change its fields to change what it says."""

    def __init__(self) -> None:
        self.issuers = [Issuer()]
        self.tenant, self.password = TENANT, PASSWORD
        self.refusal: Json | None = None
        """What the sign-in says instead of giving a token."""
        self.permitted = True
        """Whether the app may ask Graph who is in which group."""
        self.groups: dict[str, list[Json]] = {}
        self.broken: dict[str, tuple[int, str, str]] = {}
        """Status, media type and body of what is asked of a host, instead of what it would say."""
        self.asked: list[tuple[str, str, Json]] = []
        """Method, host with path, and form or JSON of each request."""
        self.connector: list[tuple[str, str, Json]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _of(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def service_url(self) -> str:
        """Where Teams itself is."""
        return f"{self.url}/teams/"

    def __enter__(self) -> Microsoft:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, body: Json) -> tuple[int, str, str]:
        """What is said to a request."""
        host, _, rest = path.lstrip("/").partition("/")
        self.asked.append((method, f"{host}/{rest}", body))
        if host in self.broken:
            return self.broken[host]
        if host == "teams":
            self.connector.append((method, rest, body))
            return 200, "application/json", json.dumps({"id": f"said-{len(self.connector)}"})
        said = self._said(host, rest, body)
        return said[0], "application/json", json.dumps(said[1])

    def _said(self, host: str, path: str, body: Json) -> tuple[int, Json]:
        base = f"https://{host}/{path.partition('/')[0]}"
        if path.endswith("keys"):
            return 200, {"keys": [issuer.published() for issuer in self.issuers]}
        if path.endswith("openidconfiguration"):
            return 200, {"issuer": ISSUER, "jwks_uri": f"https://{host}/v1/.well-known/keys"}
        if path.endswith("openid-configuration"):
            if f"{self.tenant}/" not in path:
                return 400, {"error": "invalid_tenant", "error_description": "AADSTS90002: no such tenant"}
            made = {
                name: f"{base}/oauth2/v2.0/{name[:-9]}"
                for name in ("authorization_endpoint", "token_endpoint")
            }
            return 200, {"issuer": f"{base}/v2.0", **made}
        if path.endswith("oauth2/v2.0/token"):
            return self._token(body)
        if host.startswith(("graph.", "dod-graph.")):
            if not self.permitted:
                return 403, {"error": {"code": "Authorization_RequestDenied"}}
            return 200, {"value": self.groups.get(path.split("/")[2], [])}
        return 404, {}

    def _token(self, body: Json) -> tuple[int, Json]:
        if self.refusal is not None:
            return 401, self.refusal
        if body.get("client_secret") != self.password:
            told = "AADSTS7000215: Invalid client secret provided."
            return 401, {"error": "invalid_client", "error_description": told, "error_codes": [7000215]}
        return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": f"for {body['scope']}"}


def _of(microsoft: Microsoft) -> type[BaseHTTPRequestHandler]:
    class Request(BaseHTTPRequestHandler):
        def _take(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if "json" in self.headers.get("Content-Type", ""):
                body = json.loads(raw or "{}")
            else:
                body = {name: values[0] for name, values in parse_qs(raw).items()}
            if "Authorization" in self.headers:
                body["_authorization"] = self.headers["Authorization"]
            status, media, text = microsoft.answer(self.command, urlsplit(self.path).path, body)
            self.send_response_only(status)
            self.send_header("Content-Type", media)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _take

        def log_message(self, *_: object) -> None:
            pass

    return Request


class _Here(httpx.HTTPTransport):
    """Takes what is meant for the internet to a server on this machine."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = httpx.URL(url)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        asked = request.url
        if asked.scheme == "https":
            path = f"/{asked.host}{asked.raw_path.decode()}".encode()
            request.url = self._url.copy_with(raw_path=path)
        return super().handle_request(request)


@contextmanager
def reached_instead_of_microsoft(microsoft: Microsoft) -> Iterator[None]:
    """Let the bot speak to that, and know no keys from before."""
    modules, before = (signin, authentication, groups), signin.open_client
    kept = dict(JwtTokenExtractor.metadataCache)
    JwtTokenExtractor.metadataCache.clear()
    for module in modules:
        module.open_client = lambda: httpx.Client(transport=_Here(microsoft.url), timeout=5)
    try:
        yield
    finally:
        for module in modules:
            module.open_client = before
        JwtTokenExtractor.metadataCache.clear()
        JwtTokenExtractor.metadataCache.update(kept)
