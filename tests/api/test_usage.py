"""What people see of what was used: their own, of any range, by anything; and what is let go of changes no sum."""

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from server.ids import now
from server.money import ledger, retention
from server.ops.janitor import Janitor, give_back
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_a_member_sees_their_own_and_an_admin_everybodys(phone: Phone, bob: Phone, root: Phone) -> None:
    mine = await phone.ask("hello", model="gpt-5.1", title="=sum(1)")
    await phone.ask("hello", model="claude-sonnet-4-5")
    await bob.ask("hello", model="gpt-5.1")
    found = await phone.get("/api/usage")
    assert found["total"]["calls"] == 2 and found["cards"]["today"] == found["cards"]["month"]
    assert found["total"]["cost_nanos"] == sum(line["cost_nanos"] for line in found["by"]["model"]) > 0
    assert "user" not in found["by"] and found["by"]["key"] == found["by"]["project"] == []
    assert [line["name"] for line in found["by"]["kind"]] == ["chat"]
    assert {one["id"]: one["title"] for one in found["conversations"]}[mine["conversation_id"]] == "=sum(1)"
    costs = [one["cost_nanos"] for one in found["conversations"]]
    assert costs == sorted(costs, reverse=True) and sum(costs) == found["total"]["cost_nanos"]
    assert len(found["days"]) == 30 and found["days"][-1]["calls"] == 2
    assert sum(hour["calls"] for hour in found["hours"]) == 2 and len(found["hours"]) == 24
    (speed, *_) = found["speed"]
    assert speed["calls"] == 1 and speed["first_token_ms"] >= 0

    (line, *_) = found["by"]["model"]
    only = await phone.get(f"/api/usage?range=week&model={line['id']}")
    assert (
        only["total"]
        == {name: line[name] for name in only["total"]}
        == {n: only["cards"]["all"][n] for n in line if n in only["total"]}
    )
    await phone.get("/api/usage?scope=all", expect=403)
    await phone.get("/api/usage/export?scope=all", expect=403)

    whole = await root.get("/api/usage?scope=all&range=all")
    assert [line["name"] for line in whole["by"]["user"]] and whole["total"]["calls"] == 3
    assert {one["title"] for one in whole["conversations"]} == {None}
    assert (await root.get("/api/usage"))["total"]["calls"] == 0
    theirs = await phone.get(f"/api/usage?user={bob.session['user']['id']}")
    assert theirs["total"]["calls"] == 0


async def test_days_are_those_of_the_reader(phone: Phone) -> None:
    await phone.ask("hello")
    for name in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await phone.call("PATCH", "/api/preferences", {"timezone": name})
        shown = datetime.now(ZoneInfo(name))
        found = await phone.get("/api/usage?range=today")
        assert found["range"] == {"from": str(shown.date()), "to": str(shown.date()), "timezone": name, "name": "today"}
        assert [hour["calls"] for hour in found["hours"]].index(1) in (shown.hour, (shown.hour - 1) % 24)
        day = (await phone.get("/api/statistics"))["day"]
        assert day["calls"] == 1 and sum(day["hours"]) == day["cost_nanos"] and len(day["hours"]) == shown.hour + 1
    before = (shown - timedelta(days=1)).date()
    assert (await phone.get(f"/api/usage?from={before}&to={before}"))["total"]["calls"] == 0
    await phone.get("/api/usage?range=custom", expect=400)
    await phone.get("/api/usage?from=2026-02-01&to=2026-01-01", expect=400)


async def test_an_export_has_the_rows_as_they_stood_and_no_formula(
    phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    await bob.ask("hello")
    reply = await phone.ask("hello", model="gpt-5.1")
    upstream.script(Answer(text="word " * 99, hold_after=5))
    running = await phone.send(reply["conversation_id"], "go on")
    await phone.until(running["reply"]["id"], lambda message: message["text"])
    answer = await phone.http.get("/api/usage/export")
    assert answer.headers["content-type"].startswith("text/csv") and ".csv" in answer.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["user"], row["status"], row["cost_nanos"]) == ("ada", "done", str(reply["cost_nanos"]))
    told = await phone.get("/api/usage/export?format=json&range=today")
    assert told["calls"][0]["id"] == row["id"] and len(told["calls"]) == 1
    assert (await phone.get("/api/usage/export?format=json&kind=title"))["calls"] == []
    upstream.release()
    await phone.ended(running["reply"]["id"])


async def test_stats_says_what_this_device_and_the_account_used(phone: Phone, laptop: Phone) -> None:
    await laptop.ask("hello")
    reply = await phone.ask("hello")
    (table,) = await phone.run("/stats", reply["conversation_id"])
    assert table["columns"] == ["", "this conversation", "this device", "account"]
    lines = {row[0]: row[1:] for row in table["rows"]}
    assert lines["calls"] == ["1", "1", "2"] and lines["cost"][0] == lines["cost"][1] != lines["cost"][2]


async def test_what_is_let_go_of_changes_no_sum_and_gives_its_space_back(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    replies = [await phone.ask(f"hello {number}", model="gpt-5.1") for number in range(3)]
    branch = await phone.post(f"/api/conversations/{replies[0]['conversation_id']}/clone")
    database = house.services.database

    async def figures() -> Any:
        found = await phone.get("/api/usage?range=all")
        shown = [await phone.message(reply["id"]) for reply in replies]
        usage = [[one["usage"], one["cost_nanos"], one["cost_state"]] for one in shown]
        page = await phone.get(f"/api/conversations/{branch['id']}")
        return found, usage, await phone.get("/api/statistics"), page["messages"][-1]["usage"]

    before = await figures()
    later = now() + timedelta(minutes=1)

    def raw(connection: Connection) -> list[Any]:
        return [row.usage_raw for row in connection.execute(ledger.calls.select())]

    assert all(await database.read(raw))
    assert not await database.write(lambda connection: retention.forget_some(connection, later))
    assert await database.read(raw) == [None] * 3
    assert not await database.write(lambda connection: retention.drop_some(connection, now() - timedelta(days=1)))
    assert len(await database.read(raw)) == 3
    assert not await database.write(lambda connection: retention.drop_some(connection, later))
    assert await database.read(raw) == []
    assert await figures() == before

    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE much (data BLOB)")
        connection.exec_driver_sql("INSERT INTO much VALUES (zeroblob(4000000))")

    def free(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())

    await database.write(fill)
    await database.write(lambda connection: connection.exec_driver_sql("DROP TABLE much"))
    assert await database.read(free) > 3000
    await Janitor(database, 1, 1).tidy()
    assert await database.read(free) <= 2000
    assert not await database.write(give_back)
