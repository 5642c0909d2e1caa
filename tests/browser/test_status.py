"""The status line: one line that never wraps and never shows a wrong state."""

import asyncio
import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser import past
from tests.browser.conftest import Inn
from tests.browser.hand import Hand, HeldBack
from tests.browser.tunnel import Tunnel
from tests.conftest import ADA
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

CELLS = ("model", "context", "cost", "overall", "activity")
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SHOWN = """() => {
  const line = document.querySelector('status-line');
  const box = line.getBoundingClientRect();
  const cells = {};
  for (const name of ['model', 'context', 'cost', 'overall', 'activity']) {
    const cell = line.querySelector(`.${name}`);
    const seen = cell.getBoundingClientRect();
    if (!seen.width) continue;
    cells[name] = { left: seen.left - box.left, right: seen.right - box.right, height: seen.height,
      cut: name === 'model' && cell.querySelector('.name').scrollWidth > cell.querySelector('.name').clientWidth };
  }
  return { height: box.height, wide: document.documentElement.scrollWidth - innerWidth, cells };
}"""


def cell(hand: Hand, name: str) -> Any:
    return hand.status.locator(f".{name}")


async def spent(hand: Hand, inn: Inn, **usage: int) -> None:
    """A conversation of one question, whose figures are known."""
    counts = {"input": 40_000, "cached": 0, "output": 2_000, "reasoning": 0} | usage
    inn.upstream.script(Answer(text="that was expensive", usage=counts))
    await hand.say("think hard")
    await hand.answered("that was expensive")
    await expect(cell(hand, "context")).to_contain_text("%")


