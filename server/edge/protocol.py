"""HTTP/1.1 as uvicorn speaks it, with an end to heads that are too large and to clients that are too slow.

One look every few seconds at each connection, and nothing more: no request pays for its own timer.
"""

import asyncio
import json
from collections import Counter
from ipaddress import ip_address
from typing import Any, ClassVar

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.api.security import HEADERS, policy

MAX_HEAD = 64 * 1024
"""Bytes of the request line and all headers."""
MAX_HEADERS = 100
PATIENCE = 10.0
"""Seconds between two looks: what was begun before one and is not over at the next was too slow."""
LEAST = 2_000
"""Bytes of a body that have to come between two looks."""
IDLE = 150
"""Seconds for which a connection is kept for the next request: longer than Caddy (120) and nginx (60) keep theirs, so
that no request of a proxy meets a connection that we are closing."""
STUCK = 6
"""Looks at which nothing of an answer was taken, after which its reader is given up."""

_FIXED = b"".join(
    name.lower().encode() + b": " + value.encode() + b"\r\n"
    for name, value in ({**HEADERS, "Content-Security-Policy": policy(), "Connection": "close"}).items()
)


class Protocol(HttpToolsProtocol):
    """``bounded`` makes the one that a server is started with: its limit, and its own count of connections."""

    most = 1000
    per_address: ClassVar[Counter[str]] = Counter()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._head = 0
        self._in_head = True
        self._received = self._seen = 0
        self._waiting = False
        self._unread, self._stuck = 0, 0
        self._look_at: asyncio.TimerHandle | None = None
        self.per_address[self._address] += 1
        if self._is_one_too_many() and not self._one_made_room():
            self._received = 1  # so that it is told why
            self._end(503, "busy", "this server has as many connections as it can bear: try again in a moment")
        else:
            self._look_at = self.loop.call_later(PATIENCE, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look_at is not None:
            self._look_at.cancel()
        self.per_address[self._address] -= 1
        if not self.per_address[self._address]:
            del self.per_address[self._address]
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._received += len(data)
        if self._in_head:
            self._head += len(data)
        super().data_received(data)
        # What follows a body in pieces is read as headers too, and has no end of its own.
        if (self._in_head and self._head > MAX_HEAD) or len(self.headers or ()) > 2 * MAX_HEADERS:
            self._end(431, "head_too_large", _TOO_LARGE)

    def on_message_begin(self) -> None:
        self._in_head, self._head = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if length > MAX_HEAD or len(self.headers) > MAX_HEADERS:
            self.app = _refuse_head
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._end(400, "bad_request", "the request could not be read")

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > self.most:
            return True
        return self.per_address[self._address] > self.most // 4 and not _is_this_machine(self._address)

    def _one_made_room(self) -> bool:
        """Closes a connection on which nothing goes on, if there is one that counts."""
        alone = len(self.connections) <= self.most
        for other in self.connections:
            if not isinstance(other, Protocol) or (alone and other._address != self._address):
                continue
            if other.timeout_keep_alive_task is not None and not other.transport.is_closing():
                other.transport.close()
                return True
        return False

    def _look(self) -> None:
        """Ends what has not moved since the last look."""
        self._look_at = None
        if self.transport.is_closing():
            return
        receiving = not self._in_head and self.cycle is not None and self.cycle.more_body
        idle = self.timeout_keep_alive_task is not None
        waiting = not idle and not self.flow.read_paused and (self._in_head or receiving)
        slow = self._in_head or self._received - self._seen < LEAST
        if waiting and self._waiting and slow:
            self._end(408, "too_slow", "the request took too long to arrive: send it again")
            return
        self._waiting, self._seen = waiting, self._received
        unread = self.transport.get_write_buffer_size()
        self._stuck = self._stuck + 1 if unread and unread == self._unread else 0
        self._unread = unread
        if self._stuck >= STUCK:
            self.transport.abort()
            return
        self._look_at = self.loop.call_later(PATIENCE, self._look)

    def _end(self, status: int, code: str, message: str) -> None:
        """The last that is said on this connection; to who has not said anything, nothing."""
        running = self.cycle is not None and not self.cycle.response_complete
        if self._received and not (running and self.cycle.response_started):
            body = _body(code, message)
            kind = b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            self.transport.write(STATUS_LINE[status] + kind + _FIXED + b"\r\n" + body)
        if running:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()


def bounded(most: int) -> type[Protocol]:
    """The protocol for a server of at most ``most`` connections."""
    return type("Protocol", (Protocol,), {"most": most, "per_address": Counter()})


_TOO_LARGE = "the headers of this request are too large: delete the cookies of this address and try again"


def _body(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode()


async def _refuse_head(_scope: Scope, _receive: Receive, send: Send) -> None:
    body = _body("head_too_large", _TOO_LARGE)
    fixed: list[Any] = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers = [*fixed, (b"content-length", b"%d" % len(body)), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_this_machine(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True
