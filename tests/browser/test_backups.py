"""Backups in the settings: an admin makes one, takes it away, deletes it; a member sees nothing of them."""

from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.house import ADMIN, House

pytestmark = pytest.mark.anyio


async def test_an_admin_makes_downloads_and_deletes_a_backup(house: House, phone_screen: BrowserContext) -> None:
    root = await Hand.inside(phone_screen, house.url, *ADMIN)
    await root.page.evaluate("location.hash = '#/settings'")
    box = root.page.locator("backup-settings")
    await expect(box).to_contain_text("llm-router restore FILE")
    await expect(box).to_contain_text("one every 24 hours, the last 7 are kept")
    await box.get_by_role("button", name="make one now").click()
    row = box.locator(".rows .pair")
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("kB")
    async with root.page.expect_download() as downloading:
        await row.get_by_role("button", name="download").click()
    download = await downloading.value
    [there] = (house.data / "backups").iterdir()
    assert download.suggested_filename == there.name
    assert Path(await download.path()).read_bytes() == there.read_bytes()
    await row.get_by_role("button", name="delete").click()
    await row.get_by_role("button", name="really?").click()
    await expect(row).to_have_count(0)
    assert list((house.data / "backups").iterdir()) == []
    assert root.problems == []


async def test_why_none_could_be_made_is_said(house: House, phone_screen: BrowserContext) -> None:
    (house.data / "backups").write_text("in the way")
    root = await Hand.inside(phone_screen, house.url, *ADMIN)
    await root.page.evaluate("location.hash = '#/settings'")
    await root.page.get_by_role("button", name="make one now").click()
    await expect(root.page.locator("backup-settings .said")).to_contain_text("No backup can be made in")


async def test_a_member_sees_nothing_of_backups_and_does_not_load_them(ada: Hand) -> None:
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    await ada.page.evaluate("location.hash = '#/settings'")
    await expect(ada.page.locator("archive-settings")).to_be_visible()
    await expect(ada.page.locator("backup-settings")).to_have_count(0)
    assert not [url for url in asked if "backup" in url]
