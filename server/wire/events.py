"""The canonical stream: what every codec reads a provider's answer into.

A stream is ``Start? (Text | Reasoning | Usage)* Usage? Finish``; one that ends without ``Finish`` was cut.
Failures are raised as ``ProviderError`` by the provider, never yielded.
"""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

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


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the readable thinking; never part of the answer."""

    text: str
    position: int | None = None


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
    web_searches: int = 0
    provider_cost_nanos: int | None = None
    """What the provider itself says it charged (OpenRouter)."""
    tier: str | None = None
    """The service tier or speed that the provider says it billed; None is the standard one."""
    raw: dict[str, Any] = field(default_factory=dict, compare=False)
    """The provider's own usage object, kept on the ledger row."""

    @property
    def input_total(self) -> int:
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_long

    @property
    def output_total(self) -> int:
        return self.output + self.reasoning

    @property
    def total(self) -> int:
        return self.input_total + self.output_total

    def __add__(self, other: "Usage") -> "Usage":
        costs = (self.provider_cost_nanos, other.provider_cost_nanos)
        return replace(
            self,
            **{name: getattr(self, name) + getattr(other, name) for name in BUCKETS},
            web_searches=self.web_searches + other.web_searches,
            provider_cost_nanos=None if None in costs else sum(cost or 0 for cost in costs),
            raw={},
        )


BUCKETS = ("input", "cache_read", "cache_write_5m", "cache_write_long", "output", "reasoning")


@dataclass(frozen=True, slots=True)
class Finish:
    reason: FinishReason
    detail: str | None = None
    """Why, in the provider's words, where it says (refusals)."""


@dataclass(frozen=True, slots=True)
class Replace:
    """The whole visible answer: what came before was a prefix of it. Only a re-attached reply has one."""

    text: str


@dataclass(frozen=True, slots=True)
class Failure:
    """The upstream said that it failed, in its own words; providers turn this into a ``ProviderError``."""

    message: str
    code: str | None = None
    """Its code or type: ``context_length_exceeded``, ``overloaded_error`` …"""
    status: int | None = None
    retry_after: float | None = None


Event = Start | Text | Reasoning | Usage | Replace | Finish
