"""One prompt to several models: each answers for itself, and all of it is there again after a reload."""

import asyncio
import uuid
from typing import Any

import pytest

from tests.house import House
from tests.phone import Phone, Screen
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = " ".join(f"word {n}" for n in range(200))
PAIR = ["gpt-5.1", "claude-sonnet-4-5"]


def told(upstream: Upstream, **texts: str) -> None:
    """What each model answers; its name is in the request."""
    names = {"gpt": '"gpt-5.1"', "mini": '"gpt-5-mini"', "claude": '"claude-sonnet-4-5"'}
    upstream.script(*(Answer(text=text, match=names[name]) for name, text in texts.items()))


async def compared(phone: Phone, upstream: Upstream, **more: Any) -> Any:
    """A conversation with two ended answers: {"message", "reply", "replies"}."""
    told(upstream, gpt="from gpt", claude="from claude")
    sent = await phone.send(await phone.conversation(), "which is better?", models=PAIR, **more)
    sent["replies"] = [await phone.ended(reply["id"]) for reply in sent["replies"]]
    return sent


async def test_each_model_answers_the_same_prompt_as_a_sibling(phone: Phone, upstream: Upstream) -> None:
    sent = await compared(phone, upstream)
    first, second = sent["replies"]
    assert [first["text"], second["text"]] == ["from gpt", "from claude"]
    assert [first["model"], second["model"]] == PAIR
    assert first["parent_id"] == second["parent_id"] == sent["message"]["id"]
    assert first["siblings"]["ids"] == [first["id"], second["id"]]
    assert first["comparison"] and first["comparison"] == second["comparison"]
    assert first["cost_nanos"] > 0 and second["cost_nanos"] > 0
    assert sent["reply"]["id"] == first["id"]


async def test_a_comparison_is_there_again_after_a_reload_and_goes_on_from_its_first(
    phone: Phone, upstream: Upstream
) -> None:
    sent = await compared(phone, upstream)
    page = await phone.get(f"/api/conversations/{sent['message']['conversation_id']}")
    assert [message["id"] for message in page["messages"]] == [sent["message"]["id"], sent["replies"][0]["id"]]
    assert [message["id"] for message in page["beside"]] == [sent["replies"][1]["id"]]
    assert page["beside"][0]["html"] == "<p>from claude</p>\n"


async def test_the_same_id_again_starts_nothing(phone: Phone, upstream: Upstream) -> None:
    conversation, client_id = await phone.conversation(), str(uuid.uuid4())
    sends = (phone.send(conversation, "once", client_id=client_id, models=PAIR) for _ in range(4))
    sent = await asyncio.gather(*sends)
    assert len({tuple(reply["id"] for reply in one["replies"]) for one in sent}) == 1
    for reply in sent[0]["replies"]:
        await phone.ended(reply["id"])
    again = await phone.send(conversation, "once", client_id=client_id, models=PAIR)
    assert [reply["id"] for reply in again["replies"]] == [reply["id"] for reply in sent[0]["replies"]]
    assert len(upstream.calls) == 2


async def test_one_model_that_fails_leaves_the_others(phone: Phone, upstream: Upstream) -> None:
    upstream.script(
        Answer(status=401, match='"gpt-5.1"'),
        Answer(text="from mini", match='"gpt-5-mini"'),
        Answer(text="from claude", match='"claude-sonnet-4-5"'),
    )
    models = ["gpt-5.1", "gpt-5-mini", "claude-sonnet-4-5", "nobody-has-this"]
    sent = await phone.send(await phone.conversation(), "hello", models=models)
    ended = [await phone.ended(reply["id"]) for reply in sent["replies"]]
    assert [reply["status"] for reply in ended] == ["failed", "done", "done", "failed"]
    assert [reply["error"] and reply["error"]["code"] for reply in ended] == ["auth", None, None, "unknown_model"]


