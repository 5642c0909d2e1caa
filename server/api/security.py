"""Two pure ASGI middlewares: security headers on every response, and an end to endless request bodies."""

import json
from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import counters
from server.logs import REQUEST

MAX_BODY = 2 * 1024 * 1024

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def policy(scripts: Sequence[str] = ()) -> str:
    """The Content-Security-Policy. ``scripts`` are sources such as ``'sha256-…'`` of an import map."""
    return _POLICY.format(scripts="".join(f" {each}" for each in scripts))


class SecurityHeaders:
    """``scripts`` is asked for each response, as the page may change under a running server.

    ``only_https`` makes browsers stay with HTTPS, for this name and on every port of it.
    """

    def __init__(self, app: ASGIApp, scripts: Callable[[], Sequence[str]] = tuple, *, only_https: bool = False) -> None:
        self._app = app
        self._scripts = scripts
        self._headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if only_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                counters.answered(scope["path"], message["status"])
                headers = MutableHeaders(scope=message)
                if (
                    scope["path"].startswith("/assets/") and message["status"] < 400
                ):  # sixty of them in a first load: only what concerns a file
                    headers.setdefault("X-Content-Type-Options", "nosniff")
                    await send(message)
                    return
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if request := REQUEST.get():
                    headers.setdefault("X-Request-Id", request)
                headers.setdefault("Content-Security-Policy", policy(self._scripts()))
                if scope["path"].startswith(("/api/", "/admin/")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Answers 413 as soon as a request is known to be larger than ``limit`` bytes, announced or not.

    ``larger`` has the limits of paths that take files.
    """

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._limit = limit
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._larger.get(scope["path"], self._limit)
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            await self._refuse(send, limit)
            return
        received, refused, started = 0, False, False

        async def receive_some() -> Message:
            nonlocal received, refused
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit and not started:
                refused = True
                await self._refuse(send, limit)
                return {"type": "http.disconnect"}
            return message

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if not refused:
                started = True
                await send(message)

        try:
            await self._app(scope, receive_some, send_unless_refused)
        except Exception:
            if not refused:  # an app that lost its reader in mid-request has nothing more to say
                raise

    async def _refuse(self, send: Send, limit: int) -> None:
        megabytes = limit // (1024 * 1024)
        error = {"code": "too_large", "message": f"this is too large: a request has at most {megabytes} MB"}
        body = json.dumps({"error": error}).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": body})
