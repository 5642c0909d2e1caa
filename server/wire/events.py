"""The canonical stream: what every codec reads a provider's answer into.

A stream is ``Start? (Text | Reasoning | ReasoningEnd | ToolCall… | Usage)* Usage? Finish``; one that ends without
``Finish`` was cut. Failures are raised as ``ProviderError`` by the provider, never yielded.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from server.wire.provenance import Signature

FinishReason = Literal["stop", "length", "refusal", "context_full", "tool_calls"]


@dataclass(frozen=True, slots=True)
class Start:
    """The upstream took the request. ``response_id`` is the provider's; ``model`` what it says it serves."""

    response_id: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the visible answer. ``position`` is the upstream's sequence number where it has one."""

    text: str
    position: int | None = None
    refusal: bool = False
    """The model says here that it will not answer, on a wire that tells that from an answer."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the readable thinking; never part of the answer."""

    text: str
    position: int | None = None
    between: bool = False
    """The space between two blocks of thinking, for people; it is in neither of them."""


@dataclass(frozen=True, slots=True)
class ReasoningEnd:
    """A block of thinking is complete. Without readable text before it, the signature is all there is of it."""

    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """The model calls a tool. ``index`` counts the calls of the answer; several may be open at a time."""

    index: int
    id: str
    name: str
    custom: bool = False
    """Its arguments are plain text."""
    extra: Signature | None = None
    """What the provider wants back with the call."""


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    index: int
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolCallEnd:
    index: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in disjoint buckets: they add up to what the provider counted, nothing is in two of them.

    A later ``Usage`` of the same stream replaces the earlier one (providers count cumulatively).
    """

    input: int = 0
    """Uncached input."""
    cache_read: int = 0
    cache_write_5m: int = 0
    """Cache writes of the provider's short, default time-to-live (OpenAI: 30 minutes, Anthropic: 5)."""
    cache_write_long: int = 0
    """Cache writes of the provider's long time-to-live (OpenAI: 12 hours, Anthropic: 1 hour)."""
    output: int = 0
    """Visible output."""
    reasoning: int = 0
    image_input: int = 0
    """Tokens of pictures that were given, where the provider bills them apart."""
    image_output: int = 0
    """Tokens of pictures that were made."""
    images: int = 0
    """Pictures that were made, where they are billed by the piece and not by tokens."""
    image_class: str | None = None
    """What such a picture's price goes by: ``quality size``."""
    web_searches: int = 0
    provider_cost_nanos: int | None = None
    """What the provider itself says it charged (OpenRouter, xAI)."""
    unpriced: bool = False
    """Something was used that is billed apart from these buckets: sound, a hosted tool that makes pictures."""
    tier: str | None = None
    """The service tier or speed that the provider says it billed; None is the standard one."""
    raw: dict[str, Any] = field(default_factory=dict, compare=False)
    """The provider's own usage object, kept on the ledger row."""

    @property
    def input_total(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_long + self.image_input

    @property
    def output_total(self) -> int:
        return self.output + self.reasoning + self.image_output

    @property
    def total(self) -> int:
        return self.input_total + self.output_total

    def __add__(self, other: "Usage") -> "Usage":
        costs = (self.provider_cost_nanos, other.provider_cost_nanos)
        return replace(
            self,
            **{name: getattr(self, name) + getattr(other, name) for name in BUCKETS},
            images=self.images + other.images,
            web_searches=self.web_searches + other.web_searches,
            unpriced=self.unpriced or other.unpriced,
            provider_cost_nanos=None if None in costs else sum(cost or 0 for cost in costs),
            raw={},
        )


INPUTS = ("input", "cache_read", "cache_write_5m", "cache_write_long", "image_input")
BUCKETS = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_long",
    "output",
    "reasoning",
    "image_input",
    "image_output",
)


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason
    detail: str | None = None
    """Why, in the provider's words, where it says (refusals)."""
    stop_sequence: str | None = None
    """The one of the request's that was met, where the provider says so."""


@dataclass(frozen=True, slots=True)
class Replace:
    """The whole visible answer: what came before was a prefix of it. Only a re-attached reply has one."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture that was made. ``partial`` counts the sketches that come before it; None is the finished one."""

    data: bytes
    media_type: str
    partial: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The upstream said that it failed, in its own words; providers turn this into a ``ProviderError``."""

    message: str
    code: str | None = None
    """Its code or type: ``context_length_exceeded``, ``overloaded_error`` …"""
    status: int | None = None
    retry_after: float | None = None


ToolCall = ToolCallStart | ToolCallDelta | ToolCallEnd
Event = Start | Text | Reasoning | ReasoningEnd | ToolCall | Usage | Replace | Image | Finish
