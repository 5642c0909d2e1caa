"""What calls used and cost, as numbers that can be added: the one reading of a ledger row that every sum is made of."""

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Integer, func, literal_column

from server.store.tables import Call

_calls = Call.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Figures:
    """What some calls used and cost. ``unknown`` calls have no known price and are not in ``cost_nanos``."""

    calls: int = 0
    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0
    image_input: int = 0
    image_output: int = 0
    cost_nanos: int = 0
    saved_nanos: int = 0
    """What the providers' caches saved, at each call's own price."""
    unknown: int = 0
    estimated: int = 0
    """Calls whose cost is an estimate."""

    @classmethod
    def of(cls, row: Any) -> "Figures":
        """From a row that has a column of each name."""
        return cls(*(getattr(row, name) for name in NAMES))

    @property
    def tokens(self) -> int:
        return sum(getattr(self, name) for name in TOKENS)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in NAMES))

    def as_values(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in NAMES}

    def as_json(self) -> dict[str, Any]:
        return self.as_values() | {"tokens": self.tokens, "estimated": self.estimated > 0}


TOKENS = ("input", "cache_read", "cache_write", "output", "reasoning", "image_input", "image_output")
NAMES = tuple(field.name for field in fields(Figures))


def _plain(sql: str) -> ColumnElement[int]:
    # Without bound values, which a Statement would want to be given every time.
    return literal_column(sql, Integer)


def _if(condition: str, value: str = "1") -> ColumnElement[int]:
    return _plain(f"CASE WHEN {condition} THEN {value} ELSE 0 END")


# Not `IS NOT NULL`: within RETURNING, SQLite 3.40 takes that for true whatever was written.
_MEASURED = "status = 'done' AND kind IN ('chat', 'gateway') AND COALESCE(first_token_ms, -1) >= 0"
_WROTE = f"{_MEASURED} AND duration_ms > first_token_ms"
_c = _calls.c

OF_ROW: dict[str, ColumnElement[int]] = {
    "calls": _plain("1"),
    "input": _c.input,
    "cache_read": _c.cache_read,
    "cache_write": _c.cache_write_5m + _c.cache_write_long,
    "output": _c.output,
    "reasoning": _c.reasoning,
    "image_input": _c.image_input,
    "image_output": _c.image_output,
    "cost_nanos": _plain("COALESCE(cost_nanos, 0)"),
    "saved_nanos": _c.saved_nanos,
    "unknown": _if("cost_state = 'unknown_price'"),
    "estimated": _if("cost_state = 'estimated'"),
}
"""What a settled row counts, in Figures."""

SPEED_OF_ROW: dict[str, ColumnElement[int]] = {
    "failed": _if("status IN ('failed', 'cut', 'killed')"),
    "first_token_ms": _if(_MEASURED, "first_token_ms"),
    "first_tokens": _if(_MEASURED),
    "output_ms": _if(_WROTE, "duration_ms - first_token_ms"),
    "output_tokens": _if(_WROTE, "output + reasoning"),
}
"""And how it went: what the rollups by time keep beside."""


def sums() -> list[ColumnElement[int]]:
    """The columns of a query for the Figures of many rows of the ledger."""
    return [func.coalesce(func.sum(each), 0, type_=Integer).label(name) for name, each in OF_ROW.items()]
