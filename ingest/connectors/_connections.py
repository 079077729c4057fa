"""Connections to the hosts of one source, each to an address that was looked at before."""

from __future__ import annotations

import ssl
import threading
import time
import weakref
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import certifi
import httpx

from config.patience import bounded_client
from ingest.connectors._addresses import Addresses

_SILENCE, _WHOLE = 30.0, 300.0
"""Seconds for each byte of a reply, and for all of it."""
_KEPT = 60.0
"""Seconds for which an address is not looked up again."""
_PROXY = "a proxy"


class Connections:
    """Kept open between requests, and closed with this. Thread-safe."""

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses
        self._turn = threading.Lock()
        self._known: dict[str, tuple[float, str]] = {}
        self._clients: dict[str, httpx.Client] = {}
        weakref.finalize(self, _close, self._clients)

    def send(self, method: str, url: str, headers: Mapping[str, str], **sent: Any) -> httpx.Response:
        """The reply to a request, to be read and closed; redirects are not followed. Raises what
        `Addresses.resolve` raises, and `httpx.TransportError`."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme in getproxies() and not proxy_bypass(host):
            client, address = self._client(_PROXY), httpx.URL(url)  # which looks up the name itself
        else:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            client, address = self._client(host), httpx.URL(url).copy_with(host=self._address(host, port))
            headers = {**headers, "Host": parts.netloc.rpartition("@")[2]}
            sent["extensions"] = {"sni_hostname": host}
        request = client.build_request(method, address, headers=headers, **sent)
        try:
            return client.send(request, stream=True)
        except httpx.ConnectError:
            self._known.pop(host, None)  # another of its addresses may answer
            raise

    def _address(self, host: str, port: int) -> str:
        moment, known = self._known.get(host, (0.0, ""))
        if moment < time.monotonic() - _KEPT or not known:
            found = self._addresses.resolve(host, port)
            known = known if known in found else found[0]  # where a session was begun
            self._known[host] = (time.monotonic(), known)
        return known

    def _client(self, host: str) -> httpx.Client:
        # One for each host: a connection is to an address, and must not serve another host at the same.
        with self._turn:
            if host not in self._clients:
                self._clients[host] = bounded_client(
                    _SILENCE, _WHOLE, trust_env=host == _PROXY, verify=_certificates()
                )
            return self._clients[host]


def _close(clients: Mapping[str, httpx.Client]) -> None:
    for client in clients.values():
        client.close()


@cache
def _certificates() -> ssl.SSLContext:
    """The authorities that this machine trusts, a company's own among them, and the usual ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
