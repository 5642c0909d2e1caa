"""Who asks, when a proxy asks for them: ``X-Forwarded-For`` and ``-Proto``, believed from configured proxies only."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from starlette.types import Scope

from server.reach import PRIVATE
from server.settings import Settings

_MOST_KNOWN = 1024


class Proxies:
    def __init__(self, settings: Settings) -> None:
        self._private = PRIVATE in settings.trusted_proxies
        named = [ip_network(each) for each in settings.trusted_proxies if each != PRIVATE]
        self._networks: list[IPv4Network | IPv6Network] = named
        self._known: dict[str, bool] = {}

    def include(self, address: str) -> bool:
        """Whether what somebody at ``address`` says of others is believed."""
        if not (self._private or self._networks):
            return False
        if (known := self._known.get(address)) is None:
            known = self._is_named(address) or (self._private and _is_inside(address))
            if len(self._known) < _MOST_KNOWN:
                self._known[address] = known
        return known

    def apply(self, scope: Scope) -> None:
        """Puts the person's address and scheme in the place of the proxy's, whose address is kept in the state."""
        peer = scope.get("client")
        if peer is None or not self.include(peer[0]):
            return
        scope.setdefault("state", {})["proxy"] = peer[0]
        scheme: str | None = None
        hops: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                hops += value.decode("latin-1").split(",")
            elif name == b"x-forwarded-proto":
                scheme = value.decode("latin-1").rpartition(",")[2].strip().lower()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme
        if (client := self._client(hops)) is not None:
            scope["client"] = (client, 0)

    def _client(self, hops: list[str]) -> str | None:
        """The nearest address that is no proxy's. Each proxy adds whom it heard, at the end.

        Whom the word ``private`` covers may be a person as well: beyond them nothing is believed.
        """
        found = None
        for hop in reversed(hops):
            address = _address(hop.strip())
            if address is None:
                break
            found = address
            if not self._is_named(address):
                break
        return found

    def _is_named(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _address(hop: str) -> str | None:
    """With or without a port, IPv6 in brackets or not."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    parsed = _parsed(hop)
    return None if parsed is None else str(parsed)


def _is_inside(address: str) -> bool:
    parsed = _parsed(address)
    return parsed is not None and not parsed.is_global and not parsed.is_multicast


def _parsed(address: str) -> Any:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed
