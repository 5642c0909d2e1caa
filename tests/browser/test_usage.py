"""The dashboard and the request log: every figure is that of the ledger's rows, by hand, key and screen reader."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from sqlalchemy import select

from server.box import with_box
from server.demo_data.furnish import furnish
from server.money.ledger import calls
from server.settings import Settings
from server.store.tables import Conversation, Device, StoredKey, User
from tests.browser.conftest import DESKTOP, PATIENCE, PHONE
from tests.browser.hand import Hand
from tests.browser.judge import SMALL_TARGETS, judged, needs_axe
from tests.house import House

pytestmark = pytest.mark.anyio

PASSWORD = "lovelace engine"
DAYS = 40
BUCKETS = {
    "input": lambda row: row.input,
    "cache read": lambda row: row.cache_read,
    "cache write": lambda row: row.cache_write_5m + row.cache_write_long,
    "output": lambda row: row.output,
    "thinking": lambda row: row.reasoning,
    "pictures read": lambda row: row.image_input,
    "pictures made": lambda row: row.image_output,
}
READ = """() => {
  const text = (node) => node?.textContent.replace(/\\s+/g, ' ').trim() ?? null;
  const box = (name) => document.querySelector(`usage-screen [data-box=${name}]`);
  const bars = (name) => [...box(name).querySelectorAll('.bars tbody tr')]
    .map((row) => [row.cells[0].title, text(row.cells[2]), text(row.cells[3])]);
  const table = (name) => [...box(name).querySelectorAll('.offscreen tbody tr')]
    .map((row) => [...row.cells].map(text));
  const figures = [...document.querySelectorAll('usage-screen [data-figure]')];
  for (const more of document.querySelectorAll('usage-screen .bars + .link')) more.click();
  return {
    cards: Object.fromEntries([...document.querySelectorAll('usage-screen [data-card]')]
      .map((card) => [card.dataset.card, [text(card.querySelector('b')), text(card.querySelector('p + p'))]])),
    sum: Object.fromEntries(figures.map((node) => [node.dataset.figure, text(node)])),
    model: bars('model'), group: bars('group'), tokens: bars('tokens'), speed: bars('speed'),
    hours: table('hours'), days: table('days'), peak: text(box('hours').querySelector('.note')),
    most: text(box('days').querySelector('.note')), cached: text(box('tokens').querySelector('.said')),
    talks: [...(box('conversations')?.querySelectorAll('.talk') ?? [])]
      .map((row) => [row.querySelector('.two').firstChild, row.querySelector('small'), row.lastChild].map(text)),
    ragged: [...document.querySelectorAll('usage-screen .track, usage-screen .track > i')]
      .map((node) => node.getBoundingClientRect().width % 8).filter((rest) => rest > 0.05 && rest < 7.95).length,
  };
}"""


@pytest.fixture(scope="module")
async def demo(empty_house: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house in which ada (admin), grace and linus have been for weeks."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    shutil.copytree(empty_house, folder)
    settings = Settings.load({}, data=folder)
    await asyncio.to_thread(with_box, lambda box: furnish(box, PASSWORD, datetime.now(UTC), DAYS), settings)
    house = House(folder, LLM_ROUTER_SERVICE_WORKER="false")
    await house.start()
    yield house
    await house.stop()


@pytest.fixture
async def visit(browser: Browser, demo: House) -> AsyncIterator[Callable[..., Any]]:
    """Somebody of the demo data at a screen of their own, in UTC."""
    contexts: list[BrowserContext] = []
    hands: list[Hand] = []

    async def visit(name: str, screen: dict[str, Any], **more: Any) -> Hand:
        context = await browser.new_context(**{"color_scheme": "dark", "timezone_id": "UTC", **screen, **more})
        context.set_default_timeout(PATIENCE * 1000)
        contexts.append(context)
        hands.append(await Hand.inside(context, demo.url, name, PASSWORD))
        return hands[-1]

    yield visit
    for context in contexts:
        await context.close()
    assert [hand.problems for hand in hands if hand.problems] == []


async def settled(hand: Hand) -> None:
    await expect(hand.page.locator("#usage-panel")).to_have_attribute("aria-busy", "false")


async def at_usage(hand: Hand, range: str) -> None:
    await hand.page.evaluate("range => { location.hash = `#/usage/${range}` }", range)
    await expect(hand.page.locator(f"#tab-{range}")).to_have_attribute("aria-selected", "true")
    await settled(hand)
    await expect(hand.page.locator("usage-screen .cards")).to_be_visible()


def dollars(nanos: float | None) -> str:
    """As the page writes it."""
    if nanos is None:
        return "$?"
    value = nanos / 1e9
    if value == 0:
        return "$0.00"
    if value < 0.0001:
        return "<$0.0001"
    return f"${fixed(value, 4 if value < 0.001 else 3 if value < 0.1 else 2)}"


def tokens(count: int) -> str:
    if count < 1000:
        return str(count)
    if count < 999_500:
        return re.sub(r"\.0$", "", fixed(count / 1000, 1 if count < 99_950 else 0)) + "k"
    return re.sub(r"\.0$", "", fixed(count / 1e6, 1)) + "M"


def fixed(value: float, digits: int) -> str:
    """As the page rounds: what lies in the middle goes up, where Python would go to the even digit."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def cost(rows: Iterable[Any]) -> str:
    rows = list(rows)
    nanos = sum(row.cost_nanos or 0 for row in rows)
    unknown = any(row.cost_state == "unknown_price" for row in rows)
    if unknown and not nanos:
        return "$?"
    about = "~" if nanos and any(row.cost_state == "estimated" for row in rows) else ""
    return f"{about}{dollars(nanos)}{'+?' if unknown else ''}"


