"""Figures: the median of several rounds, its spread, the aim, what it stands beside; all of it as JSON too."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench import machine
from bench.limits import Limits

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Figure:
    """``values`` has one value a round; ``baseline`` those of the same work without the server, in the same run."""

    name: str
    values: Sequence[float]
    unit: str
    aim: float | None = None
    """At most this much, as the median."""
    baseline: Sequence[float] = ()

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The middle 80 % of the rounds."""
        return quantile(self.values, 0.1), quantile(self.values, 0.9)

    @property
    def ratio(self) -> float | None:
        if not self.baseline or (direct := statistics.median(self.baseline)) <= 0:
            return None
        return self.median / direct

    def as_json(self) -> dict[str, Any]:
        low, high = self.spread
        return {
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "low": low,
            "high": high,
            "rounds": len(self.values),
            "aim": self.aim,
            "met": None if self.aim is None else self.median <= self.aim,
            "baseline": statistics.median(self.baseline) if self.baseline else None,
            "ratio": self.ratio,
        }


@dataclass(slots=True)
class Table:
    area: str
    title: str
    baseline: str = ""
    """What the ratios are to."""
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    """That it took to measure."""
    budget: float = 0.0
    """That it was to take, on two cores."""

    def add(self, *figures: Figure) -> None:
        self.figures += figures


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of them lie, between two neighbours in proportion."""
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at % 1)


def as_json(tables: Sequence[Table], limits: Limits, *, quick: bool) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "quick": quick,
        "machine": machine.machine(),
        "limits": limits.described or None,
        "areas": {
            table.area: {
                "title": table.title,
                "baseline": table.baseline,
                "figures": [figure.as_json() for figure in table.figures],
                "notes": table.notes,
                "seconds": round(table.seconds, 1),
                "budget": table.budget,
            }
            for table in tables
        },
    }