async def test_cells_go_in_their_order_as_it_gets_narrow_and_nothing_ever_wraps(guest: Hand, inn: Inn) -> None:
    await spent(guest, inn)
    seen: list[tuple[str, ...]] = []
    for width in range(480, 190, -10):
        await guest.page.set_viewport_size({"width": width, "height": 844})
        await guest.until("width => document.querySelector('app-shell').offsetWidth === width", width)
        await guest.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        shown = await guest.page.evaluate(SHOWN)
        assert shown["height"] <= 33 and shown["wide"] <= 0, (width, shown)
        for name, place in shown["cells"].items():
            assert place["left"] >= 0 and place["right"] <= 0, (width, name, place)
            assert not place["cut"] or set(shown["cells"]) == {"model", "activity"}, (width, shown)
        seen.append(tuple(name for name in CELLS if name in shown["cells"]))
    steps = list(dict.fromkeys(seen))
    assert steps == [
        CELLS,
        ("model", "context", "cost", "activity"),
        ("model", "cost", "activity"),
        ("model", "activity"),
    ]
    assert seen[480 // 10 - 390 // 10] != ("model", "activity"), "a phone of 390 px shows more than that"


async def test_it_stays_one_line_when_the_text_is_twice_as_large(guest: Hand, inn: Inn) -> None:
    await spent(guest, inn)
    await guest.page.evaluate("document.documentElement.style.font = '400 32px / 48px var(--font)'")
    await guest.page.evaluate(TWO_FRAMES)
    shown = await guest.page.evaluate(SHOWN)
    assert shown["wide"] <= 0 and 48 <= shown["height"] <= 64
    assert {"model", "activity"} <= set(shown["cells"])
    assert all(place["left"] >= 0 and place["right"] <= 0 for place in shown["cells"].values())


async def test_the_cost_counts_up_as_an_estimate_and_is_exact_at_the_end(guest: Hand, inn: Inn) -> None:
    words = " ".join(f"word{n}" for n in range(3000))
    inn.upstream.script(Answer(text=words, chunk=4000, delay=0.25))
    await guest.say("count")
    await expect(cell(guest, "cost")).to_have_text(re.compile(r"^~\$0\.0"))
    await expect(cell(guest, "activity")).to_have_text(re.compile(r"\d+ t/s|writing"))
    await guest.answered("word2999")
    await expect(cell(guest, "cost")).to_have_text(re.compile(r"^\$0\.0\d+$"))
    await expect(cell(guest, "overall")).to_have_text(re.compile(r"^Σ ~?\$\d"))
    await expect(cell(guest, "activity")).to_have_text("● idle")


async def test_a_price_that_nobody_knows_is_never_zero(house: House, ada: Hand, upstream: Upstream) -> None:
    upstream.models(openai=["gpt-77-unheard-of"])
    upstream.script(Answer(text="a price that nobody knows"))
    await ada.type("/model gpt-77-unheard-of")
    await ada.send_button.tap()
    await ada.say("how much is it")
    await ada.answered("a price that nobody knows")
    await expect(cell(ada, "cost")).to_have_text("$?")
    await expect(ada.replies.last.locator(".meta")).to_contain_text("$?")


@pytest.mark.parametrize(
    ("share", "glyph", "colour"),
    [(0.18, "▂", "--green"), (0.83, "▲", "--yellow"), (0.96, "■", "--red")],
    ids=["18%", "83%", "96%"],
)
async def test_the_context_warns_with_another_colour_and_another_glyph(
    guest: Hand, inn: Inn, share: float, glyph: str, colour: str
) -> None:
    await guest.open(await past.held(inn.house, ADA[0], 5, model="gpt-5.1"))
    await spent_in(guest, inn, round(400_000 * share))
    context = cell(guest, "context")
    await expect(context).to_have_text(f"{glyph} {round(share * 100)}%")
    expected = await guest.page.evaluate(
        "name => { const p = document.createElement('p'); p.style.color = `var(${name})`; document.body.append(p);"
        " const colour = getComputedStyle(p).color; p.remove(); return colour }",
        colour,
    )
    await expect(context.locator("span").first).to_have_css("color", expected)


async def spent_in(hand: Hand, inn: Inn, tokens: int) -> None:
    counts = {"input": tokens - 50, "cached": 0, "output": 50, "reasoning": 0}
    inn.upstream.script(Answer(text="so much", usage=counts))
    await hand.say("how full are you")
    await expect(hand.replies.last).to_contain_text("so much")
    await expect(cell(hand, "activity")).to_have_text("● idle")


async def test_a_built_in_list_says_so(house: House, phone_screen: Any, upstream: Upstream) -> None:
    upstream.script(Answer(status=500, match="/v1/models"), Answer(status=500, match="/v1/models"))
    hand = await Hand.inside(phone_screen, house.url, *ADMIN)
    await expect(cell(hand, "model")).to_contain_text("list: built-in")
    assert hand.problems == []


async def test_a_list_that_came_before_the_line_was_open_is_shown(
    house: House, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    upstream.script(Answer(status=500, match="/v1/models"), Answer(status=500, match="/v1/models"))
    line = HeldBack()
    await phone_screen.route("**/api/stream**", line.take)
    hand = await Hand.inside(phone_screen, house.url, *ADMIN)
    await expect(cell(hand, "model")).to_contain_text("list: built-in")
    await line.asked()
    services = house.services
    admin = await services.users.find(ADMIN[0])
    async with asyncio.timeout(30):
        while not all(listing.error for _, listing in await services.directory.listings(admin.id)):
            await asyncio.sleep(0.02)
    for credential in await services.pool.credentials(admin.id):
        await services.directory.fetch(credential)
    line.let_go()
    await expect(cell(hand, "model")).to_have_text(re.compile(r"gpt-5\.1\s+▾$"))


async def test_a_budget_that_is_spent_is_seen_beside_a_built_in_list(
    house: House, phone_screen: BrowserContext, upstream: Upstream
) -> None:
    upstream.script(Answer(status=500, match="/v1/models"), Answer(status=500, match="/v1/models"))
    hand = await Hand.inside(phone_screen, house.url, *ADMIN)
    await expect(cell(hand, "model").locator(".note")).to_be_visible()
    phone = await Phone(house.url).sign_in(*ADMIN)
    admin = await house.services.users.find(ADMIN[0])
    wanted = {"scope": "user", "subject_id": admin.id, "period": "month", "limit": "0.30"}
    await phone.call("PUT", "/api/budgets", wanted)
    upstream.default(Answer(text="that was expensive", usage={"input": 800, "output": 31_000}))
    await hand.say("think hard")
    await hand.answered("that was expensive")
    await expect(cell(hand, "overall")).to_contain_text("■ $0.31")
    await expect(cell(hand, "overall")).to_be_visible()
    await expect(cell(hand, "model").locator(".note")).to_be_hidden()
    await phone.close()


async def test_waiting_thinking_and_writing_are_told_apart(guest: Hand, inn: Inn) -> None:
    inn.upstream.script(Answer(text="now I know", reasoning="hm, " * 20, chunk=8, hold_after=0, delay=0.2))
    await guest.say("think")
    await expect(cell(guest, "activity")).to_contain_text(re.compile(r"waiting \d+ s"))
    inn.upstream.release()
    await expect(cell(guest, "activity")).to_contain_text(re.compile(r"thinking \d+ s"))
    await expect(cell(guest, "activity").locator("busy-spinner")).to_have_text(re.compile("[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]"))
    await guest.answered("now I know")
    await expect(cell(guest, "activity")).to_have_text("● idle")


async def test_a_lost_line_is_reconnecting_then_offline_with_what_waits(inn: Inn, phone_screen: Any) -> None:
    await phone_screen.clock.install()
    tunnel = await Tunnel(inn.house.url).mend()
    hand = await (await Hand.on(phone_screen, tunnel.url)).sign_in(*ADA)
    await tunnel.cut()
    await expect(cell(hand, "activity")).to_have_text("reconnecting…")
    for text in ("one", "two"):
        await hand.say(text)
    await expect(hand.page.locator("queued-message")).to_have_count(2)
    await expect(cell(hand, "activity")).to_have_text("reconnecting…")
    await phone_screen.clock.fast_forward(16_000)
    await expect(cell(hand, "activity")).to_have_text("✗ offline · 2 queued")
    inn.upstream.script(Answer(text="first"), Answer(text="second"))
    await tunnel.mend()
    await phone_screen.clock.fast_forward(9_000)
    await hand.answered("second", count=2)
    await expect(cell(hand, "activity")).to_have_text("● idle")
    assert hand.problems == []
    await tunnel.cut()


async def test_a_tap_on_the_model_opens_the_picker_and_one_on_the_figures_the_statistics(guest: Hand, inn: Inn) -> None:
    await spent(guest, inn)
    await cell(guest, "model").tap()
    await expect(guest.page.get_by_role("dialog", name="choose a model")).to_be_visible()
    await guest.page.keyboard.press("Escape")
    await cell(guest, "cost").tap()
    await expect(guest.page.get_by_role("dialog", name="statistics")).to_be_visible()
