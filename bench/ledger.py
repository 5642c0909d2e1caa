"""Ledger: what a year of calls costs those who look at them, and what writing one more costs."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table as Stored

from bench import proc, server
from bench.proc import MB
from bench.report import Figure, Table
from bench.run import Run
from bench.stopwatch import milliseconds
from server.ids import first_id, now
from server.money import ledger, rollup
from server.money.figures import OF_ROW, SPEED_OF_ROW, TOKENS
from server.store.engine import connect
from server.store.tables import Call
from server.wire.events import Usage
from tests.house import ADMIN
from tests.phone import Phone

CALLS, QUICK = 250_000, 50_000
DAYS = 365
PEOPLE, DEVICES, KEYS, TALKS = 6, 3, 3, 20_000
"""Devices and keys are each person's."""
MODELS = (
    ("openai", "gpt-5.1"),
    ("openai", "gpt-5.1-mini"),
    ("anthropic", "claude-opus-4-5"),
    ("anthropic", "claude-sonnet-5-5"),
    ("openrouter", "qwen/qwen3-max"),
    ("ollama", "qwen3"),
)
PRICE = '{"standard": {"input": 1250000000, "output": 10000000000}, "source": "bench", "version": "1"}'
AIM_MONTH, AIM_LOG, AIM_EXPORT, AIM_RECORD = 100.0, 30.0, 60.0, 1.0
_EMPTY = "`/health` of the same server, in turns"
BATCH = 50
"""Calls of one commit, as they come when it is busy."""


async def measure(run: Run) -> Table:
    count, rounds = (QUICK, 5) if run.quick else (CALLS, 20)
    data = run.folder / "data"
    table = Table("ledger", f"{count:,} calls in a year, of {PEOPLE} people with {len(MODELS)} models", _EMPTY)
    async with server.serving(run, data):
        pass
    database = server.database_in(data)
    began = time.monotonic()
    await asyncio.to_thread(fill, database, count)
    size = database.stat().st_size // 1_000_000
    table.notes.append(f"Written in {time.monotonic() - began:.0f} s; the file has {size} MB.")
    async with server.serving(run, data) as process:
        phone = await Phone(process.url).sign_in(*ADMIN)
        try:
            for name, path, aim in (
                ("dashboard of a month, everybody's", "/api/usage?range=month&scope=all", AIM_MONTH),
                ("dashboard of a month, one's own", "/api/usage?range=month", AIM_MONTH),
                ("dashboard of all, everybody's", "/api/usage?range=all&scope=all", None),
                ("log, its first page", "/api/usage/calls?scope=all&limit=50", AIM_LOG),
                ("log, one's own of one model", "/api/usage/calls?limit=50&model=gpt-5.1", AIM_LOG),
            ):
                seen, empty = [], []
                for _ in range(rounds):
                    empty.append(await milliseconds(phone.get("/health")))
                    seen.append(await milliseconds(phone.get(path)))
                table.add(Figure(name, seen[1:], "ms", aim=aim, baseline=empty[1:]))
            before = proc.memory(process.pid).rss
            took, size = await _export(phone)
            more = (proc.memory(process.pid).peak - before) / MB
            table.add(Figure("export as CSV, memory on top", [more], "MB", aim=AIM_EXPORT))
            table.add(Figure(f"export as CSV, {size // 1_000_000} MB", [took], "s"))
        finally:
            await phone.close()
    each = await asyncio.to_thread(record, database, 40 if run.quick else 100)
    table.add(Figure("recording one call, held and settled", each, "ms", aim=AIM_RECORD))
    return table


async def _export(phone: Phone) -> tuple[float, int]:
    """Seconds and bytes, read as they come."""
    began, size = time.perf_counter(), 0
    async with phone.http.stream("GET", "/api/usage/export?scope=all", timeout=600) as answer:
        async for piece in answer.aiter_raw():
            size += len(piece)
    return time.perf_counter() - began, size


