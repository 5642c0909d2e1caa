"""Budgets over HTTP and by command: who sees them, who sets them, and that a send over one loses nothing."""

import asyncio
from typing import Any

import pytest

from server.calls.book import payers
from server.calls.quote import Quote
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
DOLLAR = 1_000_000_000


async def put(phone: Phone, scope: str, subject: str, limit: str, period: str = "month", expect: int = 200) -> Any:
    wanted = {"scope": scope, "subject_id": subject, "period": period, "limit": limit}
    answer = await phone.call("PUT", "/api/budgets", wanted, expect=expect)
    return answer.get("budget")


async def shown(phone: Phone, query: str = "") -> list[tuple[str, str, str, int]]:
    found = (await phone.get(f"/api/budgets{query}"))["budgets"]
    return [(one["scope"], one["subject"]["name"], one["period"], one["limit_nanos"]) for one in found]


async def test_an_admin_sets_everybodys_and_a_member_those_of_their_keys_and_projects(
    phone: Phone, root: Phone, bob: Phone
) -> None:
    ada = phone.session["user"]["id"]
    made = await phone.post("/api/virtual-keys", {"name": "laptop", "project": "home", "limit_nanos": 5 * DOLLAR})
    await bob.post("/api/virtual-keys", {"name": "his", "project": "shared"})
    await phone.post("/api/virtual-keys", {"name": "second", "project": "shared"})
    first = await put(root, "user", ada, "30")
    assert (first["limit_nanos"], first["spent_nanos"], first["state"]) == (30 * DOLLAR, 0, "ok")
    assert first["resets_at"].endswith("-01T00:00:00Z")
    assert await put(root, "user", ada, "30.00") == first
    await put(root, "server", "", "100", "day")
    await put(phone, "key", made["id"], "1.5", "day")
    await put(phone, "project", "home", "2", "total")
    mine = [
        ("key", "laptop", "total", 5 * DOLLAR),
        ("key", "laptop", "day", 1_500_000_000),
        ("project", "home", "total", 2 * DOLLAR),
        ("user", "ada", "month", 30 * DOLLAR),
    ]
    assert sorted(await shown(phone)) == sorted(mine)
    assert sorted(await shown(root, "?scope=all")) == sorted([*mine, ("server", "", "day", 100 * DOLLAR)])
    assert await shown(bob) == []
    may = (await phone.get("/api/budgets"))["subjects"]
    assert [(one["scope"], one["name"]) for one in may] == [
        ("project", "home"),
        ("project", "shared"),
        ("key", "laptop"),
        ("key", "second"),
    ]
    assert [one["owner"] for one in may] == [None, None, "ada", "ada"]
    # What is not one's own to set.
    await phone.get("/api/budgets?scope=all", expect=403)
    for scope, subject, expect in (
        ("user", ada, 403),
        ("server", "", 403),
        ("project", "shared", 403),
        ("project", "elsewhere", 404),
    ):
        await put(phone, scope, subject, "1", expect=expect)
    await put(bob, "key", made["id"], "1", expect=404)
    await bob.call("DELETE", f"/api/budgets/{first['id']}", expect=404)
    await phone.call("DELETE", f"/api/budgets/{first['id']}", expect=403)
    for scope, subject, limit, expect in (
        ("user", "nobody", "1", 404),
        ("key", "", "1", 404),
        ("user", ada, "0", 400),
        ("user", ada, "much", 422),
    ):
        await put(root, scope, subject, limit, expect=expect)
    await root.call("DELETE", f"/api/budgets/{first['id']}", expect=204)
    await root.call("DELETE", f"/api/budgets/{first['id']}", expect=404)
    assert ("user", "ada", "month", 30 * DOLLAR) not in await shown(phone)


async def test_the_command_shows_sets_and_takes_away(phone: Phone, root: Phone) -> None:
    await phone.post("/api/virtual-keys", {"name": "laptop", "project": "home"})
    (said,) = await phone.run("/budget")
    assert said["text"].startswith("no budget")
    (said,) = await phone.run("/budget month 3 --for key:laptop")
    assert (said["text"], said["undo"]) == (
        "the budget of laptop: $3.00 per month",
        "/budget month off --for key:laptop",
    )
    (said,) = await phone.run("/budget month 2,50 --for key:laptop")
    assert said["undo"] == "/budget month 3 --for key:laptop"
    (table,) = await phone.run("/budget")
    assert table["rows"][0][:4] == ["key laptop", "month", "░░░░░░░░░░ 0%", "$0.00 / $2.50"]
    (said,) = await phone.run("/budget off --for key:laptop")
    assert (said["text"], said["undo"]) == ("the budget of laptop is removed", "/budget month 2.5 --for key:laptop")
    await phone.run("/budget total 1234567.89 --for key:laptop")
    (said,) = await phone.run("/budget total 5 --for key:laptop")
    assert said["undo"] == "/budget total 1234567.89 --for key:laptop"
    await phone.run("/budget off --for key:laptop")
    for line, status in (
        ("/budget month 30", 403),
        ("/budget month", 400),
        ("/budget month lots", 400),
        ("/budget month 1,000", 400),
        ("/budget month 1e999990", 400),
        ("/budget month 3 --for user:ada", 403),
        ("/budget month 3 --for user:nobody", 403),
        ("/budget month 3 --for me", 400),
        ("/budget month 3 --for key:nobodys", 404),
        ("/budget month 3 --for project:nobodys", 404),
    ):
        await phone.post("/api/commands", {"line": line}, expect=status)
    (said,) = await root.run("/budget month 30 --for user:Ada")
    assert said["text"] == "the budget of Ada: $30.00 per month"
    assert await shown(phone) == [("user", "ada", "month", 30 * DOLLAR)]
    values = (await root.get("/api/commands/budget/values?argument=for"))["values"]
    assert [one["value"] for one in values] == ["server", "user:root", "user:ada", "project:home", "key:laptop"]


