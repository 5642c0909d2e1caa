"""A person at the page: what they see, tap and type. The tests speak to the page through this alone."""

import asyncio
import time
from typing import Any

from playwright.async_api import BrowserContext, Page, Route, expect

STORED_PAGES = """async (text) => {
  for (const { name } of await indexedDB.databases()) {
    const opening = indexedDB.open(name);
    const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
    if (!database.objectStoreNames.contains("pages")) continue;
    const reading = database.transaction("pages").objectStore("pages").getAll();
    const pages = await new Promise((done) => (reading.onsuccess = () => done(reading.result)));
    database.close();
    if (JSON.stringify(pages).includes(text)) return true;
  }
  return false;
}"""


class Hand:
    """One page. ``problems`` are the errors that its scripts threw."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    @classmethod
    async def on(cls, context: BrowserContext, url: str, path: str = "/") -> "Hand":
        hand = cls(await context.new_page())
        await hand.page.goto(url + path)
        return hand

    @classmethod
    async def inside(cls, context: BrowserContext, url: str, username: str, password: str) -> "Hand":
        """Somebody who signed in with this browser some time ago."""
        who = {"username": username, "password": password}
        answer = await context.request.post(f"{url}/api/auth/login", data=who)
        assert answer.ok, await answer.text()
        hand = await cls.on(context, url)
        await expect(hand.prompt).to_be_visible()
        return hand

    async def sign_in(self, username: str, password: str) -> "Hand":
        await self.page.get_by_label("user", exact=True).fill(username)
        await self.page.get_by_label("password", exact=True).fill(password)
        await self.page.get_by_role("button", name="log in").click()
        await expect(self.prompt).to_be_visible()
        return self

    @property
    def prompt(self) -> Any:
        return self.page.get_by_role("combobox", name="message or /command")

    @property
    def send_button(self) -> Any:
        return self.page.locator("chat-prompt .send")

    @property
    def stop_button(self) -> Any:
        return self.page.get_by_role("button", name="stop", exact=True)

    @property
    def replies(self) -> Any:
        return self.page.locator("chat-message.assistant")

    @property
    def prompts(self) -> Any:
        return self.page.locator("chat-message.user")

    @property
    def status(self) -> Any:
        return self.page.locator("status-line")

    @property
    def scroller(self) -> Any:
        return self.page.locator("chat-transcript .scroller")

    async def type(self, text: str) -> None:
        await self.prompt.click()
        await self.prompt.fill(text)

    async def say(self, text: str) -> None:
        await self.type(text)
        await self.send_button.click()

    async def answered(self, text: str, count: int = 1) -> None:
        """Waits until ``count`` replies stand there, the last with ``text``, and nothing is being written."""
        await expect(self.replies).to_have_count(count)
        await expect(self.replies.last).to_contain_text(text)
        await expect(self.stop_button).to_be_hidden()
        await expect(self.page.locator("chat-message.running")).to_have_count(0)

    async def offset(self) -> float:
        return float(await self.scroller.evaluate("node => node.scrollTop"))

    async def from_end(self) -> float:
        """Pixels between what is seen and the end of the transcript."""
        return float(await self.scroller.evaluate("node => node.scrollHeight - node.scrollTop - node.clientHeight"))

    async def until(self, script: str, argument: Any = None) -> Any:
        """Waits until ``script`` says something true in the page, and returns it."""
        async with asyncio.timeout(30):
            while not (said := await self.page.evaluate(script, argument)):
                await asyncio.sleep(0.02)
        return said

    async def is_kept(self) -> None:
        """Waits until the browser has the page for later, worker and files."""
        await self.until(
            "async () => navigator.serviceWorker.controller?.state === 'activated'"
            " && (await caches.match('/', { cacheName: 'shell' })) !== undefined"
        )

    async def has_seen(self, text: str) -> None:
        """Waits until what was said is readable without the server."""
        await self.until(STORED_PAGES, text)

    async def has_handed_over(self) -> None:
        """Waits until the newer worker is the one."""
        await self.until("async () => !(await navigator.serviceWorker.getRegistration()).waiting")

    async def version(self) -> str:
        """Which version of the page this is."""
        return str(await self.page.locator("meta[name=version]").get_attribute("content"))

    async def hold_back(self, url: str) -> "HeldBack":
        """Requests to ``url`` wait on their way until they are let go."""
        held = HeldBack()
        await self.page.route(url, held.take)
        return held

    async def open(self, conversation: str) -> None:
        """Goes to a conversation that is there, and sees its end."""
        await self.page.evaluate("id => { location.hash = `#/c/${id}` }", conversation)
        await expect(self.replies.last).to_be_visible()
        await self.until("() => document.querySelector('chat-transcript .scroller').scrollTop > 0")

    async def finger(self, *points: tuple[float, float]) -> None:
        """Puts a finger down at the first point, moves it over the others, and lifts it there."""
        session = await self.page.context.new_cdp_session(self.page)
        kinds = ["touchStart"] + ["touchMove"] * (len(points) - 1)
        # The times are given: on a busy machine the events come in a bunch, which would be a fling.
        at = time.time() - 0.1 * (len(points) + 1)
        for kind, (x, y) in zip(kinds, points, strict=True):
            touch = {"type": kind, "touchPoints": [{"x": x, "y": y}], "timestamp": at}
            await session.send("Input.dispatchTouchEvent", touch)
            at += 0.1
        await session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], "timestamp": at})
        await session.detach()

    async def swipe(self, distance: float) -> None:
        """Moves what is under a finger by so many pixels, downwards where it is positive; it comes to rest."""
        while distance:
            part = max(-500.0, min(500.0, distance))
            start = 400 - part / 2
            way = [(195.0, start + part * step / 4) for step in range(5)]
            await self.finger(*way, way[-1], way[-1])
            await self.still()
            distance -= part

    async def still(self) -> None:
        """Waits until nothing has moved in the transcript for three frames."""
        await self.page.evaluate(
            """async () => {
              const scroller = document.querySelector('chat-transcript .scroller');
              const frame = () => new Promise((done) => requestAnimationFrame(done));
              for (let top = -1, same = 0; same < 3; await frame()) {
                same = scroller.scrollTop === top ? same + 1 : 0;
                top = scroller.scrollTop;
              }
            }"""
        )


class HeldBack:
    """Requests that somebody holds on to."""

    def __init__(self) -> None:
        self.hold()

    def hold(self) -> None:
        self._came = asyncio.Event()
        self._free = asyncio.Event()

    async def take(self, route: Route) -> None:
        self._came.set()
        await self._free.wait()
        await route.continue_()

    async def asked(self) -> None:
        """Waits for the first of them."""
        async with asyncio.timeout(30):
            await self._came.wait()

    def let_go(self) -> None:
        self._free.set()
