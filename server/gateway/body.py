"""The body of a request: read with a limit, understood once, changed in its bytes so that the rest stays as it was."""

import json
import re
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from server.errors import BadRequest, TooLarge
from server.wire.loose import count

MAX_JSON = 32 * 1024 * 1024
"""Bytes; the largest that a provider takes."""
_PICTURE = 1000
"""Tokens that stand for one long run of encoded bytes."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)
_SPACE = re.compile(rb"\s*")
_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.)*")')
_ENCODED = re.compile(rb"[A-Za-z0-9+/=_-]{2000,}")
_SPELLED = re.compile(rb'\\u00[67][0-9a-fA-F][^"]*"\s*:')
"""A letter of a key that nobody has to escape: a second spelling of one that is there already."""
_OPENING = re.compile(rb"\s*\{")
_OTHERS = ("models", "fallbacks", "preset")

Receive = Callable[[], Awaitable[Any]]


class Gone(Exception):
    """The client left."""


async def read(receive: Receive, limit: int = MAX_JSON) -> bytes:
    """The whole body. Raises TooLarge, Gone."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body") and len(body) <= limit:
        return body
    parts, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge(f"this is too large: a request has at most {limit // 1024 // 1024} MB")
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


class Body:
    """A JSON object that a client sent: ``value`` to look into, ``raw`` to pass on."""

    def __init__(self, raw: bytes) -> None:
        """Raises BadRequest."""
        try:
            value = json.loads(raw.decode())
            if _SPELLED.search(raw):
                json.loads(raw, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            raise BadRequest("the request is not valid JSON") from None
        if not isinstance(value, dict):
            raise BadRequest("the request has to be a JSON object")
        self.raw = raw
        self.value: dict[str, Any] = value

    @property
    def model(self) -> str:
        """Raises BadRequest."""
        model = self.value.get("model")
        if not isinstance(model, str) or not model.strip():
            raise BadRequest("the request names no model: give one in `model`")
        return model

    @property
    def streams(self) -> bool:
        return self.value.get("stream") is True

    @property
    def names_others(self) -> bool:
        """Whether it names more than the one model: some providers turn to those by themselves."""
        return any(self.value.get(field) for field in _OTHERS)

    @property
    def answers(self) -> int:
        """How many are wanted."""
        return count(self.value.get("n")) or 1

    @cached_property
    def tokens(self) -> int:
        """Roughly what the request will count as input."""
        size, encoded = len(self.raw), 0
        if size > 4000:
            for run in _ENCODED.finditer(self.raw):
                encoded += 1
                size -= run.end() - run.start()
        return size // 4 + encoded * _PICTURE + 1

    def sent(self, model: str, *, ask_usage: bool = False) -> bytes:
        """The bytes for an upstream that knows the model as ``model``; ``ask_usage`` where a stream has to count."""
        changes = []
        span = self._model_span()
        if model != self.value["model"]:
            changes.append((*span, _string(model)))
        if ask_usage:
            options = self.value.get("stream_options")
            wanted = (options if isinstance(options, dict) else {}) | {"include_usage": True}
            written = json.dumps(wanted, ensure_ascii=False, separators=(",", ":")).encode()
            if "stream_options" in self.value:
                changes.append((*_spans(self.raw)[b'"stream_options"'], written))
            else:
                opening = _OPENING.match(self.raw)
                assert opening is not None
                changes.append((opening.end(), opening.end(), b'"stream_options":' + written + b","))
        raw = self.raw
        for start, end, text in sorted(changes, reverse=True):
            raw = raw[:start] + text + raw[end:]
        return raw

    @property
    def asks_usage(self) -> bool:
        options = self.value.get("stream_options")
        return isinstance(options, dict) and options.get("include_usage") is True

    def _model_span(self) -> tuple[int, int]:
        # Nearly always the word is there once; where it is not, every key is looked at.
        at = self.raw.find(b'"model"')
        found = _VALUE.match(self.raw, at + 7) if at >= 0 and self.raw.find(b'"model"', at + 7) < 0 else None
        if found and self.raw[at - 1 : at] != b"\\" and json.loads(found[1]) == self.value["model"]:
            return found.span(1)
        return _spans(self.raw)[b'"model"']


def _spans(raw: bytes) -> dict[bytes, tuple[int, int]]:
    """Where the value of each key of the outermost object lies. Raises BadRequest for a key that comes twice."""
    found: dict[bytes, tuple[int, int]] = {}
    depth, key, start = 0, b"", -1
    for token in _TOKEN.finditer(raw):
        kind = token[0]
        if depth == 1 and kind in (b",", b"}"):
            if start >= 0:
                if key in found:
                    raise BadRequest(f"{json.loads(key)} is given twice")
                found[key] = start, start + len(raw[start : token.start()].rstrip())
            key, start = b"", -1
        elif depth == 1 and kind == b":" and start < 0:
            gap = _SPACE.match(raw, token.end())
            start = gap.end() if gap else token.end()
        elif depth == 1 and start < 0:
            key = _string(json.loads(kind))
        if kind in (b"{", b"["):
            depth += 1
        elif kind in (b"}", b"]"):
            depth -= 1
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _string(text: str) -> bytes:
    return json.dumps(text, ensure_ascii=False).encode()
