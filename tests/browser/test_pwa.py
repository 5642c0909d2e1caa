"""The page as an app: installable, open at once, a target to share to, told of what was pushed."""

import asyncio
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.async_api import BrowserContext, Page, Playwright, expect

from tests.browser.conftest import PATIENCE, QUIET
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.worker]

EARLY = """
  window.early = [];
  const ask = window.fetch;
  window.fetch = (...all) => {
    if (!document.querySelector("chat-prompt textarea")) window.early.push(String(all[0]));
    return ask(...all);
  };
"""
KEEP_A_FILE = """async () => {
  const kept = await caches.open("shared");
  await kept.put("/share/0", new Response("a diary", { headers: { "X-Name": "diary.txt" } }));
}"""
SHARED = {"title": "A page", "text": "worth reading https://example.com/a?b=c", "url": "https://example.com/a?b=c"}


@pytest.fixture
async def ada_kept(ada: Hand) -> Hand:
    """Ada, whose browser has the page for later."""
    await ada.is_kept()
    return ada


async def test_the_page_can_be_installed_by_the_browsers_own_criteria(
    house: House, playwright: Playwright, tmp_path: Path
) -> None:
    context = await playwright.chromium.launch_persistent_context(  # a guest's window can install nothing
        tmp_path / "profile",
        executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium") or None,
        args=list(QUIET),
    )
    hand = await Hand.on(context, house.url)
    await hand.is_kept()
    browser = await context.new_cdp_session(hand.page)
    assert (await browser.send("Page.getInstallabilityErrors"))["installabilityErrors"] == []
    manifest: Any = await browser.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{house.url}/manifest.webmanifest"
    assert json.loads(manifest["data"])["name"] == "LLM Router"
    await context.close()


async def test_opened_again_it_asks_the_network_for_nothing_before_one_can_type(
    house: House, ada_kept: Hand, phone_screen: BrowserContext
) -> None:
    await ada_kept.page.close()
    await phone_screen.add_init_script(EARLY)
    page = await phone_screen.new_page()
    fetched: list[tuple[str, bool]] = []
    page.on("response", lambda response: fetched.append((response.url, response.from_service_worker)))
    hand = Hand(page)
    await page.goto(house.url)
    await hand.type("at once")
    await expect(hand.status).to_contain_text("gpt-5.1")
    assert await page.evaluate("window.early") == []
    shell = [(url, kept) for url, kept in fetched if "/api/" not in url]
    assert len(shell) >= 6, "the files of the page were seen passing by"
    others = {url.removeprefix(house.url) for url, kept in shell if not kept}
    assert others <= {"/sw.js", "/manifest.webmanifest"}
    assert await page.evaluate(
        "performance.getEntriesByType('navigation')[0].transferSize"
        " + performance.getEntriesByType('resource').filter((one) => one.name.includes('/assets/'))"
        ".reduce((sum, one) => sum + one.transferSize, 0)"
    ) in (0, 300), "at most the header that the browser counts for the page itself"


async def test_what_is_shared_stands_in_the_prompt_of_a_new_chat_and_is_not_sent(
    house: House, ada_kept: Hand, upstream: Upstream
) -> None:
    await ada_kept.page.goto(f"{house.url}/share?{urlencode(SHARED)}")
    await expect(ada_kept.prompt).to_have_value("A page\nworth reading https://example.com/a?b=c")
    assert ada_kept.page.url == f"{house.url}/#/"
    await ada_kept.page.reload()
    await expect(ada_kept.prompt).to_have_value("A page\nworth reading https://example.com/a?b=c")
    await ada_kept.page.goto(f"{house.url}/share?text=one+more")
    await expect(ada_kept.prompt).to_have_value("A page\nworth reading https://example.com/a?b=c\n\none more")
    assert upstream.calls == []


async def test_what_is_shared_waits_for_the_sign_in(
    house: House, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    await house.services.users.create(*ADA)
    hand = await Hand.on(phone_screen, house.url, "/share?text=%2Flogout+%3Cb%3E")
    await hand.sign_in(*ADA)
    await expect(hand.prompt).to_have_value("/logout <b>")
    assert hand.problems == [] and upstream.calls == []


async def test_what_was_shared_long_before_the_sign_in_is_dropped(house: House, phone_screen: BrowserContext) -> None:
    await house.services.users.create(*ADA)
    hand = await Hand.on(phone_screen, house.url)
    await hand.page.evaluate(KEEP_A_FILE)
    await hand.page.goto(f"{house.url}/share?text=a+diary&files=1")
    await expect(hand.page.get_by_label("user", exact=True)).to_be_visible()
    await hand.page.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=11))
    await hand.sign_in(*ADA)
    await expect(hand.prompt).to_have_value("")
    await hand.until("async () => !(await caches.has('shared'))")
    await hand.page.reload()
    await expect(hand.prompt).to_have_value("")
    await expect(hand.page.locator("file-chips .chip")).to_have_count(0)
    assert hand.problems == []


async def test_what_still_waits_goes_with_who_signs_out(house: House, ada: Hand) -> None:
    other = await Hand.on(ada.page.context, house.url)
    await other.page.evaluate(KEEP_A_FILE)
    await other.page.evaluate("localStorage.setItem('llm-router:shared', JSON.stringify({at: Date.now(), text: 'hi'}))")
    await ada.say("/logout")
    await ada.sign_in(*ADA)
    await expect(ada.prompt).to_have_value("")
    await ada.until("async () => !(await caches.has('shared'))")


async def registration(page: Page) -> Any:
    """The browser's own handle of the worker, and its id."""
    browser = await page.context.new_cdp_session(page)
    found: list[str] = []
    browser.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    await browser.send("ServiceWorker.enable")
    async with asyncio.timeout(PATIENCE):
        while not found:
            await page.evaluate("1")
    return browser, found[0]


async def test_a_push_is_shown_to_nobody_who_is_looking_and_opens_its_message(
    house: House, ada_kept: Hand, upstream: Upstream, phone_screen: BrowserContext
) -> None:
    upstream.script(Answer(text="pushed"))
    await ada_kept.say("hello")
    await ada_kept.answered("pushed")
    url = "/" + ada_kept.page.url.removeprefix(f"{house.url}/")
    await ada_kept.page.evaluate("location.hash = '#/'")
    await phone_screen.grant_permissions(["notifications"], origin=house.url)
    browser, id = await registration(ada_kept.page)

    async def push(tag: str, **more: Any) -> None:
        payload = {"tag": tag, "title": "ada", "body": tag, "url": url, "silent": False, **more}
        await browser.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": house.url, "registrationId": id, "data": json.dumps(payload)},
        )

    shown = "navigator.serviceWorker.ready.then(async (one) => (await one.getNotifications()).map((n) => n.tag).join())"
    await push("seen already")
    await push("a trial", always=True)
    assert await ada_kept.until(shown) == "a trial"
    worker = phone_screen.service_workers[0]
    await worker.evaluate(
        """async () => {
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
    await ada_kept.answered("pushed")
    assert ada_kept.page.url.endswith(url)
    await ada_kept.until(f"() => {shown}.then((tags) => tags === '')")
