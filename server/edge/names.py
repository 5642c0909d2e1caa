"""Which names this server answers to.

A page elsewhere can make its own name stand for an address in your network (DNS rebinding), and would then count as
our own page. It cannot do so with an address, with a name of one word, or below a name that nobody can register.
"""

import re
import socket
from urllib.parse import urlsplit

from server.reach import ANY
from server.settings import Settings

HOST = re.compile(r"(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::[0-9]{1,5})?", re.I)
_OUR_OWN = (".localhost", ".local", ".lan", ".internal", ".home.arpa")
_ADDRESS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_MOST_KNOWN = 256


class Names:
    def __init__(self, settings: Settings) -> None:
        public = urlsplit(settings.public_url or "").hostname
        own = {socket.gethostname().lower(), *settings.hosts, *([public] if public else [])}
        self._any = ANY in own
        self._own = frozenset(own)
        self._known: dict[str, bool] = {}

    def include(self, host: str) -> bool:
        """Whether a request may be for ``host``, as its ``Host`` header has it."""
        if (known := self._known.get(host)) is None:
            known = self._judge(host)
            if len(self._known) < _MOST_KNOWN:
                self._known[host] = known
        return known

    def _judge(self, host: str) -> bool:
        found = HOST.fullmatch(host)
        if found is None:
            return False
        if self._any or found["six"] is not None:
            return True
        name = found["name"].lower()
        return "." not in name or name in self._own or name.endswith(_OUR_OWN) or bool(_ADDRESS.fullmatch(name))


def shown(host: str) -> str:
    """The name to repeat in an answer; of what is none, nothing."""
    found = HOST.fullmatch(host)
    return found["name"].lower() if found and found["name"] and len(host) <= 253 else "that name"
