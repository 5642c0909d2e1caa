"""The screens: each is the way to it from where a person who is signed in starts, and the way back."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import expect

from camera import story
from camera.house import House
from tests.browser.hand import Hand
from tests.upstream import Answer

_BORROW = story.TALKS[0].turns[0]
WRITING = Answer(story.BORROW, chunk=1, unit="tokens", delay=0.04, usage=_BORROW.usage)
SLOW = Answer(story.KYOTO, chunk=1, unit="tokens", delay=0.05, hold_after=60)


@dataclass(frozen=True)
class Shot:
    hand: Hand
    house: House
    phone: bool

    async def at(self, place: str) -> None:
        await self.hand.page.goto(f"{self.hand.page.url.split('#')[0]}#/{place}")

    async def to(self, title: str) -> None:
        await self.at(f"c/{self.house.ids[title]}")
        await expect(self.hand.replies.last).to_be_visible()

    async def type(self, text: str, offers: str) -> None:
        """``offers`` is one of the lines that the palette has then."""
        options = self.hand.page.locator("command-palette [role=option]")
        await self.hand.type("/")
        await expect(options.filter(has_text="/delete")).to_be_visible()
        await self.hand.type(text)
        await expect(options.filter(has_text=offers)).to_be_visible()
        await expect(options.filter(has_text="/new")).to_be_hidden()


@asynccontextmanager
async def empty(shot: Shot) -> AsyncIterator[None]:
    await expect(shot.hand.page.locator("empty-chat")).to_contain_text("today")
    yield


@asynccontextmanager
async def chat(shot: Shot) -> AsyncIterator[None]:
    """A reply in mid-sentence."""
    shot.house.upstream.script(WRITING)
    async with shot.house.fresh("rust lifetimes", story.SONNET) as id:
        await shot.at(f"c/{id}")
        await shot.hand.say(_BORROW.prompt)
        await expect(shot.hand.replies.last).to_contain_text("Copy the value out", timeout=30_000)
        yield
        await expect(shot.hand.stop_button).to_be_hidden(timeout=30_000)


@asynccontextmanager
async def reply(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await expect(shot.hand.replies.last).to_contain_text("who frees it")
    yield


@asynccontextmanager
async def code(shot: Shot) -> AsyncIterator[None]:
    await shot.to("backup script")
    yield


@asynccontextmanager
async def palette(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.type("/re", "/reasoning")
    yield


@asynccontextmanager
async def values(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.type("/model ", "claude-opus-4-5")
    yield


@asynccontextmanager
async def drawer(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    if shot.phone:
        await shot.hand.page.get_by_role("button", name="conversations", exact=True).click()
    await expect(shot.hand.page.locator("side-drawer")).to_contain_text("sourdough")
    yield


@asynccontextmanager
async def actions(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.hand.replies.last.locator("button.figures").click()
    await expect(shot.hand.page.get_by_role("dialog")).to_be_visible()
    yield


@asynccontextmanager
async def picker(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.hand.status.locator(".model").click()
    await expect(shot.hand.page.locator("model-picker .item").first).to_be_visible()
    yield


@asynccontextmanager
async def statistics(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.hand.status.locator(".figures").click()
    await expect(shot.hand.page.get_by_role("dialog").locator("statistics-panel")).to_contain_text("try 2 gpt-5.1")
    yield


@asynccontextmanager
async def settings(shot: Shot) -> AsyncIterator[None]:
    await shot.at("settings")
    await expect(shot.hand.page.locator("settings-screen .devices")).to_contain_text("this one")
    await expect(shot.hand.page.locator("key-list")).to_contain_text("anthropic")
    yield


@asynccontextmanager
async def help(shot: Shot) -> AsyncIterator[None]:
    await shot.at("help")
    await expect(shot.hand.page.locator("help-screen")).to_contain_text("/model")
    await expect(shot.hand.page.locator("help-screen")).to_contain_text("openai")
    yield


@asynccontextmanager
async def notice(shot: Shot) -> AsyncIterator[None]:
    await shot.to("backup script")
    await shot.type("/delete", "/delete")
    await shot.hand.prompt.press("Enter")
    await expect(shot.hand.page.locator("notice-bar")).to_contain_text("undo")
    yield
    await shot.hand.page.get_by_role("button", name="undo").click()
    await expect(shot.hand.page.locator("notice-bar")).to_contain_text("restored")


SCREENS: dict[str, Callable[[Shot], AbstractAsyncContextManager[None]]] = {
    "empty": empty,
    "chat": chat,
    "reply": reply,
    "code": code,
    "palette": palette,
    "values": values,
    "drawer": drawer,
    "actions": actions,
    "picker": picker,
    "statistics": statistics,
    "settings": settings,
    "help": help,
    "notice": notice,
}
