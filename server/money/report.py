"""What was used and what it cost, over time and by everything it can be asked for: the one report behind the
dashboard, the panel, the admin's address and the command line. From the kept sums only, never from the rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, select

from server.ids import now
from server.money import budgets, slices
from server.money.figures import NAMES, Figures
from server.money.rollup import DIMENSIONS
from server.money.slices import SUMS, Whose
from server.money.span import HOURS, Clock, Name, Span, day_of, span
from server.providers.known import PROVIDERS
from server.store.tables import Device, StoredKey, User

_users: Table = User.__table__  # type: ignore[attr-defined]
_keys: Table = StoredKey.__table__  # type: ignore[attr-defined]
_devices: Table = Device.__table__  # type: ignore[attr-defined]

CONVERSATIONS = 10
GROUPS = ("model", "provider", "kind", "key", "project", "user", "device")

_Line = tuple[Any, ...]
_AT = {name: index for index, name in enumerate((*DIMENSIONS, *SUMS))}
_FIGURES = slice(_AT[NAMES[0]], _AT[NAMES[-1]] + 1)
_IDS: dict[str, Callable[[_Line], str]] = {
    "model": lambda line: f"{line[_AT['provider']]}/{line[_AT['model']]}",
    "provider": lambda line: str(line[_AT["provider"]]),
    "kind": lambda line: str(line[_AT["kind"]]),
    "key": lambda line: str(line[_AT["key_id"]]),
    "project": lambda line: str(line[_AT["project"]]),
    "user": lambda line: str(line[_AT["user_id"]]),
    "device": lambda line: str(line[_AT["device_id"]]),
}
_NAMED = {"key": (_keys, _keys.c.name), "user": (_users, _users.c.username), "device": (_devices, _devices.c.name)}


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom the report is. ``place`` is where their days begin, ``default_zone`` where others' do."""

    whose: Whose
    place: ZoneInfo
    default_zone: str
    reader_id: str | None = None
    """Who may see the titles of their own conversations."""


def period(
    connection: Connection, asked: Asked, name: Name, first: date | None = None, last: date | None = None
) -> Span:
    """The range as of now, in the place of who asks. Raises BadRequest."""
    if name == "all":
        slot = slices.first_slot(connection, asked.whose)
        first = None if slot is None else day_of(slot, asked.place)
    return span(name, asked.place, now(), first, last)


def report(connection: Connection, asked: Asked, over: Span) -> dict[str, Any]:
    """The dashboard, as JSON has it."""
    lines = slices.lines(connection, asked.whose, *over.slots)
    by = {group: _grouped(lines, _IDS[group]) for group in GROUPS}
    names = {group: _names(connection, group, by[group]) for group in GROUPS}
    total = _sum(lines)
    return {
        "range": over.as_json(),
        "cards": _cards(connection, asked, over, total),
        "budget": _budget(connection, asked),
        "total": total.as_json(),
        "by": {
            group: [{"id": id, "name": names[group](id)} | figures.as_json() for id, figures in by[group].items()]
            for group in GROUPS
            if group != "user" or asked.whose.user_id is None
        },
        **_over_time(connection, asked.whose, over),
        "conversations": _conversations(connection, asked, over),
        "speed": _speed(lines),
    }


def today(connection: Connection, user_id: str, place: ZoneInfo) -> dict[str, Any]:
    """The figures of a person's day, and what each hour of it cost so far."""
    at = now()
    over, whose = span("today", place, at), Whose(user_id)
    hours = [0] * (at.astimezone(place).hour + 1)
    clock = Clock([over.first], place)
    for slot, (cost, _, _) in slices.over_time(connection, whose, *over.slots):
        hours[min(clock.hour(slot), len(hours) - 1)] += cost
    return slices.figures(connection, whose, *over.slots).as_json() | {"hours": hours}


def _sum(lines: Iterable[_Line]) -> Figures:
    return Figures(*(sum(column) for column in zip(*(line[_FIGURES] for line in lines), strict=True)))


def _grouped(lines: Iterable[_Line], id_of: Callable[[_Line], str]) -> dict[str, Figures]:
    """By what it was used for, the dearest first; what was used without one is left out."""
    groups: dict[str, list[_Line]] = {}
    for line in lines:
        groups.setdefault(id_of(line), []).append(line)
    found = {id: _sum(some) for id, some in groups.items() if id}
    return dict(sorted(found.items(), key=lambda item: (-item[1].cost_nanos, -item[1].tokens, item[0])))


