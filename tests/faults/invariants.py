"""What has to be true of a seeded world when it has become quiet again, whatever happened in it."""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import select

from server.money import ledger
from server.store.engine import connect
from tests.books import check_rollups
from tests.faults.world import Disturbance, Done, World, files_of
from tests.upstream import Asked

QUIET = 40.0
"""Seconds after which everything that was begun must have ended."""
LAST_SECOND = 1.6
"""Seconds before a kill whose words may be missing: what is checkpointed once a second, and the writing of it."""
AT_ONCE = 0.3
"""Seconds for which a word may be on its way to a server that ends in good order."""
MEGABYTES = 280
SPARE_FILES = 4
_RUNNING = "SELECT count(*) FROM messages WHERE status IN ('pending', 'streaming')"
_HELD = "SELECT count(*) FROM calls WHERE status = 'held'"
_CHECKPOINTS = "SELECT count(*) FROM checkpoints"
_TWICE = "SELECT client_id, count(*) FROM messages WHERE role = 'user' GROUP BY client_id HAVING count(*) > 1"


async def check(world: World) -> None:
    await _send_again(world)
    await world.hang_up_all()
    await _become_quiet(world)
    await _still_serves(world)
    _check_process(world)
    with closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        for done in world.done:
            if done.ask.way == "page":
                _check_message(world, db, done)
            else:
                _check_answer(world, done)
        assert db.execute(_TWICE).fetchall() == []
    assert await world.process.end() in (0, -15)
    with closing(sqlite3.connect(world.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    await asyncio.to_thread(_check_ledger, world)


async def _send_again(world: World) -> None:
    """What was not acknowledged is sent again under the same name, as the page does."""
    for done in world.done:
        if done.ask.way == "page" and done.acknowledged is None:
            phone = world.phone(done.ask.person)
            body = {"client_id": done.client_id, "text": f"hello {done.ask.mark}", "parent_id": None}
            path = f"/api/conversations/{world.person(done.ask.person).conversation}/messages"
            done.acknowledged = await phone.post(path, body, expect=202)


async def _become_quiet(world: World) -> None:
    until = time.monotonic() + QUIET
    while time.monotonic() < until:
        left = _left(world)
        if not any(left.values()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"left over after {QUIET:.0f} s: {left}")


def _left(world: World) -> dict[str, Any]:
    with closing(sqlite3.connect(f"file:{world.database}?mode=ro", uri=True, timeout=10)) as db:
        found = {
            name: db.execute(query).fetchone()[0]
            for name, query in (("running", _RUNNING), ("held", _HELD), ("checkpoints", _CHECKPOINTS))
        }
    found["upstream"] = [one.path for one in world.upstream.calls if not one.over]
    found["clients"] = len(_clients(world.process.port))
    return found


def _clients(port: int) -> list[str]:
    """Connections that the server has open, as the kernel lists them; ours have all been closed."""
    wanted = f":{port:04X}"
    with Path("/proc/net/tcp").open() as table:
        rows = [line.split() for line in table][1:]
    return [row[2] for row in rows if row[1].endswith(wanted) and row[3] in ("01", "08")]


async def _still_serves(world: World) -> None:
    phone = world.phone(0)
    made = await phone.ask(f"hello <still {world.seed}>", model="gpt-5.1")
    if made["status"] != "done" and made["error"]["code"] == "rate_limit":
        # A storm at the very end: the provider asked for a pause, and the person is told how long.
        await asyncio.sleep(float(made["error"]["message"].removeprefix("rate limited, retry in ").removesuffix(" s")))
        made = await phone.ask(f"hello <still {world.seed}>", model="gpt-5.1")
    assert made["status"] == "done" or "overloaded" in str(made["error"]), made["error"]
    await phone.close()


def _check_process(world: World) -> None:
    pid = world.process.pid
    more = files_of(pid) - world.base
    assert len(more) <= SPARE_FILES, f"files left open: {sorted(more)}"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            assert int(line.split()[1]) < MEGABYTES * 1024, line


def _check_message(world: World, db: sqlite3.Connection, done: Done) -> None:
    where = f"{done.ask} acknowledged={done.acknowledged is not None} {done.error}"
    found = db.execute("SELECT * FROM messages WHERE client_id = ? AND role = 'user'", (done.client_id,)).fetchall()
    assert len(found) == 1, f"{len(found)} times: {where}"
    assert done.acknowledged is not None
    assert found[0]["id"] == done.acknowledged["message"]["id"], where
    assert found[0]["text"] == f"hello {done.ask.mark}", where
    replies = db.execute("SELECT * FROM messages WHERE parent_id = ?", (found[0]["id"],)).fetchall()
    assert len(replies) == 1, f"{len(replies)} replies: {where}"
    _check_reply(world, done, replies[0], where)


def _check_reply(world: World, done: Done, reply: Any, where: str) -> None:
    asked = world.asked(done.ask.mark)
    sent = asked[-1].sent if asked else ""
    where = f"{reply['status']}: {reply['error']}: {where}"
    if reply["status"] == "interrupted":
        assert world.disturbances, where
        assert sent.startswith(reply["text"]), f"{reply['text']!r} of {sent!r}: {where}"
        if asked and (end := _end_of(world, asked[-1])) is not None:
            known = _sent_until(asked[-1], end.began - (LAST_SECOND if end.kind == "kill" else AT_ONCE))
            assert len(reply["text"]) >= known, f"{len(reply['text'])} of {known} characters: {where}"
        return
    assert reply["status"] in ("done", "failed"), where
    assert reply["text"] == sent, (
        f"{reply['text'][-40:]!r} ({len(reply['text'])}) of {sent[-40:]!r} ({len(sent)}): {where}"
    )
    if reply["status"] == "done":
        assert asked[-1].finished or asked[-1].sent, where
    elif done.ask.weather == "fine" and not world.disturbed_during(done.began, done.ended):
        assert _weather_before(world, done), f"failed in fine weather: {where}"


def _end_of(world: World, asked: Asked) -> Disturbance | None:
    """Of the server that asked it: what the upstream goes on to say reaches no later one."""
    ends = (one for one in world.disturbances if one.kind in ("kill", "term") and one.gone > asked.at)
    return next((one for one in ends if _saying(asked, one)), None)


def _saying(asked: Asked, one: Disturbance) -> bool:
    """Whether the upstream was still at it when that began."""
    return not asked.finished or not asked.pieces or asked.pieces[-1][0] > one.began


def _sent_until(asked: Asked, moment: float) -> int:
    return max((length for at, length in asked.pieces if at <= moment), default=0)


def _weather_before(world: World, done: Done) -> bool:
    """A provider that failed is left alone for a while, which others feel too."""
    return any(one.ask.weather != "fine" and one.began < done.ended for one in world.done)


def _check_answer(world: World, done: Done) -> None:
    ask = done.ask
    if ask.manner == "leaves" or world.disturbed_during(done.began, done.ended):
        return
    where = f"{done.status} {done.error}: {ask}"
    assert not done.error, where
    assert done.status not in ((0,) if ask.weather == "5xx" else (0, 500)), f"{where}: {done.text[:300]}"
    asked = world.asked(ask.mark)
    if done.status == 200:
        sent = asked[-1].sent
        assert done.text == sent, f"{done.text[-40:]!r} ({len(done.text)}) of {sent[-40:]!r} ({len(sent)}): {where}"
    else:
        assert ask.weather != "fine" or _weather_before(world, done), f"{where}: {done.text[:300]}"


def _check_ledger(world: World) -> None:
    """The rows and the upstream's account: the same calls, each once, for the same tokens and dollars."""
    engine = connect(f"sqlite:///{world.database}")
    try:
        with engine.connect() as connection:
            rows = list(connection.execute(select(ledger.calls).order_by(ledger.calls.c.id)))
            check_rollups(connection, rows)
    finally:
        engine.dispose()
    asked = world.upstream.calls
    assert all(row.settled_at is not None for row in rows)
    done = Counter((row.input + row.cache_read, row.output + row.reasoning) for row in rows if row.status == "done")
    told = Counter((one.usage["input"], one.usage["output"]) for one in asked if one.finished and one.usage)
    assert not done - told, f"never told by the upstream: {done - told}"
    missing = told - done
    for (tokens, _), _count in missing.items():
        assert _may_end_otherwise(world, tokens - 1000), f"the upstream has <{tokens - 1000}> as done"
    away = [one for one in world.done if one.ask.manner == "leaves" or _was_disturbed(world, one)]
    # A program's call is held while it is asked: a kill in that moment leaves one of them without the other.
    assert len(asked) - len(rows) <= sum(one.ask.way != "page" for one in away if _was_disturbed(world, one))
    unheard = _unheard(world, rows)
    assert len(rows) - len(asked) <= len(away) + unheard, f"{len(rows)} rows for {len(asked)} calls"


def _unheard(world: World, rows: list[Any]) -> int:
    """Of a hundred connections at once the upstream may not take one: that attempt is a row, and costs nothing."""
    if "hundred" not in world.met:
        return 0
    free = [row for row in rows if row.error_kind == "network" and row.status == "failed" and not row.cost_nanos]
    mute = [one for one in world.upstream.calls if one.status == 200 and not one.events and one.usage is None]
    return max(0, len(free) - len(mute))


def _was_disturbed(world: World, done: Done) -> bool:
    return bool(world.disturbed_during(done.began, done.ended))


def _may_end_otherwise(world: World, number: int) -> bool:
    """Its client left, or the server did, before the end was read."""
    here = [one for one in world.done if one.ask.number == number]
    return not here or any(one.ask.manner == "leaves" or _was_disturbed(world, one) for one in here)
