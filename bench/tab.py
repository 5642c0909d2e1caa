"""A tab of a real browser, with the eyes of its developer tools: what came over the wire, what the scripts took."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from tests.house import ADMIN

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
SLOWER = 4
"""Times: a phone of the middle class beside this machine."""
SLOW_4G = {"latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 750e3 / 8, "offline": False}
PROMPT = "chat-prompt textarea"


class Tab:
    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self.page = page
        self._cdp = cdp
        self._urls: dict[str, str] = {}
        self._cached: set[str] = set()
        self.bytes: dict[str, int] = {}
        """Of each request that went over the wire, by address: headers and body as they came."""
        cdp.on(
            "Network.requestWillBeSent", lambda event: self._urls.update({event["requestId"]: event["request"]["url"]})
        )
        cdp.on("Network.requestServedFromCache", lambda event: self._cached.add(event["requestId"]))
        cdp.on("Network.responseReceived", self._received)
        cdp.on("Network.loadingFinished", self._finished)

    async def slow(self, *, network: bool = False) -> None:
        await self._cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        if network:
            await self._cdp.send("Network.emulateNetworkConditions", SLOW_4G)

    async def open(self, url: str) -> float:
        """Milliseconds from the navigation until the prompt is there to type in."""
        await self.page.goto(url, wait_until="commit")
        await self.page.wait_for_selector(PROMPT)
        return float(await self.page.evaluate("window.promptAt"))

    async def metrics(self) -> dict[str, float]:
        """What the browser counted so far, in seconds where it is time."""
        told = await self._cdp.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in told["metrics"]}

    def _received(self, event: Any) -> None:
        if event["response"].get("fromServiceWorker") or event["response"].get("fromDiskCache"):
            self._cached.add(event["requestId"])

    def _finished(self, event: Any) -> None:
        id = event["requestId"]
        if id not in self._cached and id in self._urls:
            self.bytes[self._urls[id]] = int(event["encodedDataLength"])


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found or None, args=list(QUIET))
        yield browser
        await browser.close()


@asynccontextmanager
async def signed_in(browser: Browser, url: str, *, workers: bool = False) -> AsyncIterator[Any]:
    """Makes tabs of a phone that is signed in and has never had the page."""
    context = await browser.new_context(**PHONE, service_workers="allow" if workers else "block")
    await context.add_init_script(_NOTE)
    username, password = ADMIN
    answer = await context.request.post(f"{url}/api/auth/login", data={"username": username, "password": password})
    if not answer.ok:
        raise RuntimeError(f"signing in: {answer.status}")

    async def tab() -> Tab:
        page = await context.new_page()
        cdp = await context.new_cdp_session(page)
        await cdp.send("Network.enable")
        await cdp.send("Performance.enable")
        return Tab(page, cdp)

    yield tab
    await context.close()


_NOTE = f"""
new MutationObserver((_, watcher) => {{
  if (!document.querySelector('{PROMPT}')) return;
  window.promptAt = performance.now();
  watcher.disconnect();
}}).observe(document, {{ childList: true, subtree: true }});
"""
