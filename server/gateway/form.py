"""A form that is passed on while it comes in: of it only the name of its model is looked at, and held to one."""

import asyncio
import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

from server.errors import AppError, BadRequest, TooLarge
from server.gateway.asked import Asked
from server.gateway.body import Gone

MAX_UPLOAD = 512 * 1024 * 1024
_HEAD = 1024 * 1024
"""Bytes of a form within which its model has to be named; clients put the files last."""
_OVERLAP = 300
"""Bytes of the chunk before that are looked at again, so that no header hides across two of them."""
_HEADER = 16 * 1024
"""Bytes of one that has begun, and is looked at again until it has ended."""

_FIELD = re.compile(rb'^content-disposition: form-data; name="?model"?\r?\n\r?\n([^\r\n]*)\r?\n', re.I | re.M)
_PART = re.compile(rb"^content-disposition[ \t]*:((?:[^\r\n]|\r?\n[ \t])*)", re.I | re.M)
_BEGUN = re.compile(rb"^content-disposition[ \t]*(?::(?:[^\r\n]|\r?\n[ \t])*)?\r?\n?\Z", re.I | re.M)
_NAME = re.compile(rb'(?<![\w*])name(\*\d+\*?|\*)?[ \t]*=\s*("(?:[^"\\]|\\.)*"?|[^;\s]*)', re.I)


class Form:
    def __init__(self, asked: Asked) -> None:
        """Raises TooLarge."""
        self._asked = asked
        announced = asked.headers.get("content-length", "")
        self._announced = int(announced) if announced.isdecimal() else None
        if self._announced is not None and self._announced > MAX_UPLOAD:
            raise _too_large()
        self._head = b""
        self._more = True
        self.error: AppError | Gone | None = None
        """Why the client's part of the exchange ended: whoever sends the form on would call it the upstream's doing."""

    @property
    def whole(self) -> bool:
        """Whether all of it came in."""
        return not self._more

    async def model(self) -> str | None:
        """The one that the form names, if it names one. Raises BadRequest, Gone."""
        while self._more and len(self._head) < _HEAD and _FIELD.search(self._head) is None:
            self._head += await self._next()
        found = _FIELD.search(self._head)
        if _named(self._head) != (found is not None):
            raise _twice()
        return found[1].decode("utf-8", "replace").strip() if found else None

    def length(self, given: str | None, model: str) -> int | None:
        if self._announced is None:
            return None
        return self._announced + (len(model.encode()) - len(given.encode()) if given else 0)

    async def parts(self, given: str | None, model: str) -> AsyncIterator[bytes]:
        """What is sent on, with the provider's name for the model."""
        try:
            async for part in self._parts(given, model):
                yield part
        except (AppError, Gone) as exc:
            self.error = exc
            raise

    async def _parts(self, given: str | None, model: str) -> AsyncIterator[bytes]:
        head, self._head = self._head, b""
        found = _FIELD.search(head)
        seen = _unfinished(head[found.end() if found else 0 :])
        if given and found is not None:
            head = head[: found.start(1)] + model.encode() + head[found.end(1) :]
        yield head
        size = len(head)
        while self._more:
            chunk = await self._next()
            size += len(chunk)
            if size > MAX_UPLOAD:
                raise _too_large()
            if _named(seen + chunk):
                raise _twice()
            seen = _unfinished(seen + chunk)
            yield chunk

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._asked.desk.settings.idle_timeout):
                message = await self._asked.receive()
        except TimeoutError:
            raise Gone from None
        if message["type"] == "http.disconnect":
            raise Gone
        self._more = bool(message.get("more_body"))
        if not self._more:
            self._asked.outlet.watch(self._asked.receive)
        body: bytes = message.get("body", b"")
        return body


def _named(data: bytes) -> int:
    """How many parts are called model, in whatever spelling some provider may understand."""
    return sum(any(_is_model(*name) for name in _NAME.findall(part)) for part in _PART.findall(data))


def _unfinished(data: bytes) -> bytes:
    """What has to be looked at again, with what follows. Raises BadRequest for a header without an end."""
    begun = _BEGUN.search(data)
    if begun is None:
        return data[-_OVERLAP:]
    if len(begun[0]) > _HEADER:
        raise BadRequest(f"a header of a form has at most {_HEADER // 1024} KB")
    return begun[0]


def _is_model(piece: bytes, value: bytes) -> bool:
    name = unquote(value.decode("latin-1").replace("\\", "").strip("\"' \t")).rpartition("'")[2]
    return piece not in (b"", b"*") or name.strip().casefold().removesuffix("[]") == "model"


def _twice() -> BadRequest:
    return BadRequest('a form names its model once, in a field "model" that comes before its files')


def _too_large() -> TooLarge:
    return TooLarge(f"this is too large: a file has at most {MAX_UPLOAD // 1024 // 1024} MB")
