"""At home, over plain HTTP at a name in the network: no clipboard, no randomUUID, no worker; all the rest works."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Playwright, expect

from tests.browser.conftest import PHONE, QUIET, Inn, executable
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

NAME = "llm.lan"
CODE = "Here:\n\n```python\nprint('hello')\nprint('again')\n```\n\nThat is it."


@pytest.fixture
async def browser_at_home(playwright: Playwright) -> AsyncIterator[Browser]:
    """One for which the name is this machine: unlike 127.0.0.1 that is no secure context."""
    rules = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
    running = await playwright.chromium.launch(executable_path=executable(), args=[*QUIET, rules])
    yield running
    await running.close()


@pytest.fixture
async def at_home(browser_at_home: Browser, inn: Inn, provider: Upstream) -> AsyncIterator[Hand]:
    context = await browser_at_home.new_context(**PHONE)  # type: ignore[arg-type]
    context.set_default_timeout(30_000)
    hand = await Hand.on(context, f"http://{NAME}:{urlsplit(inn.house.url).port}")
    missing = "[isSecureContext, 'clipboard' in navigator, 'randomUUID' in crypto, 'serviceWorker' in navigator]"
    assert await hand.page.evaluate(missing) == [False, False, False, False]
    await hand.sign_in(*ADA)
    yield hand
    await context.close()
    assert hand.problems == []


async def pasted(hand: Hand) -> str:
    """What the clipboard holds, as a person finds out."""
    await hand.prompt.fill("")
    await hand.prompt.focus()
    await hand.page.keyboard.press("Control+V")
    text = await hand.prompt.input_value()
    await hand.prompt.fill("")
    return str(text)


async def test_sending_streaming_and_stopping_work(at_home: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text=CODE, chunk=4, hold_after=12), Answer(text="one two three", chunk=2, hold_after=8))
    await at_home.say("hello")
    await expect(at_home.replies.last.locator("figure.code")).to_be_visible()
    inn.upstream.release()
    await at_home.answered("That is it.")
    await at_home.say("again")
    await expect(at_home.replies.last).to_contain_text("one")
    await at_home.stop_button.tap()
    await expect(at_home.replies.last).to_contain_text("stopped")
    await at_home.page.reload()
    await expect(at_home.replies).to_have_count(2)


async def test_code_answers_and_my_own_words_can_be_copied(at_home: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text=CODE))
    await at_home.say("hello **you**")
    await at_home.answered("That is it.")
    copy = at_home.replies.last.locator("figure.code").get_by_role("button")
    await copy.tap()
    await expect(copy).to_have_text("✓ copied")
    assert (await pasted(at_home)).rstrip() == "print('hello')\nprint('again')"
    await expect(copy).to_have_text("copy")
    await at_home.replies.last.locator(".copy-message").tap()
    await expect(at_home.replies.last.get_by_role("button", name="copied")).to_be_visible()
    assert await pasted(at_home) == CODE
    await at_home.prompts.first.locator(".copy-message").tap()
    assert await pasted(at_home) == "hello **you**"
    await at_home.replies.last.locator(".meta .figures").tap()
    await at_home.page.get_by_role("dialog").get_by_role("button", name="copy").tap()
    await expect(at_home.page.locator("notice-bar")).to_contain_text("copied")
    assert await pasted(at_home) == CODE


async def test_settings_say_what_https_would_add_and_how(at_home: Hand) -> None:
    await at_home.page.evaluate("location.hash = '#/settings'")
    box = at_home.page.locator("section").filter(has=at_home.page.get_by_role("heading", name="this address"))
    await expect(box).to_contain_text("https adds")
    await expect(box.locator("code, kbd, pre").first).to_be_visible()