def used(rows: Iterable[Any]) -> int:
    return sum(count(row) for row in rows for count in BUCKETS.values())


def count_of(rows: list[Any]) -> str:
    return f"{len(rows)} call{'' if len(rows) == 1 else 's'}"


def grouped(rows: list[Any], name: Callable[[Any], str | None]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        if key := name(row):
            groups.setdefault(key, []).append(row)
    return groups


def lines(rows: list[Any], name: Callable[[Any], str | None]) -> list[list[str]]:
    """What a chart of bars says: the dearest first."""
    groups = grouped(rows, name).items()
    dearest = sorted(groups, key=lambda one: (-sum(row.cost_nanos or 0 for row in one[1]), -used(one[1])))
    return [[key, cost(some), f"{tokens(used(some))} tok · {count_of(some)}"] for key, some in dearest]


def speeds(rows: list[Any]) -> list[list[str]]:
    measured = [row for row in rows if row.status == "done" and row.kind in ("chat", "gateway") and row.first_token_ms]
    found = []
    for name, some in sorted(grouped(measured, lambda row: row.model).items(), key=lambda one: -len(one[1])):
        wrote = [row for row in some if row.duration_ms > row.first_token_ms]
        took = sum(row.duration_ms - row.first_token_ms for row in wrote)
        pace = round(sum(row.output + row.reasoning for row in wrote) * 1000 / took, 1)
        first = round(sum(row.first_token_ms for row in some) / len(some)) / 1000
        found.append([name, f"{int(pace + 0.5)} t/s", f"{fixed(first, 1)} s"])
    return found


async def test_every_figure_is_that_of_the_rows(demo: House, visit: Callable[..., Any]) -> None:
    database = demo.services.database
    rows = await database.read(lambda connection: list(connection.execute(select(calls))))
    names: dict[str, str] = {}
    for table, column in ((User, "username"), (StoredKey, "name"), (Device, "name"), (Conversation, "title")):
        query = select(table.__table__.c.id, table.__table__.c[column])  # type: ignore[attr-defined]
        names |= {row[0]: row[1] for row in await database.read(lambda c, query=query: list(c.execute(query)))}
    ada = next(id for id, name in names.items() if name == "ada")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {
        "today": midnight,
        "week": midnight - timedelta(days=midnight.weekday()),
        "month": midnight.replace(day=1),
        "all": datetime.min.replace(tzinfo=UTC),
    }
    groups: dict[str, Callable[[Any], str | None]] = {
        "kind": lambda row: row.kind,
        "project": lambda row: row.project,
        "key": lambda row: row.key_id,
        "device": lambda row: row.device_id,
        "user": lambda row: row.user_id,
    }
    hand = await visit("ada", DESKTOP)

    async def compare(range: str, everybody: bool) -> None:
        seen = await hand.page.evaluate(READ)
        everything = [row for row in rows if everybody or row.user_id == ada]
        mine = [row for row in everything if row.started_at >= begins[range]]
        assert {name: said[0] for name, said in seen["cards"].items()} == {
            name: cost(row for row in everything if row.started_at >= start) for name, start in begins.items()
        }
        assert seen["cards"]["week"][1] == count_of([row for row in everything if row.started_at >= begins["week"]])
        unknown = [row for row in mine if row.cost_state == "unknown_price"]
        saved = sum(row.saved_nanos for row in mine)
        assert seen["sum"] == {
            "cost": cost(mine),
            "calls": count_of(mine),
            "tokens": f"{tokens(used(mine))} tok",
            "saved": dollars(saved),
        } | ({"unknown": f"$? {count_of(unknown)} at a price that is not known: not in the sums"} if unknown else {})
        assert sorted(seen["model"]) == sorted(lines(mine, lambda row: row.model))
        assert [line[1] for line in seen["model"]] == [line[1] for line in lines(mine, lambda row: row.model)]
        buckets = {name: sum(map(count, mine)) for name, count in BUCKETS.items()}
        expected = [[name, tokens(n)] for name, n in buckets.items() if n or not name.startswith("pictures")]
        assert [line[:2] for line in seen["tokens"]] == expected
        read = buckets["input"] + buckets["cache read"] + buckets["cache write"]
        share = int(buckets["cache read"] * 100 / read + 0.5)
        assert seen["cached"] == f"{share}% from the cache: saved {dollars(saved)}"
        assert sorted(seen["speed"]) == sorted(speeds(mine))
        hours = [[row for row in mine if row.started_at.hour == hour] for hour in _range(24)]
        told = [
            [f"{hour}:00", dollars(sum(row.cost_nanos or 0 for row in some)), str(len(some)), str(used(some))]
            for hour, some in enumerate(hours)
        ]
        assert seen["hours"] == told
        dearest = max(_range(24), key=lambda hour: sum(row.cost_nanos or 0 for row in hours[hour]))
        assert seen["peak"] == f"peak {dearest}:00"
        talks = grouped(mine, lambda row: row.conversation_id)
        top = sorted(talks.values(), key=lambda some: -sum(row.cost_nanos or 0 for row in some))[:10]
        assert [talk[1:] for talk in seen["talks"]] == [
            [f"{tokens(used(some))} tok · {count_of(some)}", dollars(sum(row.cost_nanos or 0 for row in some))]
            for some in top
        ]
        assert [talk[0] for talk in seen["talks"]] == [
            names[some[0].conversation_id] if some[0].user_id == ada else "somebody's conversation" for some in top
        ]
        first = min(begins[range], midnight - timedelta(days=29))
        if range == "all":
            first = min(row.started_at for row in mine).replace(hour=0, minute=0, second=0, microsecond=0)
        days = [first + timedelta(days=day) for day in _range((midnight - first).days + 1)]
        by_day = [[row for row in everything if day <= row.started_at < day + timedelta(days=1)] for day in days]
        amounts = [sum(row.cost_nanos or 0 for row in some) for some in by_day]
        assert [line[1:] for line in seen["days"]] == [
            [dollars(amount), str(len(some)), str(used(some))] for amount, some in zip(amounts, by_day, strict=True)
        ]
        average = sum(amounts) / sum(amount > 0 for amount in amounts)
        marks = ["twice" if x >= 2 * average else "1.5 times" if x >= 1.5 * average else "" for x in amounts]
        assert [line[0] for line in seen["days"]] == [
            f"{day:%b} {day.day}".lower() + (f", {mark} the average" if mark else "")
            for day, mark in zip(days, marks, strict=True)
        ]
        assert seen["most"] == f"max {dollars(max(amounts))}"
        assert seen["ragged"] == 0
        for group, name in groups.items():
            chip = hand.page.get_by_role("button", name=group, exact=True)
            expected = [[names.get(line[0], line[0]), *line[1:]] for line in lines(mine, name)]
            if not expected or (group == "user" and not everybody):
                await expect(chip).to_have_count(0)
                continue
            await chip.click()
            await expect(chip).to_be_focused()
            shown = (await hand.page.evaluate(READ))["group"]
            assert sorted(shown) == sorted(expected), (range, group)
        days_box = hand.page.locator("[data-box=days]")
        await days_box.get_by_role("button", name="tokens").click()
        await expect(days_box.locator(".note")).to_have_text(f"max {tokens(max(map(used, by_day)))} tok")
        await days_box.get_by_role("button", name="cost").click()

    for range in ("month", "today"):
        await at_usage(hand, range)
        await compare(range, False)
    await hand.page.get_by_role("button", name="everybody").click()
    await expect(hand.page.locator("[data-scope=all]")).to_have_attribute("aria-pressed", "true")
    await settled(hand)
    await at_usage(hand, "all")
    await compare("all", True)


_range = range


async def test_the_log_has_the_rows_and_one_opens_to_its_explanation(demo: House, visit: Callable[..., Any]) -> None:
    hand = await visit("ada", DESKTOP)
    rows = await demo.services.database.read(lambda c: list(c.execute(select(calls).order_by(calls.c.id.desc()))))
    ada = (await demo.services.users.find("ada")).id
    mine = [row for row in rows if row.user_id == ada]
    await at_usage(hand, "all")
    async with hand.page.expect_download() as downloading:
        await hand.page.get_by_role("button", name="csv").click()
    download = await downloading.value
    assert download.suggested_filename.endswith(".csv")
    assert len((await download.path()).read_text().splitlines()) == len(mine) + 1
    await hand.page.get_by_role("button", name="request log").click()
    shown = hand.page.locator("log-screen .call")
    await expect(shown).to_have_count(50)
    for at in (0, 1, 49):
        price = f"{'~' if mine[at].cost_state == 'estimated' else ''}{dollars(mine[at].cost_nanos)}"
        await expect(shown.nth(at).locator(":scope > :last-child")).to_have_text(price)
        await expect(shown.nth(at)).to_contain_text(f"{mine[at].started_at:%H:%M}")
    await shown.nth(49).scroll_into_view_if_needed()
    await expect(shown).to_have_count(100)
    await hand.page.get_by_label("status").select_option("failed")
    failed = [row for row in mine if row.status == "failed"]
    await expect(shown).to_have_count(min(50, len(failed)))
    await expect(shown.first).to_contain_text(f"{failed[0].error_kind} {failed[0].error_status}")
    await shown.first.click()
    sheet = hand.page.get_by_role("dialog", name="request")
    attempts = [row for row in mine if row.request_id == failed[0].request_id]
    await expect(sheet.get_by_role("heading", name="attempt 2")).to_be_visible()
    total = sum(row.cost_nanos or 0 for row in attempts)
    await expect(sheet.locator(".pair", has_text="total").locator(".value")).to_have_text(dollars(total))
    await expect(sheet).to_contain_text(f"again after {failed[0].error_kind} ({failed[0].error_status})")
    await hand.page.keyboard.press("Escape")
    await hand.page.get_by_label("status").select_option("")
    await expect(shown).to_have_count(50)
    go = sheet.get_by_role("button", name="go to the conversation")
    await shown.nth(_first_of_the_page(mine)).click()
    await expect(go).to_be_visible()
    await hand.page.keyboard.press("Escape")
    await hand.page.get_by_role("button", name="everybody").click()
    await hand.page.get_by_label("user").select_option("grace")
    grace = (await demo.services.users.find("grace")).id
    theirs = [row for row in rows if row.user_id == grace]
    await expect(shown).to_have_text([re.compile("grace")] * min(50, len(theirs)))
    # What somebody else asked is explained to an admin; their conversation is theirs.
    await shown.nth(_first_of_the_page(theirs)).click()
    await expect(sheet.locator(".pair", has_text="by").first).to_contain_text("grace")
    await expect(go).to_have_count(0)


def _first_of_the_page(rows: list[Any]) -> int:
    return next(at for at, row in enumerate(rows[:50]) if row.conversation_id and not row.key_id)


async def test_keys_tabs_a_lost_line_and_a_page_with_nothing_on_it(demo: House, visit: Callable[..., Any]) -> None:
    await demo.services.users.create("hopper", PASSWORD)
    hand = await visit("hopper", DESKTOP)
    await hand.page.locator("side-drawer .rows").click()
    await hand.page.keyboard.press("g")
    await hand.page.keyboard.press("u")
    await expect(hand.page.locator("usage-screen")).to_contain_text("nothing yet")
    await expect(hand.page.locator("usage-screen [data-scope=all]")).to_be_hidden()
    await hand.page.locator("#tab-today").focus()
    for name in ("week", "month", "all", "range"):
        await hand.page.keyboard.press("ArrowRight")
        await expect(hand.page.locator(f"#tab-{name}")).to_be_focused()
        await expect(hand.page.locator(f"#tab-{name}")).to_have_attribute("aria-selected", "true")
    await hand.page.get_by_label("from").fill("2026-01-01")
    await hand.page.get_by_label("to", exact=True).fill("2026-01-05")
    await hand.page.get_by_role("button", name="show").click()
    await expect(hand.page.locator("usage-screen")).to_contain_text("nothing yet")
    await hand.page.route("**/api/usage?*", lambda route: route.abort())
    await hand.page.locator("#tab-week").click()
    problem = hand.page.locator("usage-screen").get_by_role("alert")
    await expect(problem).to_contain_text("the server cannot be reached")
    await hand.page.unroute("**/api/usage?*")
    await problem.get_by_role("button", name="retry").click()
    await expect(problem).to_be_hidden()
    await hand.page.keyboard.press("Escape")
    await expect(hand.prompt).to_be_visible()
    await hand.say("/usage month")
    await expect(hand.page.locator("#tab-month")).to_have_attribute("aria-selected", "true")


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_both_screens_suit_a_phone_a_thumb_and_a_screen_reader(visit: Callable[..., Any], theme: str) -> None:
    needs_axe()
    hand = await visit("ada", PHONE, color_scheme=theme, reduced_motion="reduce")
    await hand.page.get_by_role("button", name="conversations", exact=True).tap()
    await hand.page.locator("side-drawer .usage").tap()
    await expect(hand.page.locator("side-drawer")).to_be_hidden()
    await settled(hand)
    await expect(hand.page.locator("[data-box=model]")).to_be_visible()
    found: dict[str, Any] = {}

    async def check(name: str) -> None:
        against = [*await judged(hand), *await hand.page.evaluate(SMALL_TARGETS)]
        if await hand.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            against.append("it is wider than the screen")
        if against:
            found[name] = against

    await check("usage")
    await hand.page.get_by_role("button", name="everybody").tap()
    await hand.page.get_by_role("tab", name="range").tap()
    await settled(hand)
    await check("everybody, any range")
    await hand.page.evaluate("location.hash = '#/log'")
    await hand.page.locator("log-screen .call").first.tap()
    await expect(hand.page.get_by_role("dialog")).to_contain_text("attempt 1")
    await check("explanation")
    await hand.page.keyboard.press("Escape")
    await check("log")
    assert found == {}
