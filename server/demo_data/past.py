"""What the people of the demo data did, day by day: values only, nothing is written. The same dice, the same past."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sin
from random import Random

from server.demo_data.cast import CHAT, HAIKU, OPUS, PAINTER, DemoModel, DemoPerson, Program
from server.providers.base import Kind
from server.wire.events import Usage

HOURS = (2, 1, 0, 0, 0, 0, 1, 4, 9, 14, 19, 24, 15, 12, 16, 18, 15, 10, 8, 9, 15, 18, 11, 5)
"""How much is asked in each hour of a day."""
LATELY = timedelta(seconds=90)
"""By then the last call is over."""
TRIES = 20
TALK_DAYS = 9
"""For so long one talk goes on."""


@dataclass(frozen=True, slots=True)
class Event:
    """One call as it went. ``device`` is a place in the person's list, ``talk`` one in theirs."""

    at: datetime
    kind: str
    model: DemoModel
    status: str
    usage: Usage
    first_token_ms: int | None
    duration_ms: int
    request: int
    asked_at: datetime
    """These two are the same for every attempt of one request."""
    device: int | None = None
    program: Program | None = None
    talk: int | None = None
    attempt: int = 1
    error_kind: Kind | None = None
    error_status: int | None = None
    after: tuple[Kind, int] | None = None
    """How the attempt before this one failed."""


def past(person: DemoPerson, dice: Random, until: datetime, days: int) -> Iterator[Event]:
    """In order of time, up to ``until``; the hours of its days are those of the zone of ``until``."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(days - 1, -1, -1):
        day = midnight - timedelta(days=ago)
        wave = 1 + 0.35 * sin(ago / 5.1) + 0.2 * sin(ago / 17)
        busy = (1.5 if not ago else 0.45 if day.weekday() >= 5 else 1.1) * wave * dice.uniform(0.6, 1.3)
        if ago % 13 == 4:
            busy *= 2.4
        # The last day has all that it would have had: nobody wants to look at an empty page in the morning.
        times = sorted(_moment(day, until if ago == 0 else None, dice) for _ in range(round(person.calls_a_day * busy)))
        for at in times:
            yield from _ask(person, dice, at.astimezone(UTC), ago)


def _moment(day: datetime, end: datetime | None, dice: Random) -> datetime:
    """Of the last day only what is over by ``end``; in its first hours anything that is."""
    for _ in range(TRIES):
        at = day + timedelta(hours=dice.choices(range(24), HOURS)[0], seconds=dice.uniform(0, 3600))
        if end is None or at < end - LATELY:
            return at
    assert end is not None
    return day + (end - day) * dice.uniform(0, 0.9)


def _ask(person: DemoPerson, dice: Random, at: datetime, ago: int) -> Iterator[Event]:
    if person.programs and dice.random() < person.by_program:
        program = dice.choices(person.programs, [each.weight for each in person.programs])[0]
        model = dice.choice(program.models)
        yield from _tries(dice, at, "gateway", model, 2.4, program=program)
        return
    number = dice.getrandbits(48)
    device = 0 if dice.random() < 0.6 else len(person.agents) - 1
    if dice.random() < 0.02:
        usage = Usage(input=dice.randint(40, 200), image_output=1056)
        yield Event(at, "image", PAINTER, "done", usage, None, dice.randint(9000, 26000), number, at, device)
        return
    talk = (ago // TALK_DAYS * 2 + dice.randint(0, 1)) % len(person.talks)
    model = dice.choices(CHAT, [each.weight for each in CHAT])[0]
    yield from _tries(dice, at, "chat", model, 1.0, device=device, talk=talk)
    if dice.random() < 0.12:
        usage = Usage(input=dice.randint(150, 400), output=dice.randint(4, 9))
        later = at + timedelta(seconds=40)
        yield Event(
            later, "title", HAIKU, "done", usage, 400, dice.randint(500, 900), number + 1, later, device, talk=talk
        )


def _tries(
    dice: Random,
    at: datetime,
    kind: str,
    model: DemoModel,
    size: float,
    *,
    device: int | None = None,
    program: Program | None = None,
    talk: int | None = None,
) -> Iterator[Event]:
    """Now and then the provider is busy, and it is tried again."""
    asked_at, attempt, number = at, 1, dice.getrandbits(48)
    busy: tuple[Kind, int] | None = None
    if dice.random() < 0.015:
        failures: tuple[tuple[Kind, int], ...] = (("overloaded", 529), ("rate_limit", 429))
        busy = dice.choice(failures)
        took = dice.randint(180, 900)
        yield Event(at, kind, model, "failed", Usage(), None, took, number, asked_at, device, program, talk, 1, *busy)
        at, attempt = at + timedelta(milliseconds=took + 1200), 2
    read = int(model.read * size * dice.lognormvariate(0, 0.7))
    hit = int(read * model.cached * dice.uniform(0.6, 1.3)) if model.cached and dice.random() < 0.8 else 0
    hit = min(hit, read - 1)
    write = int((read - hit) * 0.4) if model.cached > 0.5 and dice.random() < 0.5 else 0
    long = write if model is OPUS and dice.random() < 0.3 else 0
    written = max(3, int(model.written * size * dice.lognormvariate(0, 0.8)))
    thought = int(model.thought * dice.lognormvariate(0, 0.6))
    status = dice.choices(("done", "stopped", "cut"), (970, 29, 1 if program else 0))[0]
    if status != "done":
        written = max(1, written // 3)
    first = max(60, int(model.first_token_ms * dice.lognormvariate(0, 0.3)))
    usage = Usage(
        input=read - hit - write,
        cache_read=hit,
        cache_write_5m=write - long,
        cache_write_long=long,
        output=written,
        reasoning=thought,
        provider_cost_nanos=read * 200 + written * 800 if model.provider == "openrouter" else None,
    )
    duration = first + int((written + thought) * 1000 / model.speed * dice.uniform(0.85, 1.2))
    yield Event(
        at, kind, model, status, usage, first, duration, number, asked_at, device, program, talk, attempt, after=busy
    )
