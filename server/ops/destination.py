"""Where a push message may be sent. A subscription is what a browser says, so its address is looked at twice.

It has to be https on the usual port, and every address that its name stands for has to be a public one. The
connection then goes to those very addresses: a name that means something else a moment later changes nothing.
"""

import asyncio
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from httpx2 import URL, InvalidURL

from server.errors import BadRequest

_HOST = re.compile(r"\[?[A-Za-z0-9._:-]+\]?")
_NAT64 = IPv6Network("64:ff9b::/96")


class Refused(BadRequest):
    """The address is not one that messages are sent to."""

    code = "push_address"


@dataclass(frozen=True, slots=True)
class Destination:
    url: URL
    host: str
    """As the certificate names it."""
    origin: str
    addresses: tuple[str, ...]


async def find(endpoint: str, *, local: bool) -> Destination:
    """Raises Refused, and OSError when the name means nothing now.

    ``local`` allows private addresses and other ports, and plain http on this machine.
    """
    try:
        url = URL(endpoint)
        host = url.raw_host.decode()
    except (InvalidURL, ValueError):
        raise Refused("the push address cannot be read") from None
    if not _HOST.fullmatch(host) or url.userinfo:
        raise Refused("this is not the address of a push service")
    if url.scheme != "https" and not (local and url.scheme == "http"):
        raise Refused("the address of a push service starts with https://")
    if url.port not in (None, 443) and not local:
        raise Refused("a push service listens on the usual port")
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    addresses = tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for address in map(ip_address, addresses):
        if not (is_public(address) or local) or (url.scheme == "http" and not address.is_loopback):
            raise Refused("the push address leads into a private network")
    return Destination(url, host, f"{url.scheme}://{url.netloc.decode()}", addresses)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether it is a host on the internet, also where IPv6 only wraps an IPv4 address."""
    if isinstance(address, IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(wrapped)
    return address.is_global and not (address.is_multicast or address.is_reserved)
