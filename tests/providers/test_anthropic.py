"""What only Anthropic has: thinking by budget or by effort, two API versions, lists in pages."""

import pytest

from server.wire.events import Finish
from tests.providers.line import Line
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_the_sdks_own_version_is_used_unless_there_is_a_temperature(anthropic: Line, upstream: Upstream) -> None:
    await anthropic.hear()
    await anthropic.hear(temperature=0.5)
    plain, warm = upstream.requests
    assert plain.headers["anthropic-version"] == "2026-10-21"
    assert "temperature" not in plain.body
    assert warm.headers["anthropic-version"] == "2023-06-01"
    assert warm.headers["x-api-key"] == "sk-ant-test"
    assert warm.body["temperature"] == 0.5


async def test_a_model_of_our_table_thinks_by_budget(anthropic: Line, upstream: Upstream) -> None:
    await anthropic.hear(effort="medium")
    assert upstream.requests[0].body["thinking"] == {"type": "enabled", "budget_tokens": 8192}


async def test_a_model_that_the_list_knows_better_thinks_as_the_list_says(anthropic: Line, upstream: Upstream) -> None:
    await anthropic.provider.models(anthropic.credential)
    new = Line(anthropic.provider, anthropic.credential, "claude-opus-5-5")
    await new.hear(effort="xhigh")
    await new.hear(effort="none")
    adaptive, off = [asked.body for asked in upstream.calls]
    assert adaptive["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert adaptive["output_config"] == {"effort": "xhigh"}
    assert off["thinking"] == {"type": "disabled"}


async def test_a_full_context_is_its_own_end(anthropic: Line, upstream: Upstream) -> None:
    upstream.script(Answer(finish="context_full"))
    assert (await anthropic.hear())[-1] == Finish("context_full")


async def test_the_list_brings_its_capabilities(anthropic: Line) -> None:
    models = {model.name: model for model in await anthropic.provider.models(anthropic.credential)}
    opus, old = models["claude-opus-5-5"], models["claude-sonnet-4-5-20250929"]
    assert (opus.title, opus.context, opus.max_output, opus.vision) == (
        "Claude Opus 5.5",
        1_000_000,
        64_000,
        True,
    )
    assert opus.efforts == ("none", "low", "medium", "high", "xhigh", "max")
    assert old.efforts == ("none", "low", "medium", "high")
    assert (opus.tier, old.tier, opus.temperature, old.temperature) == ("large", "medium", False, True)


async def test_a_list_of_many_pages_is_read_to_its_end(
    anthropic: Line, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.providers.anthropic._PAGE", 2)
    upstream.models(anthropic=["claude-a-1", "claude-b-1", "claude-c-1", "claude-d-1", "claude-e-1"])
    models = await anthropic.provider.models(anthropic.credential)
    assert [model.name for model in models] == [f"claude-{letter}-1" for letter in "abcde"]
    assert len(upstream.requests) == 3
