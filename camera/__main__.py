"""``python -m camera [SCREEN …]``: takes every picture, or those of the named screens, into docs/screenshots."""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, expect

from camera import lens, paper, story
from camera.counted import COUNTED
from camera.house import ADA, MASTER, House, counted, empty, furnished, locked
from camera.screens import SCREENS, SLOW, Shot, Way
from tests.browser.hand import Hand

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
FIRST_RUN = ("setup", "key")
PAPER = "pdf"
UNLOCK = "unlock"
ALL = ("login", UNLOCK, *FIRST_RUN, *SCREENS, *COUNTED, PAPER)
URL = f"http://{lens.HOST}"

Look = tuple[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/screenshots", description="Takes the pictures of the documentation.")
    parser.add_argument("screens", nargs="*", metavar="SCREEN", help=", ".join(ALL))
    parser.add_argument("--size", choices=lens.SIZES)
    parser.add_argument("--theme", choices=lens.THEMES)
    parser.add_argument("--folder", type=Path, default=FOLDER, metavar="PATH")
    options = parser.parse_args()
    wanted = options.screens or list(ALL)
    if unknown := set(wanted) - set(ALL):
        parser.error(f"there is no screen {', '.join(sorted(unknown))}")
    looks = [
        (size, theme)
        for size in lens.SIZES
        for theme in lens.THEMES
        if options.size in (None, size) and options.theme in (None, theme)
    ]
    with tempfile.TemporaryDirectory(prefix="llm-router-camera-") as folder:
        asyncio.run(_take(wanted, looks, Path(folder), options.folder))


async def _take(wanted: list[str], looks: list[Look], place: Path, target: Path) -> None:
    if set(FIRST_RUN) & set(wanted):
        for look in looks:
            async with empty(place, "-".join(look)) as (process, code), lens.browser(process.port) as browser:
                await _first_run(browser, code, wanted, look, target)
    if UNLOCK in wanted:
        async with locked(place) as process, lens.browser(process.port) as browser:
            for look in looks:
                await _unlock(browser, look, target)
    if set(COUNTED) & set(wanted):
        async with counted(place, lens.evening()) as house, lens.browser(house.process.port) as browser:
            state = await _sign_in(browser)
            for look in looks:
                for name in wanted:
                    if name in COUNTED:
                        await _screen(browser, state, house, name, COUNTED[name], look, target)
    if set(wanted) - {UNLOCK, *FIRST_RUN, *COUNTED}:
        async with furnished(place) as house, lens.browser(house.process.port) as browser:
            state = await _sign_in(browser)
            await _start_trip(browser, state, house)
            for look in looks:
                for name in wanted:
                    if name == "login":
                        await _login(browser, look, target)
                    elif name in SCREENS:
                        await _screen(browser, state, house, name, SCREENS[name], look, target)
            if PAPER in wanted:
                async with lens.context(browser, *looks[0], state) as context:
                    path = target / f"{PAPER}.png"
                    _say(path, await paper.take(Shot(await Hand.on(context, URL), house, looks[0][0] == "phone"), path))
            house.upstream.release()


async def _screen(browser: Browser, state: Any, house: House, name: str, way: Way, look: Look, target: Path) -> None:
    async with lens.context(browser, *look, state) as context:
        hand = await Hand.on(context, URL)
        await expect(hand.prompt).to_be_visible()
        async with way(Shot(hand, house, look[0] == "phone")):
            await _save(hand, name, look, target)


async def _login(browser: Browser, look: Look, target: Path) -> None:
    async with lens.context(browser, *look) as context:
        hand = await Hand.on(context, URL)
        await hand.page.get_by_label("user", exact=True).fill(ADA[0])
        await hand.page.get_by_label("password", exact=True).fill(ADA[1])
        await _save(hand, "login", look, target)


async def _unlock(browser: Browser, look: Look, target: Path) -> None:
    async with lens.context(browser, *look) as context:
        hand = await Hand.on(context, URL)
        await hand.page.get_by_label("master password").fill(MASTER)
        await _save(hand, UNLOCK, look, target)


async def _first_run(browser: Browser, code: str, wanted: list[str], look: Look, target: Path) -> None:
    async with lens.context(browser, *look) as context:
        hand = await Hand.on(context, URL)
        for label, text in (("set-up code", code), ("user", ADA[0]), ("password", ADA[1])):
            await hand.page.get_by_label(label, exact=True).fill(text)
        if "setup" in wanted:
            await _save(hand, "setup", look, target)
        await hand.page.get_by_role("button", name="create account").click()
        await hand.page.get_by_label("key", exact=True).fill("sk-ant-api03-3f9c2b7d5e1a4c8b9d0e")
        if "key" in wanted:
            await _save(hand, "key", look, target)


async def _sign_in(browser: Browser) -> Any:
    async with lens.context(browser, "phone", "night") as context:
        await (await Hand.on(context, URL)).sign_in(*ADA)
        return await context.storage_state()


async def _start_trip(browser: Browser, state: Any, house: House) -> None:
    house.upstream.script(SLOW)
    async with lens.context(browser, "phone", "night", state) as context:
        hand = await Hand.on(context, f"{URL}/#/c/{house.ids[story.TRIP.title]}")
        await hand.say(story.TRIP.turns[0].prompt)
        await expect(hand.replies.last).to_contain_text("Ginkaku")


async def _save(hand: Hand, name: str, look: Look, target: Path) -> None:
    if hand.problems:
        raise RuntimeError(f"{name}: {hand.problems}")
    path = target / f"{name}-{'-'.join(look)}.png"
    _say(path, await lens.take(hand.page, path))


def _say(path: Path, size: int) -> None:
    print(f"{size / 1024:6.0f} KB  {path.name}", flush=True)


if __name__ == "__main__":
    main()
