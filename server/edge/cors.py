"""Web pages elsewhere that may use the gateway, with a key of their own: configured origins, and never with cookies."""

import re

from starlette.types import Message, Scope, Send

from server.reach import ANY

_TOKENS = re.compile(rb"[A-Za-z0-9-]{1,64}(\s*,\s*[A-Za-z0-9-]{1,64}){0,63}")
_EXPOSED = b"*"
"""All of it is for whoever holds the key; browsers take this where no cookies are allowed, as here."""
_KEEP = b"600"


class Cors:
    def __init__(self, origins: tuple[str, ...]) -> None:
        self._any = ANY in origins
        self._origins = frozenset(origin.encode() for origin in origins)

    def allowed(self, scope: Scope) -> bytes | None:
        """The origin of the request, where it may read the answer."""
        if not self._origins:
            return None
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        return origin if origin is not None and (self._any or origin.lower() in self._origins) else None

    @staticmethod
    def is_preflight(scope: Scope) -> bool:
        asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
        return bool(scope["method"] == "OPTIONS" and asks)

    @staticmethod
    async def answer(origin: bytes, scope: Scope, send: Send) -> None:
        """The answer to a preflight: browsers send those without a key."""
        headers = [
            *_named(origin),
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-max-age", _KEEP),
            (b"content-length", b"0"),
        ]
        for name, value in scope["headers"]:
            if name == b"access-control-request-headers" and _TOKENS.fullmatch(value):
                headers.append((b"access-control-allow-headers", value))
            elif name == b"access-control-request-private-network" and value == b"true":
                headers.append((b"access-control-allow-private-network", b"true"))
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    @staticmethod
    def sending(origin: bytes, send: Send) -> Send:
        """``send`` that tells the browser that the page at ``origin`` may read what is sent."""

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                exposed = (b"access-control-expose-headers", _EXPOSED)
                message = {**message, "headers": [*message["headers"], *_named(origin), exposed]}
            await send(message)

        return send_with_origin


def _named(origin: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"access-control-allow-origin", origin), (b"vary", b"Origin")]
