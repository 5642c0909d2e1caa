"""Being told: when a reply is over, nobody is looking, and the person asked for it on that device."""

import asyncio
import subprocess
import sys
import threading
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.house import House
from tests.ops.pushing import Browser, Service, restart, stored, wait_for
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = "and so it goes on " * 200


@asynccontextmanager
async def page(phone: Phone, *, visible: bool) -> Any:
    """An open page: one that can be seen answers when the server asks; a hidden one hears it and is silent."""
    asked: list[str] = []
    async with phone.listening() as stream:
        await stream.next()

        async def look() -> None:
            while True:
                event = await stream.next()
                if event.type == "ended":
                    asked.append(event.data["reply"])
                    if visible:
                        await phone.post("/api/push/seen", {"reply": event.data["reply"]}, expect=204)

        looking = asyncio.create_task(look())
        yield asked
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def test_a_reply_that_ends_while_nobody_looks_is_told_with_its_first_words(
    phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text="# Engines\n\nThey are **analytical**.\n\nAnd so on."))
    reply = await phone.ask("What are engines?")
    (message,) = await service.got(1)
    assert message.browser is told
    assert message.note == {
        "tag": reply["conversation_id"],
        "title": "What are engines?",
        "body": "Engines · They are analytical. And so on.",
        "url": f"/#/c/{reply['conversation_id']}/{reply['id']}",
        "silent": False,
        "always": False,
    }
    assert message.sender == (await phone.get("/api/push"))["public_key"]


async def test_without_preview_nothing_of_the_conversation_leaves_the_house(phone: Phone, service: Service) -> None:
    browser = service.browser()
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription})
    await phone.ask("a secret question")
    (message,) = await service.got(1)
    assert (message.note["title"], message.note["body"]) == ("LLM Router", "reply ready")


async def test_the_words_are_made_beside_the_loop_and_only_for_those_who_want_them(
    house: House, phone: Phone, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_in: list[threading.Thread] = []

    def words(text: str) -> str:
        made_in.append(threading.current_thread())
        return "words"

    monkeypatch.setattr(house.services.push, "_words", words)
    browser = service.browser()
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription})
    await phone.ask("one")
    await service.got(1)
    assert made_in == []
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription, "preview": True})
    await phone.ask("two")
    await service.got(2)
    assert len(made_in) == 1 and made_in[0] is not threading.current_thread()


@pytest.mark.parametrize("answer", ["😀" * 500, "漢字" * 500, "word " * 2000, "👩\u200d👩\u200d👧 " * 300])
async def test_a_long_answer_is_cut_at_a_character(
    phone: Phone, upstream: Upstream, service: Service, told: Browser, answer: str
) -> None:
    upstream.script(Answer(text=answer))
    await phone.ask("漢" * 300)
    (message,) = await service.got(1)
    body = message.note["body"]
    assert len(body) <= 160 and body.endswith("…") and answer.startswith(body[:-1])
    assert message.note["title"].startswith("漢漢") and len(message.note["title"]) <= 80


async def test_a_failure_is_told_with_its_reason(
    phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(status=401))
    reply = await phone.ask("hello")
    (message,) = await service.got(1)
    assert message.note["body"].startswith("failed: ") and reply["error"]["message"][:40] in message.note["body"]


async def test_what_the_person_stopped_is_not_told(
    phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20), Answer(text="to the end"))
    sent = await phone.send(await phone.conversation(), "one")
    await phone.until(sent["reply"]["id"], lambda message: message["text"])
    await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    await phone.ask("two")
    (message,) = await service.got(1)
    assert message.note["body"] == "to the end"


async def test_a_page_in_front_is_enough_and_a_hidden_one_is_not(
    phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text="seen"), Answer(text="not seen"))
    async with page(phone, visible=True) as asked:
        seen = await phone.ask("one")
        await wait_for(lambda: asked == [seen["id"]])
    async with page(phone, visible=False) as asked:
        unseen = await phone.ask("two")
        (message,) = await service.got(1)
    assert asked == [unseen["id"]] and message.note["body"] == "not seen"