async def test_two_people_with_a_key_of_one_name_are_told_apart(
    house: House, phone: Phone, root: Phone, bob: Phone
) -> None:
    for one in (phone, bob, phone):
        await one.post("/api/virtual-keys", {"name": "laptop"})
    await house.services.users.create("Ödön", "a long password")
    said = await root.post("/api/commands", {"line": "/budget month 3 --for key:laptop"}, expect=400)
    assert said["error"]["message"] == "ada, bob have a key laptop each: write key:laptop@ada"
    (said,) = await root.run("/budget month 3 --for key:laptop@bob")
    assert said["undo"] == "/budget month off --for key:laptop@bob"
    assert await shown(bob) == [("key", "laptop", "month", 3 * DOLLAR)]
    await phone.run("/budget month 4 --for key:laptop")
    await phone.post("/api/commands", {"line": "/budget month 3 --for key:laptop@bob"}, expect=404)
    await root.run("/budget month 5 --for user:ÖDÖN")
    values = (await root.get("/api/commands/budget/values?argument=for"))["values"]
    assert [one["value"] for one in values if "laptop" in one["value"]] == ["key:laptop@ada", "key:laptop@bob"]


async def test_a_limit_that_is_raised_forgets_nothing_that_runs(house: House, phone: Phone) -> None:
    ada = phone.session["user"]["id"]
    made = await phone.post("/api/virtual-keys", {"name": "laptop", "limit_nanos": 5 * DOLLAR})
    running = await house.services.book.reserve(payers(ada, made["id"]), Quote(2 * DOLLAR, 3 * DOLLAR))
    await phone.call("PATCH", f"/api/virtual-keys/{made['id']}", {"limit_nanos": 9 * DOLLAR})
    (budget,) = (await phone.get("/api/budgets"))["budgets"]
    assert (budget["limit_nanos"], budget["held_nanos"]) == (9 * DOLLAR, 3 * DOLLAR)
    running.close()


async def test_a_prompt_over_the_budget_is_kept_and_answered_once_there_is_more(
    phone: Phone, root: Phone, upstream: Upstream
) -> None:
    ada = phone.session["user"]["id"]
    await put(root, "user", ada, "0.0001")
    reply = await phone.ask("a question of mine", model="gpt-5.1")
    assert (reply["status"], reply["error"]["code"], reply["error"]["action"]) == (
        "failed",
        "budget_exceeded",
        "see_budget",
    )
    assert reply["error"]["message"].startswith("your budget for this month has $0.00 of $0.0001 spent, and this may")
    assert not [one for one in upstream.requests if one.method == "POST"]
    page = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert [one["text"] for one in page["messages"]] == ["a question of mine", ""]
    await put(root, "user", ada, "5")
    again = await phone.post(f"/api/messages/{reply['id']}/retry", {"client_id": "try-again-1"})
    assert (await phone.ended(again["reply"]["id"]))["status"] == "done"


async def test_many_sends_at_once_overrun_by_one_estimate_and_titles_fail_quietly(
    house: House, phone: Phone, root: Phone, upstream: Upstream
) -> None:
    """Each may cost 4 cents as far as anybody can tell, and costs 20: one of them is let in, and then none."""
    ada = phone.session["user"]["id"]
    await put(root, "user", ada, "0.10")
    upstream.default(Answer(usage={"input": 100, "output": 20_000}))
    conversations = [await phone.conversation(model="gpt-5.1") for _ in range(12)]
    async with phone.listening() as stream:
        sent = await asyncio.gather(*(phone.send(one, "hello") for one in conversations))
        ended = [await phone.ended(one["reply"]["id"]) for one in sent]
        notice = await stream.until(lambda event: event.type == "notice")
    assert [one["status"] for one in ended].count("done") == 1
    assert {one["error"]["code"] for one in ended if one["status"] == "failed"} == {"budget_exceeded"}
    assert notice.data == {
        "text": "200 % of your budget for this month is spent, $0.20 of $0.10",
        "tone": "warn",
    }
    statistics = await phone.get("/api/statistics")
    assert statistics["budget"]["spent_nanos"] == statistics["account"]["cost_nanos"]
    (budget,) = (await phone.get("/api/budgets"))["budgets"]
    assert (budget["state"], budget["held_nanos"]) == ("over", 0)
    shown_again = [await phone.get(f"/api/conversations/{one}") for one in conversations]
    assert not any(one["messages"][1]["error"] for one in shown_again if one["messages"][1]["status"] == "done")


async def test_a_person_tells_their_time_zone(phone: Phone) -> None:
    answer = await phone.call("PATCH", "/api/preferences", {"timezone": "Pacific/Auckland"})
    assert answer["preferences"]["timezone"] == "Pacific/Auckland"
    await phone.call("PATCH", "/api/preferences", {"timezone": "Middle/Earth"}, expect=422)
