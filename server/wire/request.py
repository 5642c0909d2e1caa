"""The canonical request: what the chat and the gateway ask for, before any provider's format.

Values. Codecs write them to a wire (``write_request``) and read them from one (``read_request``).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from server.wire.provenance import Signature

Role = Literal["user", "assistant", "system"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From least to most thinking."""


_MOST_NOTES, _LONGEST_NOTE = 50, 200
"""A client may send any number of fields of any name, and all of what is noted is told and kept."""


def note(dropped: list[str], path: str) -> None:
    """Adds ``path`` to what was left out, once, in letters that can be shown anywhere."""
    if len(dropped) < _MOST_NOTES:
        shown = "".join(letter for letter in path[:_LONGEST_NOTE] if letter.isprintable())
        if shown not in dropped:
            dropped.append(shown)


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A picture: its bytes, or an address that the provider itself may fetch."""

    media_type: str
    """image/png | image/jpeg | image/webp | image/gif; empty for an address"""
    data: bytes = b""
    url: str | None = None
    detail: str | None = None
    """low | high | auto, where the wire has it"""


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A file that the model reads itself: PDF, or text with its name."""

    media_type: str
    name: str
    data: bytes = b""
    url: str | None = None

    @property
    def is_text(self) -> bool:
        return self.media_type.startswith("text/") or self.media_type == "application/json"


Content = TextPart | ImagePart | DocumentPart


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """Thinking of an earlier turn; without its maker's signature nobody takes it back."""

    text: str
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    id: str
    name: str
    arguments: str
    """JSON, as the model wrote it; the plain input of a custom tool."""
    custom: bool = False
    extra: Signature | None = None
    """What its maker wants back with it."""


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    call_id: str
    parts: tuple[Content, ...] = ()
    is_error: bool = False
    custom: bool = False

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


Part = TextPart | ImagePart | DocumentPart | ReasoningPart | ToolCallPart | ToolResultPart


@dataclass(frozen=True, slots=True)
class Message:
    """Calls and thinking stand in the assistant's messages, results in the user's, before anything else.

    ``system`` is an instruction in the middle of a conversation; those before it are the request's ``system``.
    """

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the client runs; a custom one takes plain text, of a grammar in ``format``."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    custom: bool = False
    format: dict[str, Any] | None = None

    @property
    def schema(self) -> dict[str, Any]:
        return self.parameters or {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """``names`` are the tools that may be called: one for ``tool``, else none or those of a subset."""

    mode: Literal["auto", "any", "none", "tool"]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """The answer is JSON: of this schema, or of any."""

    schema: dict[str, Any] | None = None
    name: str = "answer"
    strict: bool = True
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """``model`` is the provider's own name. None means: leave the field out, the provider's default holds."""

    model: str
    messages: tuple[Message, ...]
    system: str | tuple[TextPart, ...] | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: Output | None = None
    effort: Effort | None = None
    show_reasoning: bool = True
    """Ask for a readable summary of the reasoning where the provider offers one."""
    keep_reasoning: bool = False
    """Ask for the reasoning in the form that can be sent back (OpenAI Responses hands it out only on request)."""
    verbosity: str | None = None
    service_tier: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    background: bool = False
    """Let the provider keep the response so that a restarted server can re-attach (OpenAI Responses only)."""
    cache_key: str | None = None
    """Stable per conversation, so that the provider's prompt cache is hit."""
    dropped: list[str] = field(default_factory=list, compare=False)
    """What a codec had to leave out, on the way in or out, by its path. Each attempt needs a list of its own."""

    @property
    def system_parts(self) -> tuple[TextPart, ...]:
        if isinstance(self.system, str):
            return (TextPart(self.system),) if self.system else ()
        return self.system or ()

    @property
    def system_text(self) -> str:
        return "\n\n".join(part.text for part in self.system_parts)

    def drop(self, path: str) -> None:
        note(self.dropped, path)

    def calls(self) -> Iterator[ToolCallPart]:
        """Every tool call of the history, in order."""
        for message in self.messages:
            yield from (part for part in message.parts if isinstance(part, ToolCallPart))
