"""What every provider does alike: text, reasoning, usage, an end, and stopping when nobody listens."""

import asyncio

import pytest

from server.providers.base import Credential, Provider, ProviderError, Timeouts
from server.providers.registry import create
from server.wire.events import Finish, FinishReason, Start, Usage
from tests.providers.line import Line, line, reasoning, text
from tests.upstream import DEFAULT_TEXT, Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_text_reasoning_usage_and_an_end(way: Line, upstream: Upstream) -> None:
    usage = {"input": 100, "cached": 30, "cache_write": 10, "output": 60, "reasoning": 20}
    upstream.script(Answer(reasoning="First this. Then that.", chunk=5, usage=usage))
    events = await way.hear(effort="low")
    assert isinstance(events[0], Start)
    assert events[0].response_id
    assert text(events) == DEFAULT_TEXT
    assert reasoning(events) == "First this. Then that."
    assert events[-1] == Finish("stop")
    counted = [event for event in events if isinstance(event, Usage)][-1]
    assert counted == Usage(input=60, cache_read=30, cache_write_5m=10, output=40, reasoning=20)
    assert upstream.requests[0].usage == usage


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_chunks_that_cut_characters_in_two_lose_nothing(way: Line, upstream: Upstream, size: int) -> None:
    words = "日本語 👩‍💻 שלום </script> é" * 3
    upstream.script(Answer(text=words, chunk=size, unit="bytes"))
    assert text(await way.hear()) == words


async def test_characters_that_come_in_two_pieces_are_put_together(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(text="a \ud83d\ude00 b", reasoning="\ud83d\ude80 c", chunk=1))
    events = await way.hear(effort="low")
    assert (text(events), reasoning(events)) == ("a 😀 b", "🚀 c")


@pytest.mark.parametrize("words", ["\ud83d", "a \ud83d", "\ud83d b", "a \ude00 b", "a \ud83d\ud83d b"])
@pytest.mark.parametrize("chunk", [1, 24])
async def test_half_a_character_is_shown_as_one_that_nobody_can_read(
    way: Line, upstream: Upstream, words: str, chunk: int
) -> None:
    upstream.script(Answer(text=words, reasoning=words, chunk=chunk))
    events = await way.hear(effort="low")
    readable = words.replace("\ud83d", "\ufffd").replace("\ude00", "\ufffd")
    assert (text(events), reasoning(events)) == (readable, readable)


async def test_an_empty_reply_still_ends(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(text=""))
    events = await way.hear()
    assert text(events) == ""
    assert events[-1] == Finish("stop")


@pytest.mark.parametrize(("outcome", "reason"), [("length", "length"), ("refusal", "refusal")])
async def test_other_ends_are_named(way: Line, upstream: Upstream, outcome: FinishReason, reason: FinishReason) -> None:
    upstream.script(Answer(finish=outcome))
    end = (await way.hear())[-1]
    assert isinstance(end, Finish)
    assert end.reason == reason


async def test_the_words_of_a_refusal_are_kept(openai: Line, anthropic: Line, upstream: Upstream) -> None:
    upstream.script(Answer(refusal="I will not."), Answer(text="", refusal="I may not."))
    assert (await openai.hear())[-1] == Finish("refusal", "I will not.")
    assert (await anthropic.hear())[-1] == Finish("refusal", "I may not.")


@pytest.mark.parametrize("events_first", [0, 5])
async def test_closing_the_stream_stops_the_upstream(way: Line, upstream: Upstream, events_first: int) -> None:
    upstream.script(Answer(hold_after=events_first, chunk=4))
    stream = way.provider.stream(way.ask(), way.credential)
    first = asyncio.create_task(anext(stream))
    await asyncio.to_thread(upstream.wait)
    if events_first:
        await first
    else:
        first.cancel()
        await asyncio.wait([first])
    await stream.aclose()
    asked = await asyncio.to_thread(upstream.wait_gone, timeout=1)
    assert not asked.finished


async def test_stopping_before_the_first_byte_stops_the_upstream(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(first_delay=30))
    listening = asyncio.create_task(way.hear())
    await asyncio.to_thread(upstream.wait)
    listening.cancel()
    await asyncio.wait([listening])
    await asyncio.to_thread(upstream.wait_gone, timeout=1)


async def test_a_connection_is_used_again(way: Line, upstream: Upstream) -> None:
    for _ in range(3):
        await way.hear()
    assert len(upstream.requests) == 3
    assert len({asked.port for asked in upstream.requests}) == 1


async def test_many_streams_run_side_by_side(way: Line, upstream: Upstream) -> None:
    upstream.default(Answer(delay=0.005, chunk=8))
    replies = await asyncio.gather(*(way.hear(f"number {number}") for number in range(12)))
    assert {text(events) for events in replies} == {DEFAULT_TEXT}


async def test_without_a_key_nobody_is_asked(providers: dict[str, Provider], upstream: Upstream) -> None:
    for name in ("openai", "anthropic", "gemini"):
        way = Line(providers[name], Credential("c", name, None, upstream.url), "m")
        with pytest.raises(ProviderError, match="add one in the settings") as caught:
            await way.hear()
        assert caught.value.kind == "no_key"
    assert upstream.requests == []


@pytest.mark.parametrize("name", ["openai", "anthropic", "compatible"])
async def test_a_provider_needs_no_network_until_it_is_asked(name: str) -> None:
    provider = create(Timeouts())[name]
    await provider.close()


async def test_an_address_may_be_given_with_and_without_its_version(
    providers: dict[str, Provider], upstream: Upstream
) -> None:
    for name in ("openai", "anthropic", "compatible"):
        way = line(providers, name, upstream.url)
        for address in (upstream.url, f"{upstream.url}/", f"{upstream.url}/v1", f"{upstream.url}/v1/"):
            credential = Credential("c", name, way.credential.key, address)
            events = await Line(way.provider, credential, way.model).hear()
            assert text(events) == DEFAULT_TEXT
