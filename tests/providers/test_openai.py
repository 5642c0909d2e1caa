"""What only OpenAI has: summaries that an account may not see, and responses that outlive their reader."""

import asyncio
from typing import Any

import pytest

from server.providers.base import Provider, ProviderError, Resumable
from server.wire.events import Event, Finish, Replace, Start, Text
from tests.providers.line import Line, text
from tests.upstream import DEFAULT_TEXT, Answer, Upstream

pytestmark = pytest.mark.anyio


async def start(openai: Line, upstream: Upstream, after: int) -> tuple[str, int, list[Event]]:
    """A background reply that is left after some of its text: its id, the last position, what was heard."""
    heard: list[Event] = []
    stream = openai.provider.stream(openai.ask(background=True), openai.credential)
    async for event in stream:
        heard.append(event)
        if len([event for event in heard if isinstance(event, Text)]) == after:
            break
    await stream.aclose()
    assert isinstance(heard[0], Start)
    last = heard[-1]
    assert isinstance(last, Text)
    return str(heard[0].response_id), last.position or 0, heard


async def resume(openai: Line, response_id: str, position: int | None) -> list[Event]:
    return [event async for event in openai.provider.resume(response_id, position, openai.credential)]


async def test_openai_is_the_one_that_can_be_resumed(providers: dict[str, Provider]) -> None:
    assert [name for name, provider in providers.items() if isinstance(provider, Resumable)] == ["openai"]


async def test_the_request_is_the_one_that_was_written(openai: Line, upstream: Upstream) -> None:
    await openai.hear(effort="low", cache_key="c-1", system="be kind")
    body = upstream.requests[0].body
    assert body["reasoning"] == {"effort": "low", "summary": "auto"}
    assert (body["store"], body["stream_options"]) == (False, {"include_obfuscation": False})
    assert upstream.requests[0].headers["authorization"] == "Bearer sk-test"


async def test_an_organisation_of_the_environment_is_not_put_on_everybodys_keys(
    openai: Line, compatible: Line, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    await openai.hear()
    await compatible.hear()
    for asked in upstream.requests:
        assert not {"openai-organization", "openai-project"} & set(asked.headers)


async def test_an_account_that_may_not_see_summaries_gets_its_reply_without(openai: Line, upstream: Upstream) -> None:
    refusal = "Your organization must be verified to generate reasoning summaries."
    upstream.script(Answer(status=400, error={"message": refusal, "param": "reasoning.summary"}))
    assert text(await openai.hear(effort="low")) == DEFAULT_TEXT
    assert [asked.body["reasoning"] for asked in upstream.requests] == [
        {"effort": "low", "summary": "auto"},
        {"effort": "low"},
    ]


@pytest.mark.parametrize("after", [1, 3])
async def test_a_background_reply_goes_on_where_it_was_left(openai: Line, upstream: Upstream, after: int) -> None:
    upstream.script(Answer(chunk=10))
    response_id, position, heard = await start(openai, upstream, after)
    rest = await resume(openai, response_id, position)
    assert text(heard) + text(rest) == DEFAULT_TEXT
    assert rest[-1] == Finish("stop")


async def test_a_reply_that_was_never_heard_comes_from_its_start(openai: Line, upstream: Upstream) -> None:
    response_id, _, _ = await start(openai, upstream, 1)
    assert text(await resume(openai, response_id, None)) == DEFAULT_TEXT


async def test_a_running_reply_is_followed_live(openai: Line, upstream: Upstream) -> None:
    upstream.script(Answer(chunk=10, hold_after=9))
    response_id, position, heard = await start(openai, upstream, 2)
    following = asyncio.create_task(resume(openai, response_id, position))
    await asyncio.to_thread(upstream.wait, 2)
    upstream.release()
    assert text(heard) + text(await following) == DEFAULT_TEXT


async def test_a_reply_that_can_no_longer_be_streamed_comes_as_a_whole(openai: Line, upstream: Upstream) -> None:
    upstream.script(Answer(chunk=10, lost=True))
    response_id, position, _ = await start(openai, upstream, 2)
    rest = await resume(openai, response_id, position)
    assert Replace(DEFAULT_TEXT) in rest
    assert rest[-1] == Finish("stop")


async def test_a_lost_reply_is_waited_for(openai: Line, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.providers.openai._POLL_FIRST", 0.01)
    upstream.script(Answer(chunk=10, lost=True, hold_after=9))
    response_id, position, _ = await start(openai, upstream, 2)
    waiting = asyncio.create_task(resume(openai, response_id, position))
    # The reply itself, the attempt to stream, and at least two looks.
    await asyncio.to_thread(upstream.wait, 4)
    assert not waiting.done()
    upstream.release()
    assert Replace(DEFAULT_TEXT) in await waiting


async def test_a_reply_that_openai_has_forgotten_is_an_error(openai: Line) -> None:
    with pytest.raises(ProviderError) as caught:
        await resume(openai, "resp_unknown", 3)
    assert not caught.value.retryable


async def test_a_background_reply_can_be_cancelled(openai: Line, upstream: Upstream) -> None:
    upstream.script(Answer(chunk=10, hold_after=9))
    response_id, position, _ = await start(openai, upstream, 2)
    await openai.provider.cancel(response_id, openai.credential)
    assert upstream.requests[-1].path == f"/v1/responses/{response_id}/cancel"
    with pytest.raises(ProviderError):
        await resume(openai, response_id, position)


async def test_the_list_has_kinds_and_capabilities(openai: Line, upstream: Upstream) -> None:
    ending: Any = {"id": "gpt-5", "object": "model", "created": 5, "shutdown_date": "2026-12-11"}
    upstream.models(openai=["gpt-5.1", "gpt-image-2", "text-embedding-3-small", "whisper-1", ending])
    models = {model.name: model for model in await openai.provider.models(openai.credential)}
    assert {name: model.kind for name, model in models.items()} == {
        "gpt-5.1": "chat",
        "gpt-image-2": "image",
        "text-embedding-3-small": "embedding",
        "whisper-1": "other",
        "gpt-5": "chat",
    }
    assert models["gpt-5.1"].efforts == ("none", "low", "medium", "high")
    assert (models["gpt-5"].retires, models["gpt-5"].created) == ("2026-12-11", 5)
    assert {model.source for model in models.values()} == {"live"}
