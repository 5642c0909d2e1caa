"""Days, weeks and months begin where the person is, also when the clocks change."""

from datetime import UTC, datetime

import pytest

from server.money import zones


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("period", "place", "now", "start", "end"),
    [
        ("day", "UTC", "2026-11-21T10:00", "2026-11-21T00:00", "2026-11-22T00:00"),
        ("day", "Europe/Berlin", "2026-11-20T23:30", "2026-11-20T23:00", "2026-11-21T23:00"),
        # 23 and 25 hours long, and one that begins at one o'clock.
        ("day", "Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day", "Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("day", "America/Havana", "2026-03-08T12:00", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("day", "Asia/Kathmandu", "2026-11-21T18:20", "2026-11-21T18:15", "2026-11-22T18:15"),
        ("week", "Pacific/Auckland", "2026-11-22T10:59", "2026-11-15T11:00", "2026-11-22T11:00"),
        ("week", "UTC", "2026-11-23T00:00", "2026-11-23T00:00", "2026-11-30T00:00"),
        ("month", "America/New_York", "2026-11-30T23:00", "2026-11-01T04:00", "2026-12-01T05:00"),
        ("month", "UTC", "2024-02-29T12:00", "2024-02-01T00:00", "2024-03-01T00:00"),
    ],
)
def test_a_period_begins_and_ends_where_the_person_is(
    period: zones.Period, place: str, now: str, start: str, end: str
) -> None:
    here = zones.zone(place)
    assert (zones.start(period, here, at(now)), zones.end(period, here, at(now))) == (at(start), at(end))
    assert zones.slot(at(start)) * zones.SLOT == at(start).timestamp()


def test_a_zone_that_nobody_knows_is_the_servers() -> None:
    assert zones.zone("Middle/Earth", "Europe/Paris").key == "Europe/Paris"
    assert zones.zone(None, "Europe/Paris").key == "Europe/Paris"
    assert zones.zone("../../etc/passwd").key == zones.zone("Middle/Earth", "Nowhere/Else").key == "UTC"
    assert zones.is_zone("Europe/Paris")
    assert not zones.is_zone("Middle/Earth")
