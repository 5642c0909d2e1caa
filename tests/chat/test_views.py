"""The HTML of what was said: rendered once, remembered within bounds."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from server.chat import views
from server.content import markdown

pytestmark = pytest.mark.anyio


def reply(id: str) -> Any:
    return SimpleNamespace(id=id, role="assistant", text="Twelve chars", settings=None)


async def test_what_two_pages_ask_for_at_once_takes_the_room_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def render(text: str) -> str:
        rendered.append(text)
        return f"<p>{text}</p>"

    monkeypatch.setattr(markdown, "render", render)
    monkeypatch.setattr(views, "MAX_REMEMBERED", 2 * len(render("Twelve chars")))
    renderer = views.Renderer()
    first, second = reply("first"), reply("second")
    await asyncio.gather(renderer.html([first]), renderer.html([first]))
    await renderer.html([second])
    rendered.clear()
    await renderer.html([first, second])
    renderer.close()
    assert rendered == []
