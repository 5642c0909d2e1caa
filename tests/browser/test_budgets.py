"""Budgets on the page: told when most is spent, a prompt over one kept with one next step, set by an admin."""

import re

import pytest
from playwright.async_api import BrowserContext, expect

from server.accounts.new_key import NewKey
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.house import ADMIN, House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_most_of_a_budget_is_seen_and_what_is_over_it_is_kept_with_one_next_step(
    house: House, ada: Hand, upstream: Upstream
) -> None:
    root = await Phone(house.url).sign_in(*ADMIN)
    user = await house.services.users.find(ADA[0])
    wanted = {"scope": "user", "subject_id": user.id, "period": "month", "limit": "0.30"}
    await root.call("PUT", "/api/budgets", wanted)
    # gpt-5.1 is $10 a million tokens out: 25 cents and the few tokens of the question.
    upstream.script(Answer(text="that was expensive", usage={"input": 800, "output": 25_000}))
    upstream.default(Answer(text="a title", usage={"input": 1, "output": 1}))
    await ada.say("/model gpt-5.1")
    await ada.say("think hard")
    await ada.answered("that was expensive")
    await expect(ada.page.locator("notice-bar")).to_contain_text("83 % of your budget for this month is spent, $0.25")
    cell = ada.status.locator(".overall")
    await expect(cell.locator(".yellow")).to_contain_text("▲ $0.25")
    upstream.default(Answer(text="and again", usage={"input": 800, "output": 6_000}))
    await ada.say("a little more")
    await ada.answered("and again", 2)
    await expect(cell.locator(".red")).to_contain_text("■ $0.31")
    await expect(cell).to_be_visible()
    asked = [one.method for one in upstream.requests].count("POST")
    await ada.say("one thing that must not get lost")
    await expect(ada.replies).to_have_count(3)
    problem = ada.replies.last.locator(".problem-line")
    await expect(problem).to_contain_text(
        re.compile(r"your budget for this month is used up, \$0\.31 of \$0\.30: it starts again on \w+ 1 \w+")
    )
    await expect(ada.prompts.last).to_contain_text("one thing that must not get lost")
    assert [one.method for one in upstream.requests].count("POST") == asked
    await problem.get_by_role("button", name="budget").click()
    sheet = ada.page.locator("dialog budget-settings")
    await expect(sheet.locator(".budget")).to_contain_text(re.compile(r"you\s+per month\s+■ \$0\.31 / \$0\.30"))
    await expect(sheet.locator(".budget")).to_contain_text("▓" * 20)
    await expect(sheet.locator(".add")).to_be_hidden()
    assert (await root.get("/api/budgets?scope=all"))["budgets"][0]["spent_nanos"] > 300_000_000
    await root.close()


async def test_an_admin_sets_changes_and_removes_budgets_in_settings(
    house: House, ada: Hand, desk_screen: BrowserContext
) -> None:
    for name in (ADMIN[0], ADA[0]):
        await house.services.keys.create((await house.services.users.find(name)).id, NewKey("laptop"))
    root = await Hand.on(desk_screen, house.url, "/#/settings")
    await root.page.get_by_label("user", exact=True).fill(ADMIN[0])
    await root.page.get_by_label("password", exact=True).fill(ADMIN[1])
    await root.page.get_by_role("button", name="log in").click()
    box = root.page.locator("budget-settings")
    await expect(box).to_contain_text("no budget: nothing holds your spending back")
    await box.get_by_role("button", name="set a budget").click()
    form = box.locator("form")
    whose = ["this server", "root", "ada", "key laptop", "key laptop (ada)"]
    await expect(form.locator("[name=whose] option")).to_have_text(whose)
    await form.locator("[name=whose]").select_option(label="ada")
    await form.locator("[name=limit]").fill("lots")
    await form.get_by_role("button", name="set it").click()
    await expect(form.get_by_role("alert")).to_contain_text("limit:")
    await form.locator("[name=limit]").fill("1,000")
    await form.get_by_role("button", name="set it").click()
    await expect(form.get_by_role("alert")).to_contain_text("1,000 can be read in two ways")
    await form.locator("[name=limit]").fill("$30,50")
    await form.get_by_role("button", name="set it").click()
    row = box.locator(".budget")
    await expect(row).to_contain_text(re.compile(r"ada\s+per month\s+\$0\.00 / \$30\.50"))
    await expect(row).to_contain_text(re.compile(r"0%\s*again \w{3} 1, \d{4}"))
    await box.get_by_role("button", name="change ada per month").click()
    await box.locator("form [name=limit]").fill("20")
    await box.get_by_role("button", name="set it").click()
    await expect(row).to_contain_text("$0.00 / $20.00")
    await box.get_by_role("button", name="change ada per month").click()
    await box.get_by_role("button", name="remove").click()
    await expect(row).to_have_count(0)
    await root.page.locator("notice-bar").get_by_role("button", name="undo").click()
    await expect(row).to_contain_text("$0.00 / $20.00")
    assert root.problems == []
    # Whose budget it is sees it, and the time zone of her browser was told once.
    phone = await Phone(house.url).sign_in(*ADA)
    (budget,) = (await phone.get("/api/budgets"))["budgets"]
    zone = await ada.page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert budget["limit_nanos"] == 20_000_000_000
    assert (await phone.get("/api/session"))["user"]["preferences"]["timezone"] == zone
    await phone.close()
