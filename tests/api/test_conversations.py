import asyncio
from typing import Any

import pytest
from sqlalchemy import insert

from server.ids import new_id, now
from server.store.tables import Message
from tests.house import House
from tests.phone import Phone

pytestmark = pytest.mark.anyio


async def test_conversations_are_listed_by_their_last_activity_page_by_page(phone: Phone) -> None:
    ids = [await phone.conversation(title=f"number {number}") for number in range(7)]
    sent = await phone.send(ids[2], "hello")
    await phone.ended(sent["reply"]["id"])
    expected = [ids[2], *(id for id in reversed(ids) if id != ids[2])]
    found: list[str] = []
    cursor = ""
    while True:
        page = await phone.get(f"/api/conversations?limit=3{cursor}")
        found += [row["id"] for row in page["conversations"]]
        if page["next"] is None:
            break
        cursor = f"&before={page['next']}"
    assert found == expected


@pytest.mark.parametrize("cursor", ["x", "%00", "bm9wZQ==", "🙂"])
async def test_a_cursor_that_is_none_is_refused(phone: Phone, cursor: str) -> None:
    await phone.get(f"/api/conversations?before={cursor}", expect=400)


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"temperature": 3}, 400),
        ({"temperature": "hot"}, 422),
        ({"reasoning": "deep"}, 400),
        ({"revision": 7}, 422),
        ({"user_id": "x"}, 422),
        ({"title": "x" * 2001}, 422),
        ({"leaf_id": "nothing"}, 404),
    ],
)
async def test_what_cannot_be_set_is_refused_and_changes_nothing(
    phone: Phone, values: dict[str, Any], status: int
) -> None:
    conversation = await phone.conversation(title="kept")
    before = await phone.get(f"/api/conversations/{conversation}")
    await phone.call("PATCH", f"/api/conversations/{conversation}", values, expect=status)
    assert await phone.get(f"/api/conversations/{conversation}") == before


async def test_settings_stay_with_the_conversation(phone: Phone) -> None:
    conversation = await phone.conversation()
    values = {
        "title": "  a  title ",
        "model": "claude-sonnet-4-5",
        "temperature": 0.3,
        "reasoning": "high",
        "system": "be brief",
    }
    changed = await phone.call("PATCH", f"/api/conversations/{conversation}", values)
    assert changed | values | {"title": "a title"} == changed | {"title": "a title"} | {
        key: values[key] for key in values if key != "title"
    }
    assert changed["title"] == "a title"
    page = await phone.get(f"/api/conversations/{conversation}")
    assert page["conversation"]["system"] == "be brief"


async def test_a_new_conversation_is_called_by_its_first_words_until_somebody_names_it(phone: Phone) -> None:
    reply = await phone.ask("## Why is the sky blue?\nAnd the sea?")
    shown = (await phone.get(f"/api/conversations/{reply['conversation_id']}"))["conversation"]
    assert shown["title"] == "Why is the sky blue?"


async def test_asking_for_what_changed_gives_just_that(phone: Phone) -> None:
    reply = await phone.ask("one")
    conversation = reply["conversation_id"]
    revision = (await phone.get(f"/api/conversations/{conversation}"))["conversation"]["revision"]
    assert (await phone.get(f"/api/conversations/{conversation}?since={revision}"))["messages"] == []
    sent = await phone.send(conversation, "two")
    await phone.ended(sent["reply"]["id"])
    changes = await phone.get(f"/api/conversations/{conversation}?since={revision}")
    assert [message["text"] for message in changes["messages"]][0] == "two"
    assert changes["messages"][1]["status"] == "done" and changes["messages"][1]["html"]


async def chain(house: House, conversation: str, count: int, *, backwards: bool = False) -> list[str]:
    """``count`` messages, one below the other, written straight into the database.

    Ids that run ``backwards`` stand for those of an import, whose messages of one moment are in no order.
    """
    ids = sorted((new_id() for _ in range(count)), reverse=backwards)
    rows = [
        Message(
            id=id,
            conversation_id=conversation,
            parent_id=ids[number - 1] if number else None,
            role="user" if number % 2 == 0 else "assistant",
            text=f"message {number}",
            created_at=now(),
        ).model_dump()
        for number, id in enumerate(ids)
    ]
    await house.services.database.write(lambda connection: connection.execute(insert(Message), rows))
    return ids


async def test_five_thousand_messages_open_at_the_end_and_page_both_ways(house: House, phone: Phone) -> None:
    conversation = await phone.conversation()
    ids = await chain(house, conversation, 5000)
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"leaf_id": ids[-1]})
    url = f"/api/conversations/{conversation}"
    page = await phone.get(url)
    assert [message["id"] for message in page["messages"]] == ids[-40:]
    assert (page["earlier"], page["later"]) == (True, False)
    up = await phone.get(f"{url}?before={ids[-40]}&limit=100")
    assert [message["id"] for message in up["messages"]] == ids[-140:-40]
    assert (up["earlier"], up["later"]) == (True, True)
    down = await phone.get(f"{url}?after={ids[-141]}&limit=100")
    assert [message["id"] for message in down["messages"]] == ids[-140:-40]
    assert down["later"]
    first = await phone.get(f"{url}?before={ids[10]}")
    assert [message["id"] for message in first["messages"]] == ids[:10] and not first["earlier"]


async def test_newer_messages_come_in_the_order_of_the_path_whatever_their_ids_are(house: House, phone: Phone) -> None:
    conversation = await phone.conversation()
    ids = await chain(house, conversation, 10, backwards=True)
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"leaf_id": ids[-1]})
    down = await phone.get(f"/api/conversations/{conversation}?after={ids[2]}&limit=5")
    assert [message["id"] for message in down["messages"]] == ids[3:8]


async def test_reading_writes_nothing(house: House, phone: Phone) -> None:
    reply = await phone.ask("hello")
    commits = house.services.database.commits
    conversation = reply["conversation_id"]
    for path in (
        "/api/session",
        "/api/conversations",
        f"/api/conversations/{conversation}",
        f"/api/conversations/{conversation}?since=0",
        f"/api/messages/{reply['id']}",
        "/api/statistics",
        "/api/commands",
        "/api/settings/api-keys",
    ):
        await phone.get(path)
    async with phone.listening(conversation) as stream:
        await stream.next()
    assert house.services.database.commits == commits


async def test_two_pages_that_write_at_once_lose_nothing(phone: Phone, laptop: Phone) -> None:
    conversation = await phone.conversation()

    async def rename(device: Phone, number: int) -> None:
        await device.call("PATCH", f"/api/conversations/{conversation}", {"title": f"title {number}"})

    sends = [
        device.send(conversation, f"message {number}", parent_id=None)
        for number in range(15)
        for device in (phone, laptop)
    ]
    renames = [rename(device, number) for number in range(15) for device in (phone, laptop)]
    results = await asyncio.gather(*sends, *renames)
    sent = [result for result in results if result]
    for each in sent:
        await phone.ended(each["reply"]["id"])
    everything = await phone.get(f"/api/conversations/{conversation}?since=0")
    assert len(everything["messages"]) == 60
    assert {message["status"] for message in everything["messages"]} == {"done"}


async def test_making_a_conversation_again_under_the_same_id_gives_the_same_one(phone: Phone, bob: Phone) -> None:
    values = {"client_id": "12345678-same", "title": "once"}
    first, second = await asyncio.gather(*(phone.post("/api/conversations", values) for _ in range(2)))
    assert first["id"] == second["id"]
    assert len((await phone.get("/api/conversations"))["conversations"]) == 1
    assert (await bob.post("/api/conversations", values))["id"] != first["id"]
