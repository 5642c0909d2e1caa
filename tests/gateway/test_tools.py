"""Real programs, installed as people install them, work with models of either provider's."""

from pathlib import Path

import pytest

from tests.gateway.conftest import rows
from tests.gateway.programs import PROGRAMS, SECRET, Place, Program, run
from tests.house import House
from tests.upstream import Answer, Upstream

MODELS = ["claude-sonnet-5-5", "gpt-5.1"]
SAME_WIRE = {"Claude Code": "claude-sonnet-5-5", "Codex CLI": "gpt-5.1", "opencode": "gpt-5.1", "llm": "gpt-5.1"}
"""The model whose provider speaks the program's own format: what it says there is passed on as it is."""


pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("model", MODELS),
    pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name),
]


@pytest.fixture
async def place(program: Program, model: str, house: House, key: str, tmp_path: Path, upstream: Upstream) -> Place:
    if SAME_WIRE[program.name] == model:
        upstream.trust()
    return Place(tmp_path / "home", tmp_path / "work", house.url, key, model)


async def test_a_program_gets_its_prompt_answered(
    program: Program, place: Place, house: House, upstream: Upstream
) -> None:
    upstream.default(Answer(text="the weather is fine"))
    printed = await run(program, place, "how is the weather?")
    assert "the weather is fine" in printed
    assert {asked.body["model"] for asked in upstream.calls} == {place.model}
    assert [(row.status, row.key_id is not None) for row in await rows(house)] == [("done", True)] * len(upstream.calls)


async def test_a_program_calls_its_tool_and_sends_back_what_came_of_it(
    program: Program, place: Place, upstream: Upstream
) -> None:
    calls = [{"name": program.tool, "arguments": program.arguments(place)}]
    upstream.script(
        Answer(text="", calls=calls, match=f'"{program.tool}"'),
        Answer(text=f"it says: {SECRET[::-1]}", match=SECRET),
    )
    upstream.default(Answer(text="a title"))
    printed = await run(program, place, "what does the note say?")
    assert SECRET[::-1] in printed
    assert SECRET in str(upstream.calls[-1].body)
