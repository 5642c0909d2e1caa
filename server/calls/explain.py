"""What became of one request, read from its rows in the ledger: every attempt, why it was made, its use and cost."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from server.errors import NotFound
from server.ids import instant
from server.money.dollars import full
from server.money.prices import Price
from server.store.tables import Call, StoredKey, User
from server.wire.events import BUCKETS, INPUTS

_calls = Call.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]
_users = User.__table__  # type: ignore[attr-defined]
_EACH = ("images", "web_searches")


def explain(connection: Connection, id: str, user_id: str | None = None) -> dict[str, Any]:
    """By the id of a request, of one of its calls, or of the message that it answered; with ``user_id`` only theirs.

    Raises NotFound.
    """
    query = (
        select(_calls, _keys.c.name.label("key_name"), _users.c.username)
        .outerjoin(_keys, _keys.c.id == _calls.c.key_id)
        .outerjoin(_users, _users.c.id == _calls.c.user_id)
        .where(_calls.c.imported_at.is_(None))
        .order_by(_calls.c.id)
    )
    if user_id is not None:
        query = query.where(_calls.c.user_id == user_id)
    for column in (_calls.c.request_id, _calls.c.id, _calls.c.message_id):
        rows = list(connection.execute(query.where(column == id)))
        if column is _calls.c.id and rows and rows[0].request_id:
            rows = list(connection.execute(query.where(_calls.c.request_id == rows[0].request_id)))
        if rows:
            return _explained(rows)
    raise NotFound(f"no call of this server belongs to {id}: it may have been refused before it reached one")


def _explained(rows: list[Row[Any]]) -> dict[str, Any]:
    last = rows[-1]
    costs = [row.cost_nanos for row in rows]
    return {
        "request_id": last.request_id,
        "kind": last.kind,
        "user": last.username or "deleted user",
        "key": last.key_name or ("deleted key" if last.key_id else None),
        "project": last.project,
        "endpoint": last.endpoint,
        "asked_model": last.asked_model or last.model,
        "conversation_id": last.conversation_id,
        "message_id": last.message_id,
        "attempts": [_attempt(row) for row in rows],
        "cost_nanos": None if None in costs else sum(costs),
    }


def lines(explained: dict[str, Any]) -> list[str]:
    """The same for a terminal."""
    who = " · ".join(str(explained[name]) for name in ("user", "key", "project") if explained[name])
    what = f"/v1/{explained['endpoint']}" if explained["endpoint"] else explained["kind"]
    shown = [
        f"request   {explained['request_id'] or '-'}",
        f"by        {who}",
        f"asked     {what} for {explained['asked_model']}",
    ]
    for number, attempt in enumerate(explained["attempts"], 1):
        shown += ["", *_attempt_lines(number, attempt)]
    return [*shown, "", f"total     {full(explained['cost_nanos'])}"]


def _attempt(row: Row[Any]) -> dict[str, Any]:
    return {
        "call_id": row.id,
        "started_at": instant(row.started_at),
        "provider": row.provider,
        "model": row.model,
        "model_served": row.model_served,
        "credential": f"{row.credential_id} …{row.credential_last4}" if row.credential_last4 else row.credential_id,
        "route": row.route,
        "reason": row.reason,
        "dropped": row.dropped or [],
        "status": row.status,
        "error": None if row.error_kind is None else {"kind": row.error_kind, "status": row.error_status},
        "first_token_ms": row.first_token_ms,
        "duration_ms": row.duration_ms,
        "usage_said": row.usage_raw,
        "usage": {bucket: getattr(row, bucket) for bucket in (*BUCKETS, *_EACH)},
        "usage_source": row.usage_source,
        "reserved_nanos": row.reserved_nanos,
        "cost_nanos": row.cost_nanos,
        "cost_state": "held" if row.status == "held" else row.cost_state,
        "price": {name: row.price[name] for name in ("source", "version")} if row.price else None,
        "arithmetic": _arithmetic(row),
    }


def _arithmetic(row: Row[Any]) -> list[dict[str, Any]]:
    """Count times price, a bucket a line; nothing where the price is not known or the provider said the cost."""
    if row.price is None or row.cost_state not in ("computed", "estimated"):
        return []
    price = Price.from_dict(row.price)
    # A row keeps the one service tier that it was billed at.
    card = price.card(next(iter(price.special), None))
    if card is None:
        return []
    counts = {bucket: getattr(row, bucket) for bucket in BUCKETS}
    rates = card.at(sum(counts[bucket] for bucket in INPUTS))
    found = []
    for bucket, count in counts.items():
        rate = getattr(rates, bucket)
        rate = rates.output if bucket == "reasoning" and rate is None else rate
        if count and rate is not None:
            found.append({"bucket": bucket, "tokens": count, "nanos_per_million": rate})
    if price.request:
        found.append({"bucket": "request", "count": 1, "nanos_each": price.request})
    if row.web_searches and price.web_search:
        found.append({"bucket": "web_searches", "count": row.web_searches, "nanos_each": price.web_search})
    if row.images:
        rest = row.cost_nanos - sum(_nanos(line) for line in found)
        found.append({"bucket": "images", "count": row.images, "nanos_each": round(rest / row.images)})
    return found


def _nanos(line: dict[str, Any]) -> float:
    if "tokens" in line:
        return float(line["tokens"] * line["nanos_per_million"] / 1_000_000)
    return float(line["count"] * line["nanos_each"])


def _attempt_lines(number: int, attempt: dict[str, Any]) -> list[str]:
    error = attempt["error"]
    ended = attempt["status"]
    if error:
        ended += f": {error['kind']}" + (f" ({error['status']})" if error["status"] else "")
    shown = [
        f"attempt {number} {attempt['started_at']}",
        f"  model       {attempt['provider']} {attempt['model']}" + _other(attempt),
        f"  credential  {attempt['credential']}",
        f"  route       {attempt['route'] or 'chat'}",
        f"  because     {attempt['reason'] or '-'}",
        f"  ended       {ended}, first token {_ms(attempt['first_token_ms'])}, all {_ms(attempt['duration_ms'])}",
    ]
    if attempt["dropped"]:
        shown.append(f"  dropped     {', '.join(attempt['dropped'])}")
    if attempt["usage_said"]:
        shown.append(f"  said        {_pairs(attempt['usage_said'].items())}")
    used = [(name, count) for name, count in attempt["usage"].items() if count]
    shown.append(f"  used        {_pairs(used) or 'nothing'} ({attempt['usage_source']})")
    shown += [f"              {_product(line)} ({line['bucket']})" for line in attempt["arithmetic"]]
    if attempt["arithmetic"] and attempt["price"]:
        shown.append(f"  price       {attempt['price']['source']} {attempt['price']['version']}")
    return [*shown, f"  cost        {full(attempt['cost_nanos'])} ({attempt['cost_state']})"]


def _product(line: dict[str, Any]) -> str:
    if "tokens" in line:
        return f"{line['tokens']} × {full(line['nanos_per_million'])} per million"
    return f"{line['count']} × {full(line['nanos_each'])}"


def _other(attempt: dict[str, Any]) -> str:
    served = attempt["model_served"]
    return f", served as {served}" if served and served != attempt["model"] else ""


def _pairs(items: Any) -> str:
    pairs: Sequence[tuple[str, Any]] = list(items)
    return ", ".join(f"{name} {value}" for name, value in pairs if value not in (None, 0, {}, []))


def _ms(value: int | None) -> str:
    return "-" if value is None else f"{value} ms"
