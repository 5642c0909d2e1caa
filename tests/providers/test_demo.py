"""The demo model: no AI, and the same way as a real one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.providers.base import Credential, Timeouts
from server.providers.demo import Demo, pieces, reply
from server.wire.events import Finish, Start, Usage
from tests.providers.line import Line, reasoning, text

pytestmark = pytest.mark.anyio


@pytest.fixture
def demo() -> Line:
    return Line(Demo("demo", Timeouts(), pace=0), Credential("demo", "demo", None), "demo")


async def test_it_says_what_it_is_and_quotes_the_person(demo: Line) -> None:
    events = await demo.hear("tell me a joke")
    assert isinstance(events[0], Start)
    assert "> tell me a joke" in text(events)
    assert "not an AI" in text(events)
    assert events[-1] == Finish("stop")
    (model,) = await demo.provider.models(demo.credential)
    assert (model.title, model.name) == ("demo, not an AI", "demo")


async def test_it_shows_every_kind_of_block(demo: Line) -> None:
    shown = text(await demo.hear())
    for mark in ("## ", "\n> ", "\n- ", "\n| ", "\n```", "\n1. ", "**", "*"):
        assert mark in shown
    assert len(shown) > 600


async def test_the_same_words_get_the_same_reply_and_others_another(demo: Line) -> None:
    assert await demo.hear("one") == await demo.hear("one")
    assert len({text(await demo.hear(f"question {number}")) for number in range(8)}) == 8


async def test_it_thinks_when_it_is_asked_to(demo: Line) -> None:
    assert reasoning(await demo.hear(effort="low"))
    assert not reasoning(await demo.hear(effort="none"))


async def test_its_usage_adds_up_and_its_limit_holds(demo: Line) -> None:
    events = await demo.hear("hello there", max_output_tokens=10, effort="low")
    assert len(text(events)) == 40
    usage = next(event for event in events if isinstance(event, Usage))
    assert (usage.input, usage.output) == (3, 10)
    assert usage.reasoning > 0
    assert events[-1] == Finish("length")


@given(st.text())
def test_whatever_is_asked_it_answers_in_whole_pieces(question: str) -> None:
    shown = reply(question, 12345)
    assert "".join(pieces(shown)) == shown
    assert shown.count("\n```") == 2
