"""The server's health in the settings of an admin, and a server that restarts under an open page."""

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.house import ADMIN, House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

WATCH = """() => {
  const seen = (globalThis.seen = []);
  const look = () => seen.push(document.body.innerText.match(/reconnecting|offline/)?.[0] ?? "");
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


async def test_an_admin_looks_at_the_server_a_restart_is_not_shown_and_a_full_disk_is(
    house: House, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    root = await Hand.inside(phone_screen, house.url, *ADMIN)
    await root.page.evaluate("location.hash = '#/settings'")
    box = root.page.locator("doctor-settings")
    await box.get_by_role("button", name="look now").click()
    await expect(box.locator(".said")).to_contain_text("to look at · looked")
    rows = box.locator(".finding")
    await expect(
        rows.filter(has_text="every page of the database is whole").get_by_role("img")
    ).to_have_accessible_name("ok")
    await expect(rows.filter(has_text="backups").get_by_role("img")).to_have_accessible_name("note")
    await expect(rows.filter(has_text="providers")).to_have_count(0)

    live = house.services.live
    await root.page.evaluate(WATCH)
    async with root.page.expect_request(lambda request: "/api/stream" in request.url):
        live.broadcast("restarting", "")
    live.broadcast("notice", '{"text": "here again", "tone": "ok"}')
    await expect(root.page.get_by_text("here again")).to_be_visible()
    assert not any(await root.page.evaluate("seen")), "nobody was told of it"
    assert root.problems == []

    room = house.services.room
    room._measure, room._until = lambda _folder: 5_000_000, 0.0
    upstream.default(Answer(text="there is room again"))
    await root.page.evaluate("location.hash = '#/'")
    await root.say("a word that waits")
    await expect(root.page.get_by_text("5 MB are free, so nothing new is begun")).to_be_visible()
    room._measure, room._until = lambda _folder: 10**10, 0.0
    await root.answered("there is room again")