def _names(connection: Connection, group: str, ids: Iterable[str]) -> Callable[[str], str]:
    """How the ids of a group are called; what they belonged to may be gone."""
    if group == "model":
        return lambda id: id.partition("/")[2]
    if group == "provider":
        return lambda id: PROVIDERS[id].title if id in PROVIDERS else id
    if group not in _NAMED:
        return lambda id: id
    table, column = _NAMED[group]
    query = select(table.c.id, column).where(table.c.id.in_(list(ids)))
    known: dict[str, str] = {row[0]: row[1] for row in connection.execute(query)}
    return lambda id: known.get(id, f"deleted {group}")


def _cards(connection: Connection, asked: Asked, over: Span, total: Figures) -> dict[str, Any]:
    """``total`` is what the range has: one of the cards often has the same."""
    spans: dict[Name, Span] = {name: period(connection, asked, name) for name in ("today", "week", "month", "all")}
    cards = {
        name: (total if one.slots == over.slots else slices.figures(connection, asked.whose, *one.slots)).as_json()
        for name, one in spans.items()
        if name != "all"
    }
    since = spans["all"].first.isoformat()
    return cards | {"all": slices.ever(connection, asked.whose).as_json() | {"since": since}}


def _budget(connection: Connection, asked: Asked) -> dict[str, Any] | None:
    """What may be spent in a month, of the person or of the server."""
    scope, subject = ("server", "") if asked.whose.user_id is None else ("user", asked.whose.user_id)
    for budget in budgets.every(connection, asked.default_zone):
        if (budget.scope, budget.subject_id, budget.period) == (scope, subject, "month"):
            spent = budgets.spent(connection, budget, now())
            return {"limit_nanos": budget.limit_nanos, "spent_nanos": spent, "period": "month"}
    return None


def _over_time(connection: Connection, whose: Whose, over: Span) -> dict[str, Any]:
    """The hours of the day over the range, and what is drawn over time."""
    drawn = over.drawn
    bucket, pieces = drawn.pieces()
    clock = Clock(pieces, over.place)
    days, hours = [[[0, 0, 0] for _ in range(count)] for count in (len(pieces), HOURS)]
    begin, end = over.slots
    for slot, sums in slices.over_time(connection, whose, drawn.slots[0], end):
        places = [days[clock.piece(slot)]]
        if slot >= begin:
            places.append(hours[clock.hour(slot)])
        for place in places:
            place[:] = [a + b for a, b in zip(place, sums, strict=True)]
    return {
        "hours": [_moment(sums) for sums in hours],
        "bucket": bucket,
        "days": [{"date": day.isoformat()} | _moment(sums) for day, sums in zip(pieces, days, strict=True)],
    }


def _moment(sums: list[int]) -> dict[str, int]:
    return dict(zip(("cost_nanos", "calls", "tokens"), sums, strict=True))


def _conversations(connection: Connection, asked: Asked, over: Span) -> list[dict[str, Any]]:
    """The dearest ones. Of somebody else's only what it cost is told."""
    return [
        {
            "id": row.conversation_id,
            "title": row.title if row.user_id == asked.reader_id else None,
            "model": row.model if row.user_id == asked.reader_id else None,
            "cost_nanos": row.cost_nanos,
            "tokens": row.tokens,
            "calls": row.calls,
        }
        for row in slices.dearest(connection, asked.whose, *over.slots, CONVERSATIONS)
    ]


def _speed(lines: Iterable[_Line]) -> list[dict[str, Any]]:
    """By model, where it was measured: how long the first token took, and how fast the others came."""
    sums: dict[str, dict[str, int]] = {}
    for line in lines:
        known = sums.setdefault(_IDS["model"](line), dict.fromkeys(SUMS, 0))
        for name in ("first_tokens", "first_token_ms", "output_ms", "output_tokens"):
            known[name] += line[_AT[name]]
    found = [
        {
            "id": id,
            "name": id.partition("/")[2],
            "first_token_ms": round(one["first_token_ms"] / one["first_tokens"]),
            "tokens_per_second": round(one["output_tokens"] * 1000 / one["output_ms"], 1) if one["output_ms"] else None,
            "calls": one["first_tokens"],
        }
        for id, one in sums.items()
        if one["first_tokens"]
    ]
    return sorted(found, key=lambda one: -one["calls"])
