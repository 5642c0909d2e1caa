"""How a usage object is read off its wire: as the end of a stream, and out of one answer."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from server.calls.meter import Meter
from server.gateway.surface import Surface
from server.ids import nanos
from server.wire.events import Usage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def dollars(amount: str | None) -> int | None:
    return None if amount is None else nanos(Decimal(amount))


def streamed(reader: Any, frames: Iterable[dict[str, Any]]) -> Usage:
    """The last word of a stream: a later usage replaces an earlier one, as the meter has it."""
    meter = Meter(None, 0)
    for frame in frames:
        for event in reader.read(frame):
            meter.see(event)
    for event in reader.end(True):
        meter.see(event)
    usage, source = meter.outcome(finished=True)
    assert source == "provider"
    return usage


def whole(surface: Surface, answer: dict[str, Any]) -> Usage:
    usage = surface.usage(answer)
    assert usage is not None
    return usage
