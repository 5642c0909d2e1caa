"""The days that a report is about, in its reader's time zone, and how they are cut into pieces to be drawn. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from server.errors import BadRequest
from server.money import zones

Name = Literal["today", "week", "month", "all", "custom"]
Bucket = Literal["day", "week", "month"]

MOST = 60
"""Pieces that fit on a screen."""
LATELY = 30
"""Days that are drawn beside a shorter range."""
HOURS = 24
FIRST, LAST = date(2000, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Span:
    """From ``first`` to ``last``, both in it."""

    name: Name
    first: date
    last: date
    place: ZoneInfo

    @property
    def slots(self) -> tuple[int, int]:
        """The quarter hours from the first one on, up to the one after the last."""
        return slot_of(self.first, self.place), slot_of(self.last + timedelta(days=1), self.place)

    @property
    def times(self) -> tuple[datetime, datetime]:
        start, end = (datetime.fromtimestamp(slot * zones.SLOT, UTC) for slot in self.slots)
        return start, end

    @property
    def drawn(self) -> "Span":
        """What is drawn over time: the range, or the last days where it is shorter."""
        if self.name in ("all", "custom"):
            return self
        return Span(self.name, min(self.first, self.last - timedelta(days=LATELY - 1)), self.last, self.place)

    def pieces(self) -> tuple[Bucket, list[date]]:
        """The first days of the days, weeks or months that it is drawn in."""
        if (self.last - self.first).days < MOST:
            return "day", list(_steps(self.first, self.last, 1))
        monday = self.first - timedelta(days=self.first.weekday())
        if (self.last - monday).days // 7 < MOST:
            return "week", list(_steps(monday, self.last, 7))
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        months = range(self.first.month - 1, self.first.month - 1 + count)
        return "month", [date(self.first.year + month // 12, month % 12 + 1, 1) for month in months]

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "timezone": self.place.key,
            "name": self.name,
        }


def span(name: Name, place: ZoneInfo, now: datetime, first: date | None = None, last: date | None = None) -> Span:
    """The range of this name as of ``now``. ``first`` is where `all` begins, and with ``last`` what `custom` is.

    Raises BadRequest.
    """
    today = now.astimezone(place).date()
    if name == "custom":
        if first is None:
            raise BadRequest("a range of your own needs `from`, a day such as 2026-01-31")
        until = last or max(today, first)
        if until < first:
            raise BadRequest("a range ends after it begins")
        if first < FIRST or until > LAST:
            raise BadRequest(f"a range lies between {FIRST} and {LAST}")
        return Span(name, first, until, place)
    if name == "all":
        return Span(name, min(first or today, today), today, place)
    period: zones.Period = "day" if name == "today" else name
    return Span(name, zones.start(period, place, now).astimezone(place).date(), today, place)


def slot_of(day: date, place: ZoneInfo) -> int:
    """The quarter hour with which a day begins."""
    return zones.slot(datetime(day.year, day.month, day.day, tzinfo=place))


def day_of(slot: int, place: ZoneInfo) -> date:
    return datetime.fromtimestamp(slot * zones.SLOT, place).date()


class Clock:
    """In which piece and at which hour of the day a quarter hour is."""

    def __init__(self, pieces: Iterable[date], place: ZoneInfo) -> None:
        self._place = place
        self._starts = [slot_of(day, place) for day in pieces]
        self._offsets: dict[int, int | None] = {}

    def piece(self, slot: int) -> int:
        return max(0, bisect_right(self._starts, slot) - 1)

    def hour(self, slot: int) -> int:
        offset = self._offset(slot // zones.SLOTS_A_DAY)
        if offset is None:
            return datetime.fromtimestamp(slot * zones.SLOT, self._place).hour
        return (slot * zones.SLOT + offset) // 3600 % HOURS

    def _offset(self, day: int) -> int | None:
        """Seconds from UTC, all through this UTC day; None where the clocks are changed in it."""
        if day not in self._offsets:
            ends = [datetime.fromtimestamp((day + at) * 86400, self._place).utcoffset() for at in (0, 1)]
            whole = ends[0] is not None and ends[0] == ends[1]
            self._offsets[day] = int(ends[0].total_seconds()) if whole and ends[0] is not None else None
        return self._offsets[day]


def _steps(first: date, last: date, days: int) -> Iterator[date]:
    for step in range((last - first).days // days + 1):
        yield first + timedelta(days=step * days)
