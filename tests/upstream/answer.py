"""What the fake provider is told to answer: one value for one request."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

DEFAULT_TEXT = """## A reply

The *fake* upstream says **hello**: plain words, `code`, and a list.

- one
- two, with émphasis and 日本語 and 👩‍💻

```python
def add(a: int, b: int) -> int:
    return a + b
```

| name | value |
|---|---:|
| pi | 3.14 |

That is all.
"""
LONG = "\n\n".join(f"Paragraph **{n}** with `code`, 日本語 and émphasis." for n in range(60))


@dataclass(slots=True)
class Answer:
    """``…_after`` counts the events of the stream that are sent first; seconds are seconds."""

    text: str = DEFAULT_TEXT
    reasoning: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    """Tools that are called after the text: ``{"name", "arguments"}``, the arguments as an object."""
    chunk: int = 24
    """Size of one delta in ``unit``; with bytes, the size of one write, which may cut characters in two."""
    unit: Literal["chars", "tokens", "bytes"] = "chars"
    delay: float = 0.0
    """Between two writes."""
    first_delay: float = 0.0
    """Before the status line."""
    heartbeat: float | None = None
    """While nothing is sent, a comment every so often."""
    hold_after: int | None = None
    """Then silence, until ``release()`` or until the client goes away."""
    cut_after: int | None = None
    """Then the connection breaks off."""
    garbage_after: int | None = None
    """Then comes one frame that is no JSON."""
    error_after: int | None = None
    """Then comes ``error`` as an event of the stream, and the end."""
    status: int = 200
    """Another status answers with ``error`` at once."""
    error: dict[str, Any] = field(default_factory=dict)
    """``{"message", "type", "code"}`` of the failure; what is missing is filled in for the status."""
    retry_after: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    html: bool = False
    """Answer 200 with a web page."""
    json: dict[str, Any] | None = None
    """Answer 200 with this object instead of a stream."""
    raw: str | None = None
    """Answer 200 with this event stream, as it is."""
    usage: dict[str, int] | None = None
    """``input`` (all of it), ``cached``, ``cache_write``, ``output`` (all of it), ``reasoning``."""
    extra_usage: dict[str, Any] = field(default_factory=dict)
    """Put into the wire's usage object as it is."""
    finish: Literal["stop", "length", "refusal", "context_full", "failed"] = "stop"
    refusal: str = ""
    """The words of a refusal; makes ``finish`` one."""
    lost: bool = False
    """A background response that can no longer be streamed, only looked at."""
    picture: bytes = b""
    """What an image request gets instead of the one pixel."""
    match: str | None = None
    """Only for a request whose path or body contains this."""

    def fits(self, path: str, body: str) -> bool:
        return self.match is None or self.match in path or self.match in body

    @property
    def asked_tools(self) -> list[tuple[str, str, str]]:
        """Id, name and arguments, these as they go over the wire, of each call."""
        return [
            (f"call_{index:06d}", call["name"], json.dumps(call["arguments"])) for index, call in enumerate(self.calls)
        ]

    @property
    def outcome(self) -> str:
        return "refusal" if self.refusal else self.finish

    def pieces(self, text: str) -> list[str]:
        """``text`` in deltas."""
        if self.unit == "tokens":
            words = text.replace(" ", " \0").split("\0")
            return ["".join(words[at : at + self.chunk]) for at in range(0, len(words), self.chunk)]
        size = self.chunk if self.unit == "chars" else 24
        return [text[at : at + size] for at in range(0, len(text), size)]

    def count(self, asked: str) -> dict[str, int]:
        """The tokens of this answer: as told, else four characters each."""
        thought = -(-len(self.reasoning) // 4)
        counted = {
            "input": -(-len(asked) // 4),
            "cached": 0,
            "cache_write": 0,
            "output": -(-len(self.text) // 4) + thought,
            "reasoning": thought,
        }
        return counted | (self.usage or {})
