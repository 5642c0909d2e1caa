"""Reads decoded JSON that may not look as documented: a wrong type is an absent value, never an exception."""

from typing import Any

MOST = 10**9
"""More than this is no count of anything here, and many of them still fit where they are added up."""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in items(value) if isinstance(item, dict)]


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def name(value: Any) -> str | None:
    """A non-empty string, or None."""
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int:
    """A number of something: 0 when it is missing, negative or no number, and at most ``MOST``.

    Not 0 where it is more: a limit that a request names so high would be taken for none at all.
    """
    if value is None:
        return 0
    if type(value) is int:
        return value if 0 < value <= MOST else MOST if value > 0 else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return min(max(0, int(value)), MOST) if value == value and abs(value) != float("inf") else 0


def integer(value: Any) -> int | None:
    """One that a column can hold, or None."""
    fits = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return value if fits else None


def has_audio(*details: dict[str, Any]) -> bool:
    """Whether any of these parts of a usage object counts tokens of sound, which have prices of their own."""
    return any(count(one.get("audio_tokens")) > 0 for one in details)
