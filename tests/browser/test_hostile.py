"""A page that is full of other people's scripts: all of it is to be seen, and none of it runs."""

import json
from typing import Any

import pytest
from playwright.async_api import BrowserContext, expect

from tests.attacks.corpus import NAME, TEXT
from tests.browser.hand import Hand
from tests.conftest import ADA
from tests.gateway.conftest import new_key
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

WATCH = """
window.seen = [];
window.ran = (number) => window.seen.push(`script ${number}`);
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => window.seen.push(name);
document.addEventListener("securitypolicyviolation", (event) => {
  window.seen.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


async def test_a_page_full_of_scripts_runs_none_and_breaks_no_rule(
    house: House, phone: Phone, upstream: Upstream, desk_screen: BrowserContext
) -> None:
    upstream.default(Answer(text=TEXT, reasoning=TEXT))
    upstream.models(openai=["gpt-5.1", f"gpt-{NAME}"])
    conversation = await phone.conversation(title=NAME)
    await phone.run(f"/tag {NAME.split()[0]}<b>", conversation)
    file = await phone.upload(NAME.replace("/", "") + ".html", TEXT.encode())
    sent = await phone.send(conversation, TEXT, attachments=[file["id"]])
    await phone.ended(sent["reply"]["id"])
    await phone.post("/api/templates", {"name": NAME[:60], "text": TEXT, "description": NAME})
    await new_key(house, phone.session["user"]["id"], name=NAME[:60], project=NAME[:60])

    await desk_screen.add_init_script(WATCH)
    elsewhere: list[str] = []
    desk_screen.on("request", lambda request: elsewhere.append(request.url))
    hand = await Hand.on(desk_screen, house.url, f"/#/c/{conversation}")
    await hand.sign_in(*ADA)
    await expect(hand.page.locator("chat-message.assistant")).to_contain_text("ran(1)")
    for screen, marker in {"templates": "ran(30)", "usage": "", "log": "", "settings": "", "search": ""}.items():
        await hand.page.evaluate(f"location.hash = {json.dumps(f'#/{screen}')}")
        await expect(hand.page.locator("main")).to_contain_text(marker)
        await expect(hand.page.locator(f"main > {screen}-screen")).to_be_visible()
    await hand.page.evaluate("history.back()")
    seen: Any = await hand.page.evaluate("[window.seen, document.querySelectorAll('main script, main iframe').length]")
    assert seen == [[], 0]
    assert hand.problems == []
    assert [url for url in elsewhere if not url.startswith((house.url, "data:", "blob:"))] == []