def fill(database: Path, count: int) -> None:
    """Writes settled rows, then every sum of them at once, as settling each would have."""
    with closing(sqlite3.connect(database)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        (user,) = connection.execute("SELECT id FROM users").fetchone()
        names = [column.name for column in ledger.calls.columns]
        marks = ", ".join("?" * len(names))
        rows = ([row.get(name) for name in names] for row in _rows(user, count))
        connection.executemany(f"INSERT INTO calls ({', '.join(names)}) VALUES ({marks})", rows)
        slot = "CAST(strftime('%s', started_at) AS INTEGER) / 900"
        used = {name: f"SUM({each})" for name, each in (OF_ROW | SPEED_OF_ROW).items()}
        used |= {name: f"COALESCE({name}, '')" for name in rollup.DIMENSIONS}
        for table, at in ((rollup.slots, slot), (rollup.days, f"{slot} / 96")):
            _sum(connection, table, used | {table.columns.keys()[-1]: at, "slot": at, "day": at})
        tokens = " + ".join(f"({OF_ROW[name]})" for name in TOKENS)
        talks = {"slot": slot, "tokens": f"SUM({tokens})", "user_id": "user_id", "conversation_id": "conversation_id"}
        _sum(connection, rollup.conversation_slots, used | talks, "conversation_id IS NOT NULL")
        for scope, id in (("account", "user_id"), ("device", "device_id"), ("key", "key_id")):
            _sum(connection, rollup.totals, used | {"scope": f"'{scope}'", "id": id}, f"{id} IS NOT NULL")
        connection.commit()
        connection.execute("PRAGMA journal_mode=WAL")


def _sum(connection: sqlite3.Connection, table: Stored, columns: dict[str, str], where: str = "1") -> None:
    names = [column.name for column in table.columns]
    keys = ", ".join(columns[column.name] for column in table.primary_key if not columns[column.name].startswith("'"))
    connection.execute(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(columns[name] for name in names)}"
        f" FROM calls WHERE {where} GROUP BY {keys}"
    )


def _rows(user: str, count: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(6)
    began, step = now() - timedelta(days=DAYS), timedelta(days=DAYS) / count
    people = [user, *(first_id(began - timedelta(days=number)) for number in range(1, PEOPLE))]
    for number in range(count):
        at = began + number * step
        provider, model = dice.choice(MODELS)
        who = dice.randrange(PEOPLE)
        program, key = dice.random() < 0.5, dice.randrange(KEYS)
        read, hit, written = dice.randint(200, 9000), dice.randint(0, 4000), dice.randint(10, 2000)
        first = dice.randint(200, 1500)
        id = first_id(at)
        shown = at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        yield {
            "id": id[:10] + f"{number:016}",
            "status": "done" if dice.random() < 0.97 else "failed",
            "kind": "gateway" if program else "chat",
            "user_id": people[who],
            "device_id": None if program else f"{people[who][:-2]}d{dice.randrange(DEVICES)}",
            "key_id": f"{people[who][:-2]}k{key}" if program else None,
            "project": ("home", "work", None)[key] if program else None,
            "conversation_id": None if program else f"{people[who][:-5]}{number * TALKS // count:05}",
            "message_id": None if program else f"{id[:10]}{number:016}",
            "attempt": 1,
            "provider": provider,
            "model": model,
            "model_served": model,
            "credential_id": "env:openai",
            "credential_last4": "0001",
            "started_at": shown,
            "settled_at": shown,
            "first_token_ms": first,
            "duration_ms": first + dice.randint(300, 20_000),
            "input": read,
            "cache_read": hit,
            "cache_write_5m": 0,
            "cache_write_long": 0,
            "output": written,
            "reasoning": dice.randint(0, 500),
            "image_input": 0,
            "image_output": 0,
            "images": 0,
            "web_searches": 0,
            "usage_source": "provider",
            "cost_nanos": read * 1250 + written * 10_000,
            "cost_state": "computed",
            "saved_nanos": hit * 1125,
            "reserved_nanos": 0,
            "price": PRICE,
            "request_id": f"req_{id[:10]}{number:016}",
            "endpoint": "chat/completions" if program else None,
            "route": "same",
            "reason": "as asked",
        }


def record(database: Path, rounds: int) -> list[float]:
    """Milliseconds a call, of commits with several of them, as the server's writer makes them."""
    engine = connect(f"sqlite:///{database}")
    taken = []
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        connection.rollback()
        raw.execute("PRAGMA synchronous=FULL")
        for turn in range(rounds):
            began = time.perf_counter()
            with connection.begin():
                for number in range(BATCH):
                    row = _call(f"{first_id(datetime.now(UTC))[:10]}{turn:08}{number:08}", number)
                    ledger.hold(connection, row)
                    usage = Usage(input=900, cache_read=100, output=300, reasoning=40)
                    end = ledger.new_settlement(row.id, "done", usage, "provider", (4_000_000, "computed"))
                    ledger.settle(connection, end)
            taken.append((time.perf_counter() - began) * 1000 / BATCH)
    engine.dispose()
    return taken


def _call(id: str, number: int) -> Call:
    provider, model = MODELS[number % len(MODELS)]
    return Call(
        id=id,
        status="held",
        kind="gateway",
        user_id=f"user{number % PEOPLE}",
        device_id=f"device{number % DEVICES}",
        key_id=f"key{number % KEYS}",
        conversation_id=f"talk{number}",
        provider=provider,
        model=model,
        credential_id="env:openai",
        started_at=now(),
    )
