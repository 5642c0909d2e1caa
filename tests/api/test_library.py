"""Favourites, tags, and the bin: what is kept, what is put away, and what comes back."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from server.chat import bin, conversations
from server.ids import now
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def titles(phone: Phone, query: str) -> list[str]:
    return [row["title"] for row in (await phone.get(f"/api/conversations?{query}"))["conversations"]]


async def count(house: House, table: str) -> int:
    return int(await house.services.database.read(lambda c: c.execute(text(f"SELECT count(*) FROM {table}")).scalar()))


async def emptied(house: House) -> None:
    """Waits until nothing that was given up is left."""
    given_up = text("SELECT count(*) FROM conversations WHERE deleted_at < '1971'")
    async with asyncio.timeout(PATIENCE):
        while await house.services.database.read(lambda c: c.execute(given_up).scalar()):
            await asyncio.sleep(0.01)


async def test_a_message_is_a_favourite_on_every_device(phone: Phone, laptop: Phone) -> None:
    reply = await phone.ask("hello")
    async with laptop.listening(reply["conversation_id"]) as stream:
        await stream.next()
        changed = await phone.call("PATCH", f"/api/messages/{reply['id']}", {"favorite": True})
        assert changed["favorite"] is True
        told = await stream.until(lambda event: event.type == "message")
    assert told.data["id"] == reply["id"] and told.data["favorite"] is True
    assert not (await phone.call("PATCH", f"/api/messages/{reply['id']}", {"favorite": False}))["favorite"]


@pytest.mark.parametrize("body", [{}, {"favorite": None}, {"favorite": True, "text": "x"}])
async def test_only_the_mark_of_a_message_can_be_set(phone: Phone, body: dict[str, Any]) -> None:
    reply = await phone.ask("hello")
    await phone.call("PATCH", f"/api/messages/{reply['id']}", body, expect=422)


async def test_the_list_narrows_to_favourites_and_to_a_tag(phone: Phone) -> None:
    await phone.conversation(title="plain")
    await phone.conversation(title="starred", favorite=True)
    tagged = await phone.conversation(title="tagged", tags=["#To Do", "to-do", "größe", "50%"])
    shown = (await phone.get(f"/api/conversations/{tagged}"))["conversation"]
    assert shown["tags"] == ["50%", "größe", "to-do"]
    assert await titles(phone, "favorite=true") == ["starred"]
    assert await titles(phone, "tag=to-do") == await titles(phone, "tag=gr%C3%B6%C3%9Fe") == ["tagged"]
    assert await titles(phone, "tag=to") == []
    await phone.call("PATCH", f"/api/conversations/{tagged}", {"tags": []})
    assert await titles(phone, "tag=to-do") == []


async def test_tags_are_counted_the_most_used_first(phone: Phone) -> None:
    for tags in (["a", "b"], ["b"], ["c"]):
        await phone.conversation(tags=tags)
    assert (await phone.get("/api/tags"))["tags"] == [
        {"tag": "b", "count": 2},
        {"tag": "a", "count": 1},
        {"tag": "c", "count": 1},
    ]


@pytest.mark.parametrize(
    ("tags", "status"),
    [(["x" * 41], 400), (['a"b'], 400), (["a,b"], 400), ([f"t{n}" for n in range(21)], 400), (None, 422), ([7], 422)],
)
async def test_what_is_no_tag_is_refused(phone: Phone, tags: Any, status: int) -> None:
    conversation = await phone.conversation(tags=["kept"])
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"tags": tags}, expect=status)
    assert (await phone.get(f"/api/conversations/{conversation}"))["conversation"]["tags"] == ["kept"]


async def test_the_bin_is_listed_by_when_things_went_there_page_by_page(phone: Phone, bob: Phone) -> None:
    ids = [await phone.conversation(title=f"number {n}") for n in range(5)]
    for id in (ids[3], ids[0], ids[4]):
        await phone.call("DELETE", f"/api/conversations/{id}")
    assert await titles(phone, "deleted=true") == ["number 4", "number 0", "number 3"]
    page = await phone.get("/api/conversations?deleted=true&limit=2")
    assert await titles(phone, f"deleted=true&limit=2&before={page['next']}") == ["number 3"]
    assert await titles(bob, "deleted=true") == []


async def test_what_is_deleted_for_good_never_comes_back_and_the_ledger_keeps_what_it_cost(
    house: House, phone: Phone, bob: Phone
) -> None:
    reply = await phone.ask("a needle")
    id, calls = reply["conversation_id"], await count(house, "calls")
    await phone.call("DELETE", f"/api/bin/{id}", expect=409)
    await phone.call("DELETE", f"/api/conversations/{id}")
    await bob.call("DELETE", f"/api/bin/{id}", expect=404)
    before = (await phone.get("/api/statistics"))["account"]
    await phone.call("DELETE", f"/api/bin/{id}")
    await phone.post(f"/api/conversations/{id}/restore", expect=404)
    assert await titles(phone, "deleted=true") == []
    await emptied(house)
    assert await count(house, "messages") == await count(house, "search_texts") == 0
    assert await count(house, "calls") == calls > 0
    assert (await phone.get("/api/statistics"))["account"] == before


async def test_the_whole_bin_is_emptied_and_only_ones_own(house: House, phone: Phone, bob: Phone) -> None:
    for person in (phone, phone, bob):
        await person.call("DELETE", f"/api/conversations/{await person.conversation(title='put away')}")
    kept = await phone.conversation(title="kept")
    await phone.call("DELETE", "/api/bin")
    await emptied(house)
    assert await titles(phone, "deleted=true") == [] and await titles(bob, "deleted=true") == ["put away"]
    assert (await phone.get(f"/api/conversations/{kept}"))["conversation"]["title"] == "kept"


async def test_after_its_days_in_the_bin_a_conversation_goes_a_few_rows_at_a_time(
    house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bin, "STEP", 1)
    database = house.services.database
    old, young = (await phone.ask("old"))["conversation_id"], (await phone.ask("young"))["conversation_id"]
    for id in (old, young):
        await phone.call("DELETE", f"/api/conversations/{id}")

    def age(connection: Connection) -> None:
        conversations.touch(connection, old, deleted_at=now() - timedelta(days=31))
        bin.expire(connection, now() - timedelta(days=30))

    await database.write(age)
    steps = 0
    while await database.write(bin.clear_some):
        steps += 1
    assert steps == 3
    await phone.post(f"/api/conversations/{old}/restore", expect=404)
    await phone.post(f"/api/conversations/{young}/restore")


async def test_a_conversation_that_is_running_can_be_deleted_for_good(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(hold_after=1))
    conversation = await phone.conversation()
    await phone.send(conversation, "hello")
    await phone.call("DELETE", f"/api/conversations/{conversation}")
    await phone.call("DELETE", f"/api/bin/{conversation}")
    await emptied(house)
    assert house.services.replies.running == {}
