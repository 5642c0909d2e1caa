"""Where days, weeks and months begin in a person's time zone. Pure; takes and gives aware times."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Period = Literal["day", "week", "month"]

SLOT = 900
"""Seconds of a quarter hour: every zone's days are whole ones of them."""
SLOTS_A_DAY = 96


@lru_cache(maxsize=256)
def zone(name: str | None, default: str = "UTC") -> ZoneInfo:
    """The zone of this IANA name; where there is none of it, the default one."""
    try:
        return ZoneInfo(name or default)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC") if name in (None, "", default) else zone(default)


def is_zone(name: str) -> bool:
    """Whether this is the name of a zone."""
    return name == "UTC" or zone(name).key == name


def start(period: Period, place: ZoneInfo, at: datetime) -> datetime:
    """The beginning of the period that ``at`` is in; weeks begin on Monday."""
    day = at.astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "week":
        day -= timedelta(days=day.weekday())
    elif period == "month":
        day = day.replace(day=1)
    return day.astimezone(UTC)


def end(period: Period, place: ZoneInfo, at: datetime) -> datetime:
    """The beginning of the next one."""
    days = {"day": 1, "week": 7, "month": 32}[period]
    # From noon, so that no change of the clocks leads into another day.
    noon = start(period, place, at).astimezone(place).replace(hour=12) + timedelta(days=days)
    return start(period, place, noon)


def slot(at: datetime) -> int:
    """The quarter hour since 1970 that ``at`` is in."""
    return int(at.timestamp()) // SLOT
