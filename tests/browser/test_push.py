"""Notifications from the tap in settings to the tap on the notification, as far as a browser without a maker goes.

The browser's own push service is the only part that is replaced: what it would hand out is handed out by the test, and
what our server sends to it is given to the real service worker.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, CDPSession, Worker, expect

from tests.browser.hand import Hand
from tests.house import House
from tests.ops.pushing import Browser, Received, Service
from tests.phone import PATIENCE
from tests.upstream import Answer, Upstream

pytestmark = [pytest.mark.anyio, pytest.mark.worker]

LONG = "and so it goes on " * 200

SERVICE = """
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const key = () => localStorage.getItem("test-key");
  const made = () => key() && {
    endpoint: localStorage.getItem("test-endpoint") ?? GIVEN.endpoint,
    options: { userVisibleOnly: true, applicationServerKey: bytes(key()).buffer },
    toJSON() { return { ...GIVEN, endpoint: this.endpoint }; },
    async unsubscribe() { localStorage.removeItem("test-key"); return true; },
  };
  PushManager.prototype.getSubscription = async () => made();
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly) throw new Error("every message has to be shown");
    localStorage.setItem("test-key", options.applicationServerKey);
    return made();
  };
})();
"""


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    running = await Service().start()
    yield running
    await running.stop()
    assert running.problems == []


@pytest.fixture
async def house(empty_house: Path, tmp_path: Path, upstream: Upstream) -> AsyncIterator[House]:
    built = House.over(
        empty_house,
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        LLM_ROUTER_PUSH_LOCAL="true",
    )
    await built.start()
    yield built
    await built.stop()


@pytest.fixture
async def given(service: Service, phone_screen: BrowserContext) -> Browser:
    """What the phone's push service hands out, once the person allowed it."""
    browser = service.browser()
    await phone_screen.grant_permissions(["notifications"])
    await phone_screen.add_init_script(f"const GIVEN = {browser.subscription!r};".replace("None", "null") + SERVICE)
    return browser


def setting(hand: Hand) -> Any:
    return hand.page.get_by_label("when a reply ends")


async def switch_on(hand: Hand, choice: str = "on, with preview") -> None:
    await hand.page.goto(hand.page.url.partition("#")[0] + "#/settings")
    await hand.until("() => navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
    await setting(hand).select_option(choice)
    await expect(hand.page.locator("notify-settings .test")).to_be_visible()


async def deliver(hand: Hand, house: House, message: Received) -> None:
    """Gives the decrypted message to the page's service worker, as the browser would."""
    cdp: CDPSession = await hand.page.context.new_cdp_session(hand.page)
    found: dict[str, Any] = {}
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.update(event))
    await cdp.send("ServiceWorker.enable")
    async with asyncio.timeout(PATIENCE):
        while not found:
            await asyncio.sleep(0.01)
    (registration,) = found["registrations"]
    data = message.browser.decrypt(message.body).decode()
    what = {"origin": house.url, "registrationId": registration["registrationId"], "data": data}
    await cdp.send("ServiceWorker.deliverPushMessage", what)
    await cdp.detach()


async def shown(worker: Worker) -> Any:
    shape = "({ title, body, tag, data }) => ({ title, body, tag, data })"
    return await worker.evaluate(f"registration.getNotifications().then((all) => all.map({shape}))")


async def until_shown(worker: Worker) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not (notes := await shown(worker)):
            await asyncio.sleep(0.01)
    return notes


async def test_a_reply_that_ends_behind_the_persons_back_is_told_and_a_tap_leads_to_it(
    house: House, given: Browser, ada: Hand, upstream: Upstream, service: Service
) -> None:
    upstream.script(Answer(text=LONG, hold_after=20))
    await switch_on(ada)
    start = house.url + "/"
    await ada.page.goto(start + "#/")
    await ada.say("tell me")
    await expect(ada.replies.last).to_contain_text("and so it goes on")
    (worker,) = ada.page.context.service_workers
    await ada.page.goto("about:blank")
    upstream.release()
    (message,) = await service.got(1)
    await deliver(ada, house, message)
    (note,) = await until_shown(worker)
    assert (note["title"], note["tag"]) == ("tell me", message.note["tag"])
    assert note["body"].startswith("and so it goes on")
    await ada.page.goto(start)
    await expect(ada.prompt).to_be_visible()
    await worker.evaluate(
        """registration.getNotifications().then(([notification]) => {
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        })"""
    )
    await ada.answered("and so it goes on")
    assert message.note["tag"] in ada.page.url
    async with asyncio.timeout(PATIENCE):
        while await shown(worker):
            await asyncio.sleep(0.01)


