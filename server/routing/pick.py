"""The one function that decides which model answers, and says why. Pure: everything it weighs is handed in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from server.money.dollars import dollars
from server.providers.base import Model
from server.routing.facts import EXPECTED_OUTPUT, Facts
from server.routing.rules import Rule

MOST = 4
"""Candidates that are tried for one reply."""
TIERS = ("small", "medium", "large")
ROOM = 1024
"""Tokens that have to be left for the answer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    id: str
    model: Model

    @property
    def is_demo(self) -> bool:
        return self.model.provider == "demo"


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds to the first token, and tokens per second from there on."""

    first_token_ms: float
    tokens_per_second: float

    @property
    def expected_ms(self) -> float:
        return self.first_token_ms + EXPECTED_OUTPUT * 1000 / self.tokens_per_second


@dataclass(frozen=True, slots=True)
class Rates:
    """Nano-dollars per million tokens."""

    input: int
    output: int

    def expected(self, tokens: int) -> int:
        """Nano-dollars for a prompt of that size and an answer as long as usual."""
        return (self.input * tokens + self.output * EXPECTED_OUTPUT) // 1_000_000


@dataclass(frozen=True, slots=True)
class Pick:
    id: str
    reason: str


def pick(
    asked: str,
    candidates: Sequence[Candidate],
    facts: Facts,
    rules: Sequence[Rule],
    speeds: Mapping[str, Speed],
    prices: Mapping[str, Rates],
) -> tuple[Pick, ...]:
    """The model to ask, then those to try when it fails, at most ``MOST``; nothing where none can answer.

    ``asked`` is `auto`, `auto/cheapest` or `auto/fastest`. The person's rules count for `auto` alone. The demo is
    picked only where nothing else is.
    """
    capable = _capable(candidates, facts)
    order: dict[str, Callable[[], list[Pick]]] = {
        "auto/cheapest": lambda: _cheapest(capable, facts, prices),
        "auto/fastest": lambda: _fastest(capable, speeds),
    }
    found = order.get(asked, lambda: [*_ruled(capable, facts, rules), *_usual(capable, facts, prices)])()
    first: dict[str, Pick] = {}
    for one in found:
        first.setdefault(one.id, one)
    return tuple(first.values())[:MOST]


def _capable(candidates: Sequence[Candidate], facts: Facts) -> list[Candidate]:
    """Those that can take the prompt. Where no model is known to see, those of which it is not known have a chance."""
    fitting = [
        one
        for one in candidates
        if one.model.kind == "chat" and (one.model.context is None or facts.tokens + ROOM <= one.model.context)
    ]
    if facts.has_image:
        seeing = [one for one in fitting if one.model.vision]
        fitting = seeing or [one for one in fitting if one.model.vision is None]
    real = [one for one in fitting if not one.is_demo]
    return real or fitting


def _ruled(capable: Sequence[Candidate], facts: Facts, rules: Sequence[Rule]) -> list[Pick]:
    """What the first rule that holds names, as far as it can answer; where none of it can, the next one counts."""
    ids = {one.id for one in capable}
    for number, rule in enumerate(rules, 1):
        if rule.when.holds(facts):
            named = [id for id in (rule.model, *rule.fallbacks) if id in ids]
            if named:
                return [
                    Pick(id, f"{'your rule' if id == rule.model else 'fallback of rule'} {number}: {rule.when}")
                    for id in named
                ]
    return []


def _usual(capable: Sequence[Candidate], facts: Facts, prices: Mapping[str, Rates]) -> list[Pick]:
    """The default model, then what is nearest to it in size, elsewhere before at the same provider, cheap first."""
    default = next((one for one in capable if one.id == facts.default), None)
    tier = TIERS.index(default.model.tier if default else "medium")

    def distance(one: Candidate) -> tuple[int, bool, float, str]:
        same = default is not None and one.model.provider == default.model.provider
        return abs(TIERS.index(one.model.tier) - tier), same, _cost(one, facts, prices), one.id

    others = [
        Pick(one.id, "the nearest to your default model" if default else f"a {one.model.tier} model that can")
        for one in sorted(capable, key=distance)
    ]
    return ([Pick(default.id, "your default model")] if default else []) + others


def _cheapest(capable: Sequence[Candidate], facts: Facts, prices: Mapping[str, Rates]) -> list[Pick]:
    def why(one: Candidate) -> str:
        rates = prices.get(one.id)
        if rates is None:
            return "no price is known"
        nanos = rates.expected(facts.tokens)
        return f"cheapest that can: about {dollars(nanos)}" if nanos else "cheapest that can: free"

    ordered = sorted(capable, key=lambda one: (_cost(one, facts, prices), one.id))
    return [Pick(one.id, why(one)) for one in ordered]


def _fastest(capable: Sequence[Candidate], speeds: Mapping[str, Speed]) -> list[Pick]:
    """By measurement; what was never measured comes after it, small models first."""

    def key(one: Candidate) -> tuple[float, int, str]:
        speed = speeds.get(one.id)
        return speed.expected_ms if speed else float("inf"), TIERS.index(one.model.tier), one.id

    def why(one: Candidate) -> str:
        speed = speeds.get(one.id)
        if speed is None:
            return f"no speed measured yet: a {one.model.tier} model"
        first = speed.first_token_ms / 1000
        return f"fastest measured: {speed.tokens_per_second:.0f} t/s, first word after {first:.1f} s"

    return [Pick(one.id, why(one)) for one in sorted(capable, key=key)]


def _cost(one: Candidate, facts: Facts, prices: Mapping[str, Rates]) -> float:
    rates = prices.get(one.id)
    return float("inf") if rates is None else rates.expected(facts.tokens)
