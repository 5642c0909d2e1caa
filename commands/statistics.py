"""/stats: what this device and the account used and cost, and this conversation beside them."""

from collections.abc import Callable, Sequence
from typing import Any

from commands.context import Context
from commands.registry import command
from commands.results import Result, Table
from server.money.dollars import dollars

_LINES: tuple[tuple[str, Callable[[dict[str, Any]], str]], ...] = (
    ("calls", lambda sums: f"{sums['calls']:,}"),
    ("input", lambda sums: f"{sums['input']:,}"),
    ("cache read", lambda sums: f"{sums['cache_read']:,}"),
    ("cache write", lambda sums: f"{sums['cache_write']:,}"),
    ("output", lambda sums: f"{sums['output']:,}"),
    ("thinking", lambda sums: f"{sums['reasoning']:,}"),
    ("pictures", lambda sums: f"{sums['image_input'] + sums['image_output']:,}"),
    ("cost", lambda sums: _cost(sums)),
    ("cache saved", lambda sums: dollars(sums["saved_nanos"])),
)


@command("stats", "show what this device and your account used and cost")
async def stats(context: Context) -> Sequence[Result]:
    found = await context.replies.feed.statistics(context.user_id, context.device_id, context.conversation_id)
    scopes = [scope for scope in ("conversation", "device", "account") if found[scope] is not None]
    rows = tuple((name, *(value(found[scope]) for scope in scopes)) for name, value in _LINES)
    return [Table("used", ("", *(f"this {scope}" if scope != "account" else scope for scope in scopes)), rows)]


def _cost(sums: dict[str, Any]) -> str:
    """What has no known price is said, not left out."""
    if sums["unknown"] and not sums["cost_nanos"]:
        return "$?"
    return ("~" if sums["estimated"] else "") + dollars(sums["cost_nanos"]) + ("+?" if sums["unknown"] else "")
