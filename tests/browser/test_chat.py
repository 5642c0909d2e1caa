"""Chat on a phone, in a real browser: the words arrive, whatever happens to the connection."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Route, expect

from tests.browser.hand import Hand
from tests.browser.tunnel import Tunnel
from tests.conftest import ADA
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.process import Process
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = "\n\n".join(f"Paragraph **{n}** with `code`, 日本語 and émphasis." for n in range(40))


async def the_only_conversation(phone: Phone) -> Any:
    (row,) = (await phone.get("/api/conversations"))["conversations"]
    return await phone.get(f"/api/conversations/{row['id']}")


async def check_nothing_doubled(phone: Phone, hand: Hand, text: str) -> None:
    """One prompt, one reply with just these words, in the database and on the page."""
    page = await the_only_conversation(phone)
    assert [message["role"] for message in page["messages"]] == ["user", "assistant"]
    assert page["messages"][1]["text"] == text and page["messages"][1]["status"] == "done"
    await expect(hand.replies).to_have_count(1)
    await expect(hand.prompts).to_have_count(1)
    assert await hand.replies.locator(".body p").count() == page["messages"][1]["html"].count("<p>")


@pytest.fixture
async def phone(house: House, ada: Hand) -> Any:
    """Ada's view of the API, beside her page."""
    phone = await Phone(house.url).sign_in(*ADA)
    yield phone
    await phone.close()


async def test_a_newcomer_gets_from_the_code_to_a_highlighted_reply_of_the_demo(
    empty_house: Path, tmp_path: Path, phone_screen: BrowserContext
) -> None:
    house = House.over(empty_house, tmp_path / "new")
    del house.environment["LLM_ROUTER_ADMIN_USER"], house.environment["LLM_ROUTER_ADMIN_PASSWORD"]
    await house.start()
    hand = await Hand.on(phone_screen, house.url)
    await hand.page.get_by_label("set-up code").fill(house.services.setup_code.text)
    await hand.page.get_by_label("user", exact=True).fill("ada")
    await hand.page.get_by_label("password", exact=True).fill("lovelace engine")
    await hand.page.get_by_role("button", name="create account").click()
    await hand.page.get_by_role("button", name="try the demo model first").click()
    await hand.say("hello there")
    await expect(hand.stop_button).to_be_visible()
    await hand.answered("not an AI")
    await expect(hand.replies.locator("figure.code code span").first).to_be_visible()
    await expect(hand.status).to_contain_text("demo, not an AI")
    assert hand.problems == []
    await house.stop()


async def test_a_reply_streams_and_ends_as_the_provider_sent_it(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, delay=0.003))
    await ada.say("hello")
    await expect(ada.prompt).to_have_value("")
    await ada.answered("Paragraph 39")
    await check_nothing_doubled(phone, ada, LONG)
    await expect(ada.status).to_contain_text("gpt-5.1")
    await expect(ada.status).to_contain_text("$0.00")
    await expect(ada.status).to_contain_text("idle")


async def test_reloading_in_the_middle_loses_and_repeats_nothing(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, hold_after=25))
    await ada.say("hello")
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    await ada.page.reload()
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    upstream.release()
    await ada.answered("Paragraph 39")
    await check_nothing_doubled(phone, ada, LONG)


