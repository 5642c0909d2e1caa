"""The canonical request: what the chat and the gateway ask for, before any provider's format.

Pure values. Codecs write them to a wire (``write_request``) and read them from one (``read_request``).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]

EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""From least to most thinking."""


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


Part = TextPart


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Request:
    """``model`` is the provider's own name. None means: leave the field out, the provider's default holds."""

    model: str
    messages: tuple[Message, ...]
    system: str | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    effort: Effort | None = None
    show_reasoning: bool = True
    """Ask for a readable summary of the reasoning where the provider offers one."""
    background: bool = False
    """Let the provider keep the response so that a restarted server can re-attach (OpenAI Responses only)."""
    cache_key: str | None = None
    """Stable per conversation, so that the provider's prompt cache is hit."""
    extra: dict[str, Any] = field(default_factory=dict)
    """Fields of this wire that have no canonical name; written as they are."""