async def test_every_answer_streams_at_the_same_time(phone: Phone, upstream: Upstream) -> None:
    upstream.script(
        Answer(text=f"gpt {LONG}", hold_after=12, match='"gpt-5.1"'),
        Answer(text=f"claude {LONG}", hold_after=12, match='"claude-sonnet-4-5"'),
    )
    conversation = await phone.conversation()
    async with phone.listening(conversation) as stream:
        await stream.next()
        sent = await phone.send(conversation, "hello", models=PAIR)
        screens = [Screen(reply["id"]) for reply in sent["replies"]]
        while not all(screen.open or screen.blocks for screen in screens):
            event = await stream.next()
            for screen in screens:
                screen.see(event)
        upstream.release()
        ended = {(await stream.until_ended(screen.reply))["text"] for screen in screens[:1]}
    assert ended == {f"gpt {LONG}"}
    assert (await phone.ended(screens[1].reply))["text"] == f"claude {LONG}"


async def test_one_is_stopped_and_the_other_goes_on(phone: Phone, upstream: Upstream) -> None:
    upstream.script(
        Answer(text=f"gpt {LONG}", hold_after=12, match='"gpt-5.1"'),
        Answer(text=f"claude {LONG}", hold_after=12, match='"claude-sonnet-4-5"'),
    )
    sent = await phone.send(await phone.conversation(), "hello", models=PAIR)
    first, second = (reply["id"] for reply in sent["replies"])
    await phone.until(first, lambda message: message["status"] == "streaming")
    await phone.post(f"/api/messages/{first}/stop")
    assert (await phone.message(first))["status"] == "stopped"
    upstream.release()
    assert (await phone.ended(second))["status"] == "done"


async def test_going_on_with_one_makes_it_the_one_that_the_next_message_answers(
    phone: Phone, upstream: Upstream
) -> None:
    sent = await compared(phone, upstream)
    conversation, chosen = sent["message"]["conversation_id"], sent["replies"][1]["id"]
    await phone.call("PATCH", f"/api/conversations/{conversation}", {"leaf_id": chosen})
    more = await phone.send(conversation, "go on")
    await phone.ended(more["reply"]["id"])
    assert more["message"]["parent_id"] == chosen
    asked = str(upstream.calls[-1].body)
    assert "from claude" in asked and "from gpt" not in asked
    page = await phone.get(f"/api/conversations/{conversation}")
    assert [message["id"] for message in page["beside"]] == [sent["replies"][0]["id"]]


async def test_a_model_merges_the_answers_and_names_its_sources(phone: Phone, upstream: Upstream) -> None:
    sent = await compared(phone, upstream)
    first, second = sent["replies"]
    upstream.script(Answer(text="both say so [1][2]"))
    body = {"client_id": str(uuid.uuid4()), "model": "claude-sonnet-4-5"}
    started = await phone.post(f"/api/messages/{second['id']}/merge", body, expect=202)
    merged = await phone.ended(started["reply"]["id"])
    assert merged["text"] == "both say so [1][2]"
    assert merged["parent_id"] == sent["message"]["id"] and merged["comparison"] == first["comparison"]
    assert merged["sources"] == [
        {"id": first["id"], "model": "gpt-5.1"},
        {"id": second["id"], "model": "claude-sonnet-4-5"},
    ]
    asked = str(upstream.calls[-1].body)
    assert "from gpt" in asked and "from claude" in asked and "which is better?" in asked
    assert merged["usage"]["calls"] == 1 and merged["cost_nanos"] > 0
    again = await phone.post(f"/api/messages/{second['id']}/merge", body, expect=202)
    assert again["reply"]["id"] == merged["id"]
    page = await phone.get(f"/api/conversations/{first['conversation_id']}")
    assert page["messages"][-1]["id"] == merged["id"]
    assert [message["id"] for message in page["beside"]] == [first["id"], second["id"]]