@pytest.mark.parametrize("told", [True, False], ids=["the browser knows", "the browser does not know"])
async def test_in_a_tunnel_the_reply_goes_on_and_is_there_at_the_end_of_it(
    house: House, upstream: Upstream, phone_screen: BrowserContext, told: bool
) -> None:
    upstream.script(Answer(text=LONG, hold_after=25))
    tunnel = await Tunnel(house.url).mend()
    phone = await Phone(house.url).sign_in(*ADMIN)
    hand = await Hand.inside(phone_screen, tunnel.url, *ADMIN)
    await hand.say("hello")
    await expect(hand.replies.last).to_contain_text("Paragraph 4")
    await tunnel.cut()
    if told:
        await phone_screen.set_offline(True)
    upstream.release()
    page = await the_only_conversation(phone)
    await phone.ended(page["messages"][1]["id"])
    await expect(hand.status).to_contain_text(re.compile("reconnecting|offline"))
    await expect(hand.replies.last).not_to_contain_text("Paragraph 39")
    await tunnel.mend()
    if told:
        await phone_screen.set_offline(False)
    await hand.answered("Paragraph 39")
    await check_nothing_doubled(phone, hand, LONG)
    await expect(hand.page.get_by_text(re.compile("failed to fetch|network error", re.IGNORECASE))).to_have_count(0)
    assert hand.problems == []
    await phone.close()
    await tunnel.cut()


async def test_leaving_before_the_first_word_and_coming_back_after_the_last(
    house: House, ada: Hand, phone: Phone, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text=LONG, hold_after=0))
    await ada.say("hello")
    await expect(ada.prompts).to_have_count(1)
    url = ada.page.url
    await ada.page.goto("about:blank")
    await upstream.asked()
    upstream.release()
    page = await the_only_conversation(phone)
    await phone.ended(page["messages"][1]["id"])
    await ada.page.goto(url)
    await ada.answered("Paragraph 39")
    await check_nothing_doubled(phone, ada, LONG)


async def test_two_pages_on_one_conversation_show_the_same_live(
    ada: Hand, ada_at_desk: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(text=LONG, hold_after=25), Answer(text="from the laptop"))
    await ada.say("hello")
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    await ada_at_desk.page.goto(ada.page.url)
    await expect(ada_at_desk.replies.last).to_contain_text("Paragraph 4")
    upstream.release()
    for hand in (ada, ada_at_desk):
        await hand.answered("Paragraph 39")
    await ada_at_desk.say("and now?")
    for hand in (ada, ada_at_desk):
        await hand.answered("from the laptop", count=2)
    shown = [await hand.replies.first.locator(".body").inner_html() for hand in (ada, ada_at_desk)]
    assert shown[0] == shown[1]


async def test_a_lost_answer_to_a_send_makes_no_second_turn(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="once"))
    lost = 0

    async def lose_the_first(route: Route) -> None:
        nonlocal lost
        if lost:
            await route.continue_()
            return
        lost += 1
        await route.fetch()
        await route.abort()

    await ada.page.route("**/api/conversations/*/messages", lose_the_first)
    await ada.say("hello")
    await ada.answered("once")
    await check_nothing_doubled(phone, ada, "once")
    assert lost == 1 and len(upstream.calls) == 1


@pytest.fixture
async def process(tmp_path: Path, upstream: Upstream) -> Any:
    """The program as a process of its own, to be killed."""
    made = Process(tmp_path / "data", OPENAI_API_KEY="sk-test-openai-0001", OPENAI_BASE_URL=upstream.openai)
    await made.start()
    yield made
    await made.end()


async def test_a_killed_server_comes_back_and_continue_goes_on(
    process: Process, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text=LONG, delay=0.06), Answer(text="And the rest of it."))
    hand = await Hand.on(phone_screen, process.url)
    await hand.sign_in(*ADMIN)
    await hand.say("hello")
    await expect(hand.replies.last).to_contain_text("Paragraph 18")
    await process.kill()
    await process.start()
    await expect(hand.page.get_by_text("the server stopped while this was being written")).to_be_visible()
    await expect(hand.replies.last).to_contain_text("Paragraph 5")
    await hand.page.get_by_role("button", name="continue").click()
    await hand.answered("And the rest of it.", count=2)
    phone = await Phone(process.url).sign_in(*ADMIN)
    page = await the_only_conversation(phone)
    assert LONG.startswith(page["messages"][1]["text"]) and page["messages"][1]["status"] == "interrupted"
    assert page["messages"][2]["continues_id"] == page["messages"][1]["id"]
    assert page["conversation"]["figures"]["calls"] == 2
    await phone.close()
    assert hand.problems == []


