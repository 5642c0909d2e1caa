"""Search over HTTP: from the row that is written to the line that is found."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def search(phone: Phone, words: str, **filters: Any) -> Any:
    more = "".join(f"&{name}={quote(str(value))}" for name, value in filters.items())
    return await phone.get(f"/api/search?q={quote(words)}{more}")


async def found(phone: Phone, words: str, **filters: Any) -> list[str]:
    return [hit["message_id"] for hit in (await search(phone, words, **filters))["hits"]]


async def test_what_was_said_and_what_was_answered_are_found_with_their_lines(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="# Trees\n\nThe **oak** stands by the café.\n"))
    reply = await phone.ask("which tree is it?", title="a walk")
    (hit,) = (await search(phone, "CAFE oak"))["hits"]
    assert hit["message_id"] == reply["id"] and hit["role"] == "assistant" and hit["model"] == reply["model"]
    assert [part["text"] for part in hit["parts"] if part["match"]] == ["oak", "café"]
    assert hit["conversation"]["title"] == "a walk" and not hit["inside"]
    assert await found(phone, "which tree") == [reply["parent_id"]]


async def test_every_branch_is_searched(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="first answer"), Answer(text="second answer"))
    reply = await phone.ask("hello")
    body = {"client_id": "once-more", "model": "claude-haiku-4-5"}
    again = (await phone.post(f"/api/messages/{reply['id']}/retry", body))["reply"]
    await phone.ended(again["id"])
    assert await found(phone, "answer") == [again["id"], reply["id"]]
    assert await found(phone, "answer", model="claude-haiku-4-5") == [again["id"]]


async def test_a_reply_is_found_as_soon_as_it_has_ended_also_when_it_was_stopped(
    phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text="half of it is here, and more", chunk=4, hold_after=8))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: message["text"])
    await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    assert await found(phone, "half") == [sent["reply"]["id"]]


async def test_titles_are_found_from_any_place_in_a_word(phone: Phone) -> None:
    conversation = await phone.conversation(title="Über die Donaudampfschifffahrt")
    (title,) = (await search(phone, "uber dampf"))["titles"]
    assert title["id"] == conversation
    assert [part["text"] for part in title["parts"] if part["match"]] == ["Über", "dampf"]
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"title": "something else"})
    assert (await search(phone, "dampf"))["titles"] == []


async def test_somebody_elses_words_do_not_exist(phone: Phone, bob: Phone) -> None:
    await bob.ask("a secret of bob", title="secret title")
    answer = await search(phone, "secret")
    assert answer["hits"] == answer["titles"] == []
    assert (await phone.get("/api/prompts"))["prompts"] == (await phone.get("/api/tags"))["tags"] == []


async def test_what_is_in_the_bin_is_not_found_until_it_is_back(phone: Phone) -> None:
    reply = await phone.ask("a needle")
    await phone.call("DELETE", f"/api/conversations/{reply['conversation_id']}")
    assert await found(phone, "needle") == []
    await phone.post(f"/api/conversations/{reply['conversation_id']}/restore")
    assert await found(phone, "needle") == [reply["parent_id"]]


@pytest.mark.parametrize("words", ["'", '"', "*", "NEAR(", "%", "AND", "x OR", "%00", "�", "((((", '""', "text:", "🙂"])
async def test_no_query_is_an_error(phone: Phone, upstream: Upstream, words: str) -> None:
    upstream.script(Answer(text="yes"))
    await phone.ask("nothing special")
    assert (await search(phone, words))["hits"] == []


async def test_too_long_a_query_and_a_page_that_is_none_are_refused_in_a_sentence(phone: Phone) -> None:
    refused = await phone.get(f"/api/search?q={'x' * 10_000}", expect=400)
    assert refused["error"]["message"] == "search for at most 1,000 characters"
    for cursor in ("x", "scan-", "scan-x", "index--1", "scan-" + "9" * 30, "🙂"):
        await phone.get(f"/api/search?q=a&before={quote(cursor)}", expect=400)
    await phone.get("/api/search?q=a&from=yesterday", expect=422)


async def test_pages_follow_each_other(phone: Phone) -> None:
    conversation = await phone.conversation()
    sent = [await phone.send(conversation, f"needle {n}") for n in range(5)]
    for one in sent:
        await phone.ended(one["reply"]["id"])
    seen: list[str] = []
    cursor = ""
    while True:
        page = await phone.get(f"/api/search?q=needle&limit=2{cursor}")
        seen += [hit["message_id"] for hit in page["hits"]]
        if page["next"] is None:
            break
        cursor = f"&before={page['next']}"
    assert seen == [one["message"]["id"] for one in sent][::-1]


async def test_favourites_and_tags_narrow_and_can_be_listed_without_a_word(phone: Phone) -> None:
    one = await phone.ask("needle one", title="one")
    two = await phone.ask("needle two", title="two")
    await phone.call("PATCH", f"/api/messages/{two['parent_id']}", {"favorite": True})
    await phone.call("PATCH", f"/api/conversations/{one['conversation_id']}", {"tags": ["Green", "#trees"]})
    assert await found(phone, "needle", favorite=True) == [two["parent_id"]]
    assert await found(phone, "needle", tag="green") == [one["parent_id"]]
    assert await found(phone, "", favorite=True) == [two["parent_id"]]
    assert [title["title"] for title in (await search(phone, "", tag="trees"))["titles"]] == ["one"]
    empty = await search(phone, "")
    assert empty["hits"] == empty["titles"] == []


async def test_past_prompts_come_back_newest_first_each_once(phone: Phone) -> None:
    conversation = await phone.conversation()
    for text in ("the first", "the second\nof two lines", "the first"):
        await phone.ended((await phone.send(conversation, text))["reply"]["id"])
    page = await phone.get("/api/prompts?limit=1")
    assert [prompt["text"] for prompt in page["prompts"]] == ["the first"]
    rest = await phone.get(f"/api/prompts?before={page['next']}")
    assert [prompt["text"] for prompt in rest["prompts"]] == ["the second\nof two lines", "the first"]
    assert rest["next"] is None
    assert [prompt["text"] for prompt in (await phone.get("/api/prompts?q=SECOND"))["prompts"]] == [
        "the second\nof two lines"
    ]


async def test_the_page_around_a_message_is_that_of_its_branch(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="first"), Answer(text="second"))
    reply = await phone.ask("hello")
    again = (await phone.post(f"/api/messages/{reply['id']}/retry", {"client_id": "again-and-again"}))["reply"]
    await phone.ended(again["id"])
    url = f"/api/conversations/{reply['conversation_id']}"
    page = await phone.get(f"{url}?around={reply['id']}")
    assert [message["id"] for message in page["messages"]] == [reply["parent_id"], reply["id"]]
    assert page["leaf"] == reply["id"] and not page["earlier"] and not page["later"]
    await phone.get(f"{url}?around=nothing", expect=404)


async def test_after_a_restart_what_was_interrupted_is_found(house: House, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="half of it is here, and more", chunk=4, hold_after=8))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: message["text"])
    await house.stop()
    await house.start()
    assert await found(phone, "half") == [sent["reply"]["id"]]
