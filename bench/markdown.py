"""Figures as Markdown: a table for each area, and what they are of."""

import statistics
from collections.abc import Sequence

from bench import machine
from bench.limits import Limits
from bench.report import Figure, Table


def heading(limits: Limits, *, quick: bool) -> str:
    said = [machine.sentence(machine.machine()), limits.described]
    said += ["A quick run: few rounds, rough figures."] if quick else []
    said += ["Medians; the spread is the middle 80 % of the rounds."]
    return f"# {limits.title}\n\n{' '.join(filter(None, said))}\n"


def of(table: Table) -> str:
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


def ending(tables: Sequence[Table]) -> str:
    """How long it took, and how long it should have."""
    lines = ["## What the run took", "", _row(["area", "seconds", "to be"]), _row(["---", "---:", "---:"])]
    lines += [_row([table.area, f"{table.seconds:.0f}", f"{table.budget:.0f}"]) for table in tables]
    took, budget = sum(table.seconds for table in tables), sum(table.budget for table in tables)
    lines += [_row(["all", f"{took:.0f}", f"{budget:.0f}"])]
    return "\n".join(lines) + "\n"


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