async def test_stop_ends_the_reply_and_keeps_its_words(ada: Hand, phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text=LONG, hold_after=25))
    await ada.say("hello")
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    await ada.stop_button.click()
    await expect(ada.stop_button).to_be_hidden()
    await expect(ada.replies.last).to_contain_text("Paragraph 4")
    page = await the_only_conversation(phone)
    assert page["messages"][1]["status"] == "stopped"


async def test_a_second_message_waits_visibly_and_is_sent_by_the_server(
    ada: Hand, phone: Phone, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text="first answer", hold_after=2), Answer(text="second answer"))
    await ada.say("one")
    await expect(ada.stop_button).to_be_visible()
    await ada.type("two")
    await ada.send_button.click()
    await expect(ada.prompts).to_have_count(2)
    await expect(ada.replies.last).to_contain_text("queued")
    await phone_screen.set_offline(True)
    await upstream.asked()
    upstream.release()
    page = await the_only_conversation(phone)
    await phone.ended(page["messages"][-1]["id"])
    await phone_screen.set_offline(False)
    await ada.answered("second answer", count=2)


async def test_a_failure_is_a_red_line_with_one_action(ada: Hand, upstream: Upstream) -> None:
    upstream.script(Answer(status=500), Answer(status=500), Answer(status=500), Answer(text="now it works"))
    await ada.say("hello")
    problem = ada.replies.last.locator(".problem-line")
    await expect(problem).to_be_visible()
    await expect(problem.get_by_role("button")).to_have_count(1)
    await problem.get_by_role("button", name="retry").click()
    await ada.answered("now it works")
    await expect(ada.replies.last).to_contain_text("2/2")


async def test_what_a_model_writes_cannot_run_or_load_anything(ada: Hand, upstream: Upstream) -> None:
    nasty = (
        "</script><script>window.hacked = 1</script> <img src=x onerror='window.hacked = 1'>\n\n"
        "[link](javascript:window.hacked=1) ![pixel](http://example.invalid/pixel.png)\n\n"
        "```html\n<svg onload=window.hacked=1>\n```\n\nthe end"
    )
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    upstream.script(Answer(text=nasty, chunk=3))
    await ada.say("</script><script>window.hacked = 1</script>")
    await ada.answered("the end")
    assert await ada.page.evaluate("window.hacked") is None
    assert not [url for url in asked if "example.invalid" in url]
    await expect(ada.prompts.first).to_contain_text("</script>")


@pytest.mark.parametrize("text", ["👩‍💻🇩🇪 emoji", "日本語と中文と한국어", "שלום עולם", "a\u202eb", "x" * 3000])
async def test_any_text_is_shown_as_it_was_typed(ada: Hand, phone: Phone, upstream: Upstream, text: str) -> None:
    upstream.script(Answer(text=text, chunk=1))
    await ada.say(text)
    await ada.answered(text)
    await check_nothing_doubled(phone, ada, text)
    width = await ada.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


async def test_the_figures_of_the_device_survive_a_reload_and_a_cleared_storage(
    ada: Hand, phone: Phone, upstream: Upstream
) -> None:
    upstream.script(Answer(usage={"input": 100_000, "cached": 0, "output": 20_000, "reasoning": 0}))
    await ada.say("hello")
    await expect(ada.status).to_contain_text("$0.33")
    device = await ada.page.evaluate("JSON.parse(localStorage.getItem('llm-router:device'))")
    await ada.page.evaluate("localStorage.clear()")
    await ada.page.reload()
    await expect(ada.status).to_contain_text("$0.33")
    assert await ada.page.evaluate("JSON.parse(localStorage.getItem('llm-router:device'))") == device
    assert device in json.dumps(await ada.page.context.cookies())
