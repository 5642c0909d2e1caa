"""Ranges begin and end where the reader's days do, whatever the clocks were changed to."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from server.errors import BadRequest
from server.money import zones
from server.money.span import Clock, Span, span

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 29, 21, 30, tzinfo=UTC)
"""A Sunday evening in Berlin; in the morning the clocks went forward."""


@pytest.mark.parametrize(
    ("name", "first"),
    [("today", date(2026, 3, 29)), ("week", date(2026, 3, 23)), ("month", date(2026, 3, 1))],
)
def test_a_range_ends_today_and_begins_with_its_period(name: zones.Period, first: date) -> None:
    found = span(name, BERLIN, NOW)  # type: ignore[arg-type]
    assert (found.first, found.last) == (first, date(2026, 3, 29))
    assert found.drawn.first == min(first, date(2026, 2, 28))
    assert len(found.drawn.pieces()[1]) in (30, 29 + 1)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_has_as_many_quarter_hours_as_it_lasts(day: date, hours: int) -> None:
    first, end = Span("custom", day, day, BERLIN).slots
    assert end - first == hours * 4


@pytest.mark.parametrize("name", ["Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "Europe/Berlin", "UTC"])
def test_every_quarter_hour_is_in_the_day_and_hour_that_its_clock_shows(name: str) -> None:
    place = ZoneInfo(name)
    over = Span("custom", date(2026, 3, 20), date(2026, 4, 12), place)
    _, days = over.pieces()
    clock = Clock(days, place)
    for slot in range(*over.slots):
        shown = datetime.fromtimestamp(slot * zones.SLOT, place)
        assert (days[clock.piece(slot)], clock.hour(slot)) == (shown.date(), shown.hour)


@pytest.mark.parametrize(
    ("first", "last", "bucket", "count"),
    [
        (date(2026, 1, 1), date(2026, 3, 1), "day", 60),
        (date(2026, 1, 1), date(2026, 3, 2), "week", 10),
        (date(2024, 1, 1), date(2026, 3, 2), "month", 27),
    ],
)
def test_a_long_range_is_drawn_in_weeks_or_months(first: date, last: date, bucket: str, count: int) -> None:
    found, pieces = Span("custom", first, last, BERLIN).pieces()
    assert (found, len(pieces)) == (bucket, count) and pieces[0] <= first


def test_a_range_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(BadRequest, match="needs `from`"):
        span("custom", BERLIN, NOW)
    with pytest.raises(BadRequest, match="ends after it begins"):
        span("custom", BERLIN, NOW, date(2026, 2, 1), date(2026, 1, 1))
    with pytest.raises(BadRequest, match="between 2000-01-01 and"):
        span("custom", BERLIN, NOW, date(2026, 1, 1), date.max)