async def test_looking_at_the_laptop_keeps_the_phone_quiet(
    phone: Phone, laptop: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text="seen on the laptop"), Answer(text="not seen"))
    async with page(phone, visible=False), page(laptop, visible=True) as asked:
        await phone.ask("one")
        await wait_for(lambda: asked)
    await phone.ask("two")
    (message,) = await service.got(1)
    assert message.note["body"] == "not seen"


async def test_nobody_can_say_that_somebody_else_has_seen_it(
    house: House, phone: Phone, bob: Phone, service: Service, told: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    push = house.services.push
    monkeypatch.setattr(push, "_settings", push._settings.model_copy(update={"push_wait": 2.0}))
    async with page(phone, visible=False) as asked:
        sent = await phone.send(await phone.conversation(), "hello")
        await wait_for(lambda: asked)
        await bob.post("/api/push/seen", {"reply": sent["reply"]["id"]}, expect=204)
        [waiting] = push._asked.values()  # the wait is not over: what is told then is not told for its end alone
        assert not waiting.is_set()
        await service.got(1)


async def test_pages_of_people_who_are_told_nothing_are_not_asked(phone: Phone) -> None:
    async with phone.listening() as stream:
        await stream.next()
        await phone.ask("hello")
        await stream.until(lambda event: event.type == "statistics")
        await phone.conversation(title="last")
        await stream.until(lambda event: event.type == "conversation" and event.data["title"] == "last")
    assert "ended" not in {event.type for event in stream.seen}


async def test_somebody_elses_device_is_never_told(
    phone: Phone, bob: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    theirs = service.browser()
    await bob.call("PUT", "/api/push", {"subscription": theirs.subscription, "preview": True})
    await phone.ask("from ada")
    await bob.ask("from bob")
    received = await service.got(2)
    assert {(message.browser, message.note["title"]) for message in received} == {
        (told, "from ada"),
        (theirs, "from bob"),
    }


async def test_every_device_that_asked_is_told_as_it_asked(
    phone: Phone, laptop: Phone, service: Service, told: Browser
) -> None:
    other = service.browser()
    await laptop.call("PUT", "/api/push", {"subscription": other.subscription, "preview": False})
    await phone.ask("hello")
    received = await service.got(2)
    assert {message.browser: message.note["title"] for message in received} == {told: "hello", other: "LLM Router"}
    assert len({message.headers["topic"] for message in received}) == 2


async def test_messages_about_one_conversation_take_each_others_place(
    phone: Phone, service: Service, told: Browser
) -> None:
    first = await phone.ask("one")
    again = await phone.send(first["conversation_id"], "two")
    await phone.ended(again["reply"]["id"])
    await phone.ask("another")
    one, two, other = await service.got(3)
    assert one.note["tag"] == two.note["tag"] != other.note["tag"]
    assert one.headers["topic"] == two.headers["topic"] != other.headers["topic"]
    assert first["conversation_id"] not in str(one.headers)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_service_is_asked_again_and_once_is_enough(
    house: House, phone: Phone, service: Service, told: Browser, status: int
) -> None:
    service.script((status, {"Retry-After": "0"}), (status, {"Retry-After": "3600"}), status)
    await phone.ask("hello")
    received = await service.got(4)
    assert len({message.body for message in received}) == 1
    await wait_for(lambda: stored(house, "SELECT failures, last_ok_at IS NULL FROM push_subscriptions") == [(0, 0)])


@pytest.mark.parametrize("status", [301, 307, 400, 403, 413])
async def test_what_will_not_pass_is_not_repeated_and_no_redirect_is_followed(
    house: House, phone: Phone, service: Service, told: Browser, status: int
) -> None:
    service.script((status, {"Location": service.browser().endpoint}))
    await phone.ask("hello")
    await wait_for(lambda: stored(house, "SELECT failures FROM push_subscriptions") == [(1,)])
    assert [message.browser for message in service.received] == [told]
    await phone.ask("and again")
    await service.got(2)
    await wait_for(lambda: stored(house, "SELECT failures FROM push_subscriptions") == [(0,)])


async def test_a_service_that_cannot_be_reached_harms_nothing(house: House, phone: Phone, service: Service) -> None:
    gone = Browser("http://127.0.0.1:1/send/x")
    await phone.call("PUT", "/api/push", {"subscription": gone.subscription})
    assert (await phone.ask("hello"))["status"] == "done"
    await wait_for(lambda: stored(house, "SELECT failures FROM push_subscriptions") == [(1,)])


async def test_a_restart_tells_of_what_it_interrupted(
    house: House, phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    key = (await phone.get("/api/push"))["public_key"]
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: message["text"])
    await restart(house, phone)
    (message,) = await service.got(1)
    assert message.note["body"] == "interrupted: the server stopped while this was being written"
    assert message.sender == (await phone.get("/api/push"))["public_key"] == key


async def test_a_server_does_not_wait_for_a_slow_service_to_end(
    house: House, phone: Phone, service: Service, told: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.ops.push.LAST_WORDS", 0.05)
    service.hold()
    await phone.ask("hello")
    await service.got(1)
    async with asyncio.timeout(5):
        await house.stop()
    assert not [task for task in asyncio.all_tasks() if "Push._tell" in repr(task)]


async def test_what_is_in_the_bin_is_not_told(
    house: House, phone: Phone, upstream: Upstream, service: Service, told: Browser
) -> None:
    upstream.script(Answer(text="deleted"), Answer(text="kept"))
    async with page(phone, visible=False) as asked:
        reply = await phone.ask("one")
        await wait_for(lambda: asked)
        await phone.call("DELETE", f"/api/conversations/{reply['conversation_id']}", expect=204)
        await phone.ask("two")
        (message,) = await service.got(1)
    assert message.note["body"] == "kept"


async def test_the_test_says_whether_it_arrived(phone: Phone, service: Service) -> None:
    answer = await phone.post("/api/push/test", expect=404)
    assert "switch them on first" in answer["error"]["message"]
    browser = service.browser()
    await phone.call("PUT", "/api/push", {"subscription": browser.subscription})
    assert await phone.post("/api/push/test") == {"ok": True, "message": "sent"}
    (message,) = await service.got(1)
    assert message.note["always"] and message.note["url"] == "/#/settings"
    service.script(403)
    assert await phone.post("/api/push/test") == {"ok": False, "message": "the push service answered 403"}
    service.script(410)
    answer = await phone.post("/api/push/test")
    assert not answer["ok"] and not (await phone.get("/api/push"))["subscribed"]


async def test_switched_off_it_takes_nothing_and_sends_nothing(
    house: House, phone: Phone, service: Service, told: Browser
) -> None:
    await restart(house, phone, LLM_ROUTER_PUSH="false")
    off = {"available": False, "public_key": None, "subscribed": False, "preview": False}
    assert await phone.get("/api/push") == off
    await phone.call("PUT", "/api/push", {"subscription": service.browser().subscription}, expect=503)
    await phone.post("/api/push/test", expect=404)
    async with phone.listening() as stream:
        await stream.next()
        await phone.ask("hello")
        await stream.until(lambda event: event.type == "statistics")
    assert "ended" not in {event.type for event in stream.seen}
    await restart(house, phone, LLM_ROUTER_PUSH="true")
    await phone.ask("hello again")
    (message,) = await service.got(1)
    assert message.note["title"] == "hello again"


def test_an_idle_server_carries_nothing_of_it() -> None:
    code = "import sys, server.main; print(*{'server.ops.webpush', 'server.ops.courier', 'httpx2'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


async def test_what_concerns_the_person_is_told_in_words_only_where_they_want_the_words(
    house: House, phone: Phone, service: Service, told: Browser
) -> None:
    house.services.push.announce(
        phone.session["user"]["id"], "budget-1", "83 % is spent", "most is spent", "/#/settings"
    )
    (message,) = await service.got(1)
    assert (message.note["body"], message.note["url"]) == ("83 % is spent", "/#/settings")
    await phone.call("PUT", "/api/push", {"subscription": told.subscription, "preview": False})
    house.services.push.announce(
        phone.session["user"]["id"], "budget-1", "84 % is spent", "most is spent", "/#/settings"
    )
    assert (await service.got(2))[-1].note["body"] == "most is spent"
