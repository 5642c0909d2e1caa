"""People at the page: an admin adds, changes and deletes them; a one-time link and an invitation let them in."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, expect

from tests.browser.hand import Hand
from tests.browser.judge import SMALL_TARGETS, judged, needs_axe
from tests.house import ADMIN, House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
PASSWORD = "a better password"


@pytest.fixture
async def open_house(empty_house: Path, tmp_path: Path) -> AsyncIterator[House]:
    """One where people may register."""
    settings = {"LLM_ROUTER_REGISTRATION": "true", "LLM_ROUTER_SERVICE_WORKER": "false", "LLM_ROUTER_DEMO": "true"}
    built = House.over(empty_house, tmp_path / "data", **settings)
    yield await built.start()
    await built.stop()


async def accessible(hand: Hand) -> None:
    assert await judged(hand) == []
    assert await hand.page.evaluate(SMALL_TARGETS) == []


async def test_an_admin_manages_people_from_a_phone(
    open_house: House, phone_screen: BrowserContext, desk_screen: BrowserContext
) -> None:
    needs_axe()
    root = await Hand.inside(phone_screen, open_house.url, *ADMIN)
    await root.page.emulate_media(reduced_motion="reduce")
    await root.say("/users")
    screen = root.page.locator("users-screen")
    people, notice = screen.locator(".person"), root.page.locator("notice-bar")
    await expect(people).to_have_text([re.compile("root.*admin.*you", re.DOTALL)])
    await screen.get_by_role("button", name="add somebody").tap()
    await screen.get_by_label("user name").fill("eve")
    await screen.get_by_label("models").fill("gpt-* demo")
    # The account is made and its link is not: the form is done with, and the link is made from the list.
    await root.page.route("**/api/users/*/link", lambda route: route.abort())
    await screen.get_by_role("button", name="add, and make a link").tap()
    await expect(people).to_have_count(2)
    await expect(notice).to_contain_text("the server cannot be reached")
    await expect(screen.get_by_label("user name")).to_have_count(0)
    await root.page.unroute("**/api/users/*/link")
    await people.last.tap()
    dialog = root.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="new password").tap()
    link = await screen.locator(".made code").inner_text()
    await accessible(root)

    asked: list[str] = []
    desk_screen.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer')}"))
    eve = await Hand.on(desk_screen, link, "")
    await expect(eve.page.get_by_label("user", exact=True)).to_have_value("eve")
    await accessible(eve)
    await eve.page.get_by_label("password", exact=True).fill(PASSWORD)
    await eve.page.get_by_role("button", name="set the password").click()
    await expect(eve.prompt).to_be_visible()
    assert link.rpartition("/")[2] not in "".join(asked)
    await eve.page.goto(link)
    await eve.page.reload()
    await expect(eve.page.get_by_role("status")).to_contain_text("not valid, or not any more")
    await eve.page.evaluate("history.back()")
    await expect(eve.prompt).to_be_visible()
    await eve.page.evaluate("location.hash = '#/welcome/100%'")
    await expect(eve.page.get_by_role("status").filter(has_text="not valid")).to_be_visible()

    await people.last.tap()
    await expect(dialog).to_contain_text("new password")
    await accessible(root)
    await dialog.get_by_role("button", name="models and keys").tap()
    await expect(dialog.get_by_label("models of eve")).to_have_value("gpt-* demo")
    await accessible(root)
    await dialog.get_by_label("models of eve").fill("")
    await dialog.get_by_role("button", name="save").tap()
    await expect(people.last).not_to_contain_text("gpt-*")
    await notice.get_by_role("button", name="undo").tap()
    await expect(people.last).to_contain_text("gpt-* demo")
    await people.last.tap()
    await dialog.get_by_role("button", name="disable").tap()
    await expect(people.last).to_contain_text("disabled")
    await eve.page.goto(open_house.url)
    await expect(eve.page.get_by_role("button", name="log in")).to_be_visible()
    await notice.get_by_role("button", name="undo").tap()
    await expect(people.last).to_contain_text("member")
    await people.last.tap()
    await dialog.get_by_role("button", name="delete").tap()
    await dialog.get_by_role("button", name="really delete eve").tap()
    await expect(people).to_have_count(1)
    await people.first.tap()
    await dialog.get_by_role("button", name="disable").tap()
    await expect(notice).to_contain_text("last admin")
    assert root.problems == eve.problems == []


async def test_somebody_with_an_invitation_makes_an_account(open_house: House, phone_screen: BrowserContext) -> None:
    needs_axe()
    root = await Phone(open_house.url).sign_in(*ADMIN)
    code = (await root.post("/api/invitations", {}))["code"]
    await root.close()
    eve = await Hand.on(phone_screen, open_house.url)
    await expect(eve.page.get_by_role("button", name="log in")).to_be_visible()
    await accessible(eve)
    await eve.page.get_by_role("link", name="register with an invitation").tap()
    await eve.page.get_by_label("invitation code").fill("0000-0000-0000-0000")
    await eve.page.get_by_label("user", exact=True).fill("eve")
    await eve.page.get_by_label("password", exact=True).fill(PASSWORD)
    await eve.page.get_by_role("button", name="create account").tap()
    await expect(eve.page.get_by_role("alert")).to_contain_text("not valid")
    await accessible(eve)
    await eve.page.get_by_label("invitation code").fill(code.lower())
    await eve.page.get_by_role("button", name="create account").tap()
    await expect(eve.prompt).to_be_visible()
    await eve.page.evaluate("location.hash = '#/users'")
    await expect(eve.page.locator("users-screen")).to_contain_text("only an admin manages people")
    assert eve.problems == []