async def test_a_merge_that_is_tried_again_merges_the_same_answers(phone: Phone, upstream: Upstream) -> None:
    sent = await compared(phone, upstream)
    upstream.script(Answer(status=401), Answer(text="merged at last"))
    merge = {"client_id": str(uuid.uuid4())}
    failed = (await phone.post(f"/api/messages/{sent['replies'][0]['id']}/merge", merge))["reply"]
    assert (await phone.ended(failed["id"]))["status"] == "failed"
    again = await phone.post(f"/api/messages/{failed['id']}/retry", {"client_id": str(uuid.uuid4())})
    merged = await phone.ended(again["reply"]["id"])
    assert merged["text"] == "merged at last" and merged["sources"] == failed["sources"]
    assert "from gpt" in str(upstream.calls[-1].body)


async def test_what_cannot_be_merged_says_why(phone: Phone, upstream: Upstream, bob: Phone) -> None:
    plain = await phone.ask("hello")
    merge = {"client_id": str(uuid.uuid4())}
    refused = await phone.post(f"/api/messages/{plain['id']}/merge", merge, expect=400)
    assert refused["error"]["message"] == "there is nothing to merge: /compare asks several models the same"
    upstream.script(Answer(status=401, match='"gpt-5.1"'), Answer(text=LONG, hold_after=12, match='"claude'))
    sent = await phone.send(await phone.conversation(), "hello", models=PAIR)
    first, second = (reply["id"] for reply in sent["replies"])
    await phone.post(f"/api/messages/{first}/merge", {"client_id": str(uuid.uuid4())}, expect=409)
    upstream.release()
    await phone.ended(first), await phone.ended(second)
    alone = await phone.post(f"/api/messages/{first}/merge", {"client_id": str(uuid.uuid4())}, expect=400)
    assert alone["error"]["message"] == "fewer than two of the models answered: there is nothing to merge"
    await bob.post(f"/api/messages/{first}/merge", {"client_id": str(uuid.uuid4())}, expect=404)


@pytest.mark.parametrize("models", [[], ["a", "b", "c", "d", "e"], ["gpt-5.1", "gpt-5.1"], [""]])
async def test_a_comparison_has_one_to_four_different_models(phone: Phone, models: list[str]) -> None:
    conversation = await phone.conversation()
    body = {"client_id": str(uuid.uuid4()), "text": "hello", "models": models}
    await phone.post(f"/api/conversations/{conversation}/messages", body, expect=422 if len(models) != 2 else 400)
    assert (await phone.get(f"/api/conversations/{conversation}"))["messages"] == []


async def test_a_restart_ends_every_compared_reply_with_its_text(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(
        Answer(text=f"gpt {LONG}", hold_after=12, match='"gpt-5.1"'),
        Answer(text=f"claude {LONG}", hold_after=12, match='"claude-sonnet-4-5"'),
    )
    sent = await phone.send(await phone.conversation(), "hello", models=PAIR)
    for reply in sent["replies"]:
        await phone.until(reply["id"], lambda message: bool(message["text"]))
    await house.stop()
    await house.start()
    for reply in sent["replies"]:
        message = await phone.message(reply["id"])
        assert message["status"] == "interrupted" and message["text"] and message["comparison"]


async def test_what_is_tried_again_stays_in_the_comparison(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(status=401, match='"gpt-5.1"'), Answer(text="from claude", match='"claude-sonnet-4-5"'))
    client_id, conversation = str(uuid.uuid4()), await phone.conversation()
    sent = await phone.send(conversation, "hello", models=PAIR, client_id=client_id)
    failed, _ = [await phone.ended(reply["id"]) for reply in sent["replies"]]
    upstream.script(Answer(text="from gpt at last"))
    again = await phone.post(f"/api/messages/{failed['id']}/retry", {"client_id": str(uuid.uuid4())})
    reply = await phone.ended(again["reply"]["id"])
    assert (reply["text"], reply["comparison"]) == ("from gpt at last", failed["comparison"])
    resent = await phone.send(conversation, "hello", models=PAIR, client_id=client_id)
    assert [one["id"] for one in resent["replies"]] == [one["id"] for one in sent["replies"]]
    merged = await phone.post(f"/api/messages/{reply['id']}/merge", {"client_id": str(uuid.uuid4())})
    assert {one["model"] for one in merged["reply"]["sources"]} == set(PAIR)
    await phone.ended(merged["reply"]["id"])
