"""The screens of what was spent: they need the demo data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from camera.screens import Shot, Way


@asynccontextmanager
async def usage(shot: Shot) -> AsyncIterator[None]:
    await shot.at("usage/today")
    await expect(shot.hand.page.locator("usage-screen [data-box=model]")).to_be_visible()
    yield


@asynccontextmanager
async def everybody(shot: Shot) -> AsyncIterator[None]:
    """The rest of the page, of all users, over all time."""
    await shot.at("usage/all")
    await shot.hand.page.get_by_role("button", name="everybody").click()
    await shot.hand.page.get_by_role("button", name="user", exact=True).click()
    await expect(shot.hand.page.locator("usage-screen [data-box=group]")).to_contain_text("grace")
    if shot.phone:
        await shot.hand.page.locator("usage-screen").evaluate("(node) => node.scrollTo(0, node.scrollHeight * 0.4)")
    yield


@asynccontextmanager
async def log(shot: Shot) -> AsyncIterator[None]:
    await shot.at("log")
    await expect(shot.hand.page.locator("log-screen .call").first).to_be_visible()
    yield


@asynccontextmanager
async def explained(shot: Shot) -> AsyncIterator[None]:
    """One call that was answered at the second try."""
    await shot.at("log")
    await shot.hand.page.get_by_label("status").select_option("failed")
    await shot.hand.page.locator("log-screen .call").first.click()
    await expect(shot.hand.page.get_by_role("dialog")).to_contain_text("attempt 2")
    yield


COUNTED: dict[str, Way] = {"usage": usage, "everybody": everybody, "log": log, "explained": explained}
