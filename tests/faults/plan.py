"""What happens in one seeded world: the same seed is always the same list of steps. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

WEATHER = ("cut", "stall", "garbage", "429", "5xx")
"""What an upstream does instead of answering well."""
STROKES = ("term", "kill", "full", "read-only", "clock", "locked", "upgrade", "backup", "hundred")
"""What befalls the server meanwhile."""
MANNERS = ("leaves", "slow", "comes back")
"""How a client behaves badly."""
KINDS = (*WEATHER, *STROKES, *MANNERS)
WAYS = ("chat/completions", "responses", "messages")
MIXES = (("gpt-5.1", "ollama/qwen3"), ("claude-sonnet-5-5",), ("gpt-5.1", "claude-sonnet-5-5", "ollama/qwen3"))
"""The models of a world. Not always all of them: each start would load what all of them need."""
PEOPLE = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """One message of the page (``way`` is ``page``), or one request of a program."""

    number: int
    person: int
    way: str
    model: str
    streams: bool
    weather: str
    words: int
    chunk: int
    delay: float
    at: int
    """The event of the upstream's stream at which its weather breaks."""
    after: float
    """Seconds after the beginning of its step."""
    manner: str = ""
    leaves: int = 0
    """Bytes of the answer after which the client is gone."""

    @property
    def mark(self) -> str:
        return f"<{self.number}>"


@dataclass(frozen=True, slots=True)
class Step:
    stroke: str
    at: float
    """Seconds after the beginning of the step."""
    size: float
    """Between 0 and 1: how much, or how long."""
    asks: tuple[Ask, ...]


def plan(seed: int) -> list[Step]:
    """Two strokes, the first of them and two other kinds each in its turn, so that few seeds have all."""
    dice = random.Random(seed)
    strokes = [STROKES[seed % len(STROKES)], dice.choice(STROKES)]
    models = MIXES[seed % len(MIXES)]
    steps = [_step(dice, number, stroke, models) for number, stroke in enumerate(strokes)]
    first = steps[0]
    asks = list(first.asks)
    asks[0] = _as(dice, asks[0], WEATHER[seed % len(WEATHER)])
    asks[1] = _with(dice, replace(asks[1], weather="fine"), MANNERS[seed % len(MANNERS)])
    return [replace(first, asks=tuple(asks)), *steps[1:]]


def kinds(steps: list[Step]) -> set[str]:
    """Every kind of fault in it."""
    asks = [ask for step in steps for ask in step.asks]
    met = {step.stroke for step in steps} | {ask.weather for ask in asks} | {ask.manner for ask in asks}
    return met & set(KINDS)


def _step(dice: random.Random, number: int, stroke: str, models: Sequence[str]) -> Step:
    asks = tuple(_ask(dice, 100 * number + index, models) for index in range(dice.randint(3, 6)))
    return Step(stroke, dice.uniform(0.05, 0.6), dice.random(), asks)


def _ask(dice: random.Random, number: int, models: Sequence[str]) -> Ask:
    ask = Ask(
        number=number,
        person=dice.randrange(PEOPLE),
        way="page" if dice.random() < 0.5 else dice.choice(WAYS),
        model=dice.choice(models),
        streams=dice.random() < 0.8,
        weather="fine",
        words=dice.choice((5, 40, 120, 200)),
        chunk=dice.choice((3, 11, 24, 60)),
        delay=dice.choice((0.0, 0.0, 0.002, 0.01)),
        at=dice.randint(0, 30),
        after=dice.uniform(0, 0.4),
    )
    if dice.random() < 0.4:
        return _as(dice, ask, dice.choice(WEATHER))
    if dice.random() < 0.4:
        return _with(dice, ask, dice.choice(MANNERS))
    return ask


def _as(dice: random.Random, ask: Ask, weather: str) -> Ask:
    return replace(ask, weather=weather, manner="", streams=True, leaves=0)


def _with(dice: random.Random, ask: Ask, manner: str) -> Ask:
    if manner == "comes back":
        return replace(ask, manner=manner, way="page", words=200, delay=0.004, leaves=dice.randint(1, 12))
    way = ask.way if ask.way != "page" else dice.choice(WAYS)
    if manner == "slow":
        return replace(ask, manner=manner, way=way, streams=True, words=60_000, chunk=200, delay=0.0, leaves=0)
    return replace(ask, manner=manner, way=way, leaves=dice.choice((-1, 0, 1, dice.randint(2, 4000))), delay=0.004)
