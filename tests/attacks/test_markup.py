"""Markup in whatever somebody can write, name, import or make a model say: it is shown, and never taken for ours."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.archive import samples
from tests.attacks.corpus import NAME, SCRIPTS, TEXT
from tests.content.page import safe
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


def markup(value: Any, name: str = "") -> Iterator[str]:
    """Whatever in an answer the page takes for HTML."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from markup(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from markup(each, name)
    elif isinstance(value, str) and name in ("html", "closed", "blocks", "excerpt_html"):
        yield value


async def test_what_people_and_models_write_has_no_script_in_it(phone: Phone, upstream: Upstream) -> None:
    upstream.default(Answer(text=TEXT, reasoning=TEXT))
    conversation = await phone.conversation(title=NAME)
    async with phone.listening(conversation) as stream:
        sent = await phone.send(conversation, TEXT)
        await stream.until_ended(sent["reply"]["id"])
        streamed = [event.data for event in stream.seen]
    whole = await phone.get(f"/api/conversations/{conversation}")
    found = [*markup(streamed), *markup(whole)]
    assert len(found) >= 3
    for html in found:
        safe(html)
    [listed] = (await phone.get("/api/conversations"))["conversations"]
    assert listed["title"] == NAME


async def test_each_of_them_alone_is_safe_too() -> None:
    from server.content.markdown import render

    for script in SCRIPTS:
        for text in (script, f"- {script}", f"> {script}", f"| a |\n|---|\n| {script} |", f"# {script}", f"`{script}`"):
            safe(render(text))


async def test_names_come_back_as_they_are_and_only_as_json(phone: Phone, house: House) -> None:
    """The page writes them as text; no answer that holds one may ever be taken for a page."""
    await phone.conversation(title=NAME)
    await phone.post("/api/templates", {"name": "t" + NAME[:40], "text": TEXT, "description": NAME})
    file = await phone.upload(f"{NAME.replace('/', '')}.html", f"<html>{TEXT}</html>".encode())
    svg = await phone.upload("x.svg", f"<svg xmlns='http://www.w3.org/2000/svg'>{TEXT}</svg>".encode())
    paths = (
        "/api/conversations",
        "/api/templates",
        "/api/search?q=ran",
        "/api/prompts?q=ran",
        "/api/tags",
        "/api/usage",
    )
    for path in paths:
        answer = await phone.http.get(path)
        assert answer.headers["content-type"].startswith("application/json"), path
        assert answer.headers["x-content-type-options"] == "nosniff"
    for kept in (file, svg):
        answer = await phone.http.get(f"/api/attachments/{kept['id']}")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        kind = answer.headers["content-type"]
        assert not kind.startswith(("text/html", "image/svg", "application/xhtml", "text/xml", "application/xml"))


async def test_what_is_imported_is_as_harmless(phone: Phone) -> None:
    [talk] = samples.chatgpt()
    talk["title"] = NAME
    for node in talk["mapping"].values():
        if node["message"] and node["message"]["content"].get("content_type") in ("text", "multimodal_text"):
            node["message"]["content"]["parts"] = [TEXT]
    sent = await phone.http.post(
        "/api/import",
        params={"name": f"{NAME.replace('/', '')}.json"},
        content=json.dumps([talk]),
        headers={"X-CSRF-Token": phone.csrf},
    )
    assert sent.is_success, sent.text
    async with asyncio.timeout(30):
        while not (await phone.get("/api/conversations"))["conversations"]:
            await asyncio.sleep(0.05)
    [listed] = (await phone.get("/api/conversations"))["conversations"]
    found = list(markup(await phone.get(f"/api/conversations/{listed['id']}")))
    assert found
    for html in found:
        safe(html)
