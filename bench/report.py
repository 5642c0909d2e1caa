"""Figures as Markdown and as JSON: the median of several rounds, its spread, the aim, what it stands beside."""

import math
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
        if not self.baseline or not (direct := statistics.median(self.baseline)):
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

    def add(self, *figures: Figure) -> None:
        self.figures += figures


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of them lie, between two neighbours in proportion."""
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    return low + (high - low) * (at % 1)


def heading(*, quick: bool) -> str:
    hasty = " A quick run: few rounds, rough figures." if quick else ""
    return f"# Figures\n\n{_sentence(machine())}{hasty} Medians; the spread is the middle 80 % of the rounds.\n"


def markdown(table: Table) -> str:
    ratios = any(figure.baseline for figure in table.figures)
    head = ["figure", "median", "spread", "aim", "rounds"]
    if ratios:
        head += ["compared", "ratio"]
    lines = [f"## {table.title}", "", _row(head), _row(["---"] + ["---:"] * (len(head) - 1))]
    for figure in table.figures:
        cells = [
            figure.name,
            _amount(figure.median, figure.unit),
            "–".join(_number(value) for value in figure.spread) if len(figure.values) > 1 else "",
            _aim(figure),
            str(len(figure.values)),
        ]
        if ratios:
            direct = _amount(statistics.median(figure.baseline), figure.unit) if figure.baseline else ""
            cells += [direct, f"{figure.ratio:.2f}" if figure.ratio is not None else ""]
        lines.append(_row(cells))
    if table.baseline:
        lines += ["", f"Compared with {table.baseline}."]
    for note in table.notes:
        lines += ["", note]
    return "\n".join(lines) + "\n"


def as_json(tables: Sequence[Table], *, quick: bool) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "quick": quick,
        "machine": machine(),
        "areas": {
            table.area: {
                "title": table.title,
                "baseline": table.baseline,
                "figures": [figure.as_json() for figure in table.figures],
                "notes": table.notes,
            }
            for table in tables
        },
    }


def machine() -> dict[str, Any]:
    cpu = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith(("model name", "Model"))
    ]
    memory = [int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")]
    return {
        "cpu": cpu[0] if cpu else platform.machine(),
        "architecture": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory[0] // 1024 if memory else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _sentence(seen: dict[str, Any]) -> str:
    return (
        f"On {seen['cores']} cores ({seen['cpu']}, {seen['architecture']}) with {seen['memory_mb']} MB, "
        f"Linux {seen['kernel']}, Python {seen['python']}; load {seen['load']} at the start."
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    return f"≤ {_amount(figure.aim, figure.unit)} {'✓' if figure.median <= figure.aim else '✗'}"


def _amount(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".strip()


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
