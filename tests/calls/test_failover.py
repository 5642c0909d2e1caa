"""The first of several models that answers: who is asked, in which order, and when nobody else is."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest

from server.calls.calls import Attempt, Purpose
from server.calls.failover import Turn, first_answer
from server.calls.meter import Meter
from server.errors import BudgetExceeded
from server.providers.base import Credential, Model, ProviderError
from server.providers.models import Choice
from server.wire.events import Finish, Text
from server.wire.request import Request

pytestmark = pytest.mark.anyio

PURPOSE = Purpose("chat", "ada")


class Line:
    """Stands for the calls: each model's answer is its words, then an error if it has one."""

    def __init__(self, **answers: tuple[str, str | None]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, int]] = []
        self.reasons: list[str] = []

    async def stream(
        self, purpose: Purpose, target: Choice, request: Request, attempts: int
    ) -> AsyncGenerator[Any, None]:
        name = target.model.name
        self.asked.append((name, attempts))
        self.reasons.append(purpose.reason)
        meter = Meter(None, 0)
        yield Attempt(name, meter, target.credential)
        words, error = self.answers[name]
        if words:
            meter.see(Text(words))
            yield Text(words)
        if error == "budget":
            raise BudgetExceeded("your budget is used up")
        if error:
            raise ProviderError(error, f"{name} failed", provider="p")  # type: ignore[arg-type]
        yield Finish("stop")


def choices(*names: str) -> Sequence[tuple[Choice, str]]:
    return [(Choice(Model(name, "p"), Credential("c", "p", "k")), "your rule") for name in names]


async def write(choice: Choice) -> Request:
    await asyncio.sleep(0)
    return Request(choice.model.name, ())


async def said(line: Line, *names: str) -> tuple[str, list[int]]:
    """The words that came, and which turns were announced."""
    words, turns = "", []
    async for event in first_answer(line, PURPOSE, choices(*names), write):  # type: ignore[arg-type]
        if isinstance(event, Text):
            words += event.text
        elif isinstance(event, Turn):
            turns.append(event.number)
    return words, turns


async def test_while_there_is_another_one_nobody_is_asked_twice() -> None:
    line = Line(a=("", "overloaded"), b=("", "auth"), c=("here", None))
    assert await said(line, "a", "b", "c") == ("here", [0, 1, 2])
    assert line.asked == [("a", 1), ("b", 1), ("c", 3)]
    assert line.reasons == [
        "your rule",
        "your rule; instead of a after overloaded",
        "your rule; instead of b after auth",
    ]


async def test_who_answers_ends_the_search() -> None:
    line = Line(a=("at once", None), b=("never", None))
    assert await said(line, "a", "b") == ("at once", [0])


@pytest.mark.parametrize(("words", "error"), [("half a", "network"), ("", "refused")])
async def test_after_a_word_or_a_refusal_nobody_else_is_asked(words: str, error: str) -> None:
    line = Line(a=(words, error), b=("other", None))
    with pytest.raises(ProviderError, match="a failed"):
        await said(line, "a", "b")
    assert line.asked == [("a", 1)]


async def test_the_last_failure_is_the_one_that_is_told() -> None:
    line = Line(a=("", "auth"), b=("", "overloaded"))
    with pytest.raises(ProviderError, match="b failed"):
        await said(line, "a", "b")


async def test_what_no_budget_pays_for_makes_way_for_a_cheaper_one() -> None:
    assert await said(Line(a=("", "budget"), b=("for free", None)), "a", "b") == ("for free", [0, 1])
    with pytest.raises(BudgetExceeded):
        await said(Line(a=("", "auth"), b=("", "budget")), "a", "b")