async def test_nothing_is_told_to_who_is_looking(
    house: House, given: Browser, ada: Hand, upstream: Upstream, service: Service
) -> None:
    upstream.script(Answer(text="seen"), Answer(text=LONG, hold_after=20))
    await switch_on(ada)
    await ada.page.goto(house.url + "/#/")
    async with ada.page.expect_response("**/api/push/seen"):
        await ada.say("one")
    await ada.answered("seen")
    await ada.say("two")
    await expect(ada.replies.last).to_contain_text("and so it goes on")
    await ada.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    upstream.release()
    (message,) = await service.got(1)
    assert message.note["body"].startswith("and so it goes on")


async def test_the_test_button_sends_one_that_is_shown_even_now(
    house: House, given: Browser, ada: Hand, service: Service
) -> None:
    await switch_on(ada, "on")
    await ada.page.get_by_role("button", name="test", exact=True).last.click()
    await expect(ada.page.get_by_text("a notification is on its way")).to_be_visible()
    (message,) = await service.got(1)
    (worker,) = ada.page.context.service_workers
    await deliver(ada, house, message)
    (note,) = await until_shown(worker)
    assert note["body"] == "notifications work on this device"


async def test_the_command_says_how_it_stands_and_changes_it(house: House, given: Browser, ada: Hand) -> None:
    notice = ada.page.get_by_role("status").filter(has_text="this device is told")
    await ada.until("() => navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
    for line, says in (
        ("/notify", "this device is told nothing"),
        ("/notify preview", "with its first words"),
        ("/notify", "with its first words"),
        ("/notify off", "this device is told nothing"),
    ):
        await ada.say(line)
        await expect(notice.filter(has_text=says).first).to_be_visible()
    assert await ada.page.evaluate("localStorage.getItem('test-key')") is None


async def test_a_subscription_that_the_browser_renewed_is_told_to_the_server_at_the_next_start(
    house: House, given: Browser, ada: Hand, service: Service
) -> None:
    await switch_on(ada)
    renewed = service.browser()
    renewed.key, renewed.auth = given.key, given.auth
    await ada.page.evaluate("(endpoint) => localStorage.setItem('test-endpoint', endpoint)", renewed.endpoint)
    async with ada.page.expect_response(lambda answer: answer.request.method == "PUT"):
        await ada.page.reload()
    await ada.page.get_by_role("button", name="test", exact=True).last.click()
    (message,) = await service.got(1)
    assert message.browser is renewed


async def test_a_refusal_of_the_person_stands(house: House, given: Browser, ada: Hand) -> None:
    await ada.page.context.clear_permissions()
    await ada.page.goto(house.url + "/#/settings")
    await expect(setting(ada)).to_have_value("off")
    await ada.page.evaluate("Notification.requestPermission = async () => 'denied'")
    await setting(ada).select_option("on")
    await expect(ada.page.get_by_text("did not allow notifications")).to_be_visible()
    await expect(setting(ada)).to_have_value("off")


@pytest.mark.parametrize(
    ("lack", "says"),
    [
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "need https"),
        ("delete window.PushManager", "no notifications for web pages"),
        (
            "delete window.PushManager; Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla iPhone' })",
            "add to home screen",
        ),
        ("Object.defineProperty(Notification, 'permission', { value: 'denied' })", "are blocked for this page"),
    ],
    ids=["plain http", "no push", "iPhone in Safari", "denied"],
)
async def test_what_is_missing_is_said_in_one_sentence(
    house: House, phone_screen: BrowserContext, ada: Hand, lack: str, says: str
) -> None:
    await phone_screen.add_init_script(lack)
    await ada.page.goto(house.url + "/#/settings")
    await ada.page.reload()
    await expect(ada.page.locator("notify-settings")).to_contain_text(says)
    await expect(setting(ada)).to_be_disabled()
    await expect(ada.page.locator("notify-settings .test")).to_be_hidden()


async def test_where_the_owner_switched_it_off_the_page_says_so(house: House, ada: Hand) -> None:
    await house.stop()
    house.environment["LLM_ROUTER_PUSH"] = "false"
    await house.start()
    await ada.page.goto(house.url + "/#/settings")
    await expect(ada.page.locator("notify-settings")).to_contain_text("switched off on this server")
