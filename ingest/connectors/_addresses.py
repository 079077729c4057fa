"""Where a connector's requests may go: to hosts that its source names, at addresses that are meant."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator

from config.errors import ConfigError, UnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What looks like an address of IPv6, and leads to one of IPv4: RFC 6052.
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class Addresses:
    """The hosts of one source. `named` are those that its configuration names, `others` those that its system
    is known to use; `.example.com` stands for all below it."""

    def __init__(self, source: str, named: Iterable[str], others: Iterable[str] = ()) -> None:
        self._source = source
        self._named = frozenset(host.lower() for host in named)
        self._others = tuple(host.lower() for host in others)

    def check(self, host: str) -> None:
        """Raises `ConfigError` for a host that is none of them."""
        if host not in self._named and not any(_is_among(host, one) for one in self._others):
            raise ConfigError(
                f"source {self._source}: it was sent on to {host}, which its configuration does not name;"
                " nothing was asked there"
            )

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses of a host at which it may be asked, of which there is one at least.

        A private address is meant only where the configuration names the host, a loopback or link-local one
        only where it names it as such. The caller connects to what this returns, and asks DNS no more: it
        might say something else then. Raises `ConfigError`, and `UnavailableError` where DNS knows none.
        """
        self.check(host)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UnavailableError(f"source {self._source}: {host} is not known to DNS ({error})") from error
        addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        meant = [one for one in addresses if self._is_meant(host, one)]
        if not meant:
            raise ConfigError(
                f"source {self._source}: {host} leads to {', '.join(addresses)}, an address inside of this"
                " network or machine that its configuration does not name; nothing was asked there"
            )
        return meant

    def _is_meant(self, host: str, address: str) -> bool:
        for one in _all_of(ipaddress.ip_address(address.partition("%")[0])):
            if one.is_global and not one.is_multicast:
                continue
            inside = one.is_loopback or one.is_link_local or one.is_unspecified or one.is_multicast
            if host not in self._named or (inside and not _says(host, one)):
                return False
        return True


def _all_of(address: Address) -> Iterator[Address]:
    """An address, and those that it leads to by way of others."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        yield from filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())))


def _says(host: str, address: Address) -> bool:
    """Whether a name is that address, written out."""
    if address.is_loopback and host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")) == address
    except ValueError:
        return False


def _is_among(host: str, known: str) -> bool:
    return host.endswith(known) if known.startswith(".") else host == known
