"""The screens: each is the way to it from where a person who is signed in starts, and the way back."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Locator, expect

from camera import sketch, story
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

    async def show(self, node: Locator) -> None:
        """At the top, as far as that goes."""
        await node.evaluate("node => node.scrollIntoView({ block: 'start' })")

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


@asynccontextmanager
async def branches(shot: Shot) -> AsyncIterator[None]:
    """Two ways from one conversation, which are gone again afterwards."""
    await shot.to("backup script")
    made = []
    for title in ("over ssh instead", "with restic"):
        await shot.hand.say(f"/branch {title}")
        await expect(shot.hand.page.locator("top-bar h1")).to_have_text(title)
        made.append(await shot.hand.page.evaluate("() => location.hash.split('/')[2]"))
        await shot.to("backup script")
    await shot.at(f"c/{made[0]}")
    await shot.hand.page.locator("top-bar .branches").click()
    await expect(shot.hand.page.get_by_role("dialog")).to_contain_text("with restic")
    yield
    await shot.hand.page.keyboard.press("Escape")
    for id in made:
        await shot.at(f"c/{id}")
        await expect(shot.hand.replies.last).to_be_visible()
        await shot.hand.say("/delete")
        await expect(shot.hand.page.locator("notice-bar")).to_contain_text("deleted")


@asynccontextmanager
async def templates(shot: Shot) -> AsyncIterator[None]:
    await shot.at("templates")
    await expect(shot.hand.page.locator("templates-screen .built-in")).to_contain_text("translate")
    yield


@asynccontextmanager
async def template(shot: Shot) -> AsyncIterator[None]:
    await shot.to("rust lifetimes")
    await shot.hand.say("/template translate")
    await expect(shot.hand.page.get_by_role("dialog").get_by_label("language")).to_be_visible()
    yield


@asynccontextmanager
async def compare(shot: Shot) -> AsyncIterator[None]:
    """Two models on one prompt, both done."""
    for model, text in ((story.GPT, story.BORROW_TOO), (story.SONNET, story.BORROW)):
        shot.house.upstream.script(Answer(text, usage=_BORROW.usage, match=f'"{model}"'))
    async with shot.house.fresh("rust lifetimes", story.SONNET) as id:
        await shot.at(f"c/{id}")
        await shot.type(f"/compare {story.GPT} {story.SONNET}", story.SONNET)
        await shot.hand.prompt.press("Escape")
        await shot.hand.send_button.click()
        await expect(shot.hand.page.locator("chat-prompt .armed")).to_be_visible()
        await shot.hand.say(_BORROW.prompt)
        await expect(shot.hand.page.locator("compare-group .meta .figures")).to_have_count(2)
        yield


@asynccontextmanager
async def search(shot: Shot) -> AsyncIterator[None]:
    await shot.at("search/night")
    await expect(shot.hand.page.locator("search-screen .hit mark").first).to_be_visible()
    yield


@asynccontextmanager
async def image(shot: Shot) -> AsyncIterator[None]:
    """A picture that was asked for and drawn."""
    shot.house.upstream.script(Answer(picture=sketch.hedgehog()))
    async with shot.house.fresh("name ideas", story.SONNET) as id:
        await shot.at(f"c/{id}")
        await shot.hand.say("/image a hedgehog under a full moon, few colours --size 1024x1024")
        await expect(shot.hand.page.locator("chat-message.assistant .files .picture img")).to_be_visible()
        await shot.hand.until("() => [...document.querySelectorAll('.files img')].every((image) => image.complete)")
        yield


@asynccontextmanager
async def export(shot: Shot) -> AsyncIterator[None]:
    await shot.to("backup script")
    await shot.type("/export", "/export")
    await shot.hand.prompt.press("Escape")
    await shot.hand.send_button.click()
    await expect(shot.hand.page.get_by_role("dialog")).to_contain_text("PDF")
    yield


@asynccontextmanager
async def keys(shot: Shot) -> AsyncIterator[None]:
    """The gateway keys in the settings, one of them in use."""
    await shot.at("settings")
    section = shot.hand.page.locator("gateway-keys section")
    await expect(section).to_contain_text("make a key")
    await shot.show(section)
    await section.get_by_role("button", name="make a key").click()
    await expect(section.get_by_label("may spend")).to_be_visible()
    yield


@asynccontextmanager
async def device(shot: Shot) -> AsyncIterator[None]:
    """A provider key that is to stay on this device."""
    await shot.at("settings")
    await shot.hand.page.get_by_role("button", name="add a provider").click()
    form = shot.hand.page.locator("key-form")
    await form.locator("[name=key]").fill("sk-ant-api03-3f9c2b7d5e1a4c8b9d0e")
    await form.locator("[name=whose]").select_option("device")
    await shot.show(form)
    yield


@asynccontextmanager
async def keyfile(shot: Shot) -> AsyncIterator[None]:
    """One's provider keys as a file."""
    await shot.at("settings")
    await shot.hand.page.locator("key-list .take").click()
    await expect(shot.hand.page.get_by_role("dialog")).to_contain_text("passphrase of the file")
    yield


@asynccontextmanager
async def doctor(shot: Shot) -> AsyncIterator[None]:
    await shot.at("settings")
    box = shot.hand.page.locator("doctor-settings")
    await box.get_by_role("button", name="look now").click()
    await expect(box.locator(".said")).to_contain_text("looked")
    await shot.show(box)
    yield


@asynccontextmanager
async def connect(shot: Shot) -> AsyncIterator[None]:
    await shot.at("connect")
    await expect(shot.hand.page.locator("connect-screen")).to_contain_text("Claude Code")
    yield


@asynccontextmanager
async def bin(shot: Shot) -> AsyncIterator[None]:
    """With one conversation in it, which comes back afterwards."""
    await shot.to("name ideas")
    await shot.hand.say("/delete")
    await expect(shot.hand.page.locator("notice-bar")).to_contain_text("deleted")
    await shot.at("bin")
    restore = shot.hand.page.get_by_role("button", name="restore name ideas").first
    await expect(restore).to_be_visible()
    yield
    await restore.click()
    await expect(shot.hand.page.locator("notice-bar")).to_contain_text("restored")


@asynccontextmanager
async def system(shot: Shot) -> AsyncIterator[None]:
    await shot.to("backup script")
    await shot.hand.say("/system")
    text = shot.hand.page.get_by_role("dialog").get_by_role("textbox")
    await text.fill("Answer in short sentences.\nShell is bash, the machine a Raspberry Pi 5.")
    yield


Way = Callable[[Shot], AbstractAsyncContextManager[None]]

SCREENS: dict[str, Way] = {
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
    "branches": branches,
    "compare": compare,
    "templates": templates,
    "template": template,
    "search": search,
    "image": image,
    "export": export,
    "system": system,
    "bin": bin,
    "keys": keys,
    "device": device,
    "keyfile": keyfile,
    "doctor": doctor,
    "connect": connect,
    "notice": notice,
}
