"""Added up by hand: what every kept sum of the ledger has to be."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

from server.money import rollup
from server.money.figures import NAMES, TOKENS


def sums(rows: list[Any]) -> Counter[str]:
    """What these rows come to."""
    found: Counter[str] = Counter(dict.fromkeys((*NAMES, "tokens"), 0))
    for row in rows:
        found["calls"] += 1
        found["cache_write"] += row.cache_write_5m + row.cache_write_long
        found["cost_nanos"] += row.cost_nanos or 0
        found["unknown"] += row.cost_state == "unknown_price"
        found["estimated"] += row.cost_state == "estimated"
        for name in set(NAMES) & {"saved_nanos", *TOKENS} - {"cache_write"}:
            found[name] += getattr(row, name)
    found["tokens"] = sum(found[name] for name in TOKENS)
    return found


def check_rollups(connection: Connection, rows: list[Any]) -> None:
    """Every kept sum is the sum of its rows."""
    whole = sums(rows)
    for table in (rollup.slots, rollup.days):
        kept = list(connection.execute(table.select()))
        assert {name: sum(getattr(row, name) for row in kept) for name in NAMES} == {n: whole[n] for n in NAMES}
        assert sum(row.failed for row in kept) == sum(row.status in ("failed", "cut", "killed") for row in rows)
    for row in connection.execute(rollup.totals.select()):
        column = {"account": "user_id", "device": "device_id", "conversation": "conversation_id", "key": "key_id"}
        mine = sums([one for one in rows if getattr(one, column[row.scope]) == row.id])
        assert {name: getattr(row, name) for name in NAMES} == {name: mine[name] for name in NAMES}
    talks = sums([row for row in rows if row.conversation_id])
    kept = list(connection.execute(rollup.conversation_slots.select()))
    for name in ("calls", "tokens", "cost_nanos"):
        assert sum(getattr(row, name) for row in kept) == talks[name]
