"""The official Anthropic SDK, typed and strict, believes that the fake is Anthropic."""

from collections.abc import AsyncIterator

import anthropic
import httpx2
import pytest
from anthropic import AsyncAnthropic

from tests.upstream import DEFAULT_TEXT, Answer, Upstream

pytestmark = pytest.mark.anyio

MODEL = "claude-haiku-4-5"


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(
        api_key="sk-ant-test", base_url=upstream.anthropic, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


async def test_a_streamed_message_is_what_the_accumulator_puts_together(
    upstream: Upstream, client: AsyncAnthropic
) -> None:
    usage = {"input": 100, "cached": 40, "cache_write": 10, "output": 30, "reasoning": 8}
    upstream.script(Answer(reasoning="Let me think.", chunk=7, usage=usage))
    async with client.messages.stream(
        model=MODEL,
        max_tokens=4000,
        messages=[{"role": "user", "content": "hi"}],
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        message = await stream.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert message.content[1].text == DEFAULT_TEXT  # type: ignore[union-attr]
    assert message.stop_reason == "end_turn"
    assert message.usage.input_tokens == 50
    assert message.usage.cache_read_input_tokens == 40
    assert message.usage.output_tokens == 30
    assert upstream.requests[0].usage == usage


async def test_a_whole_message_is_typed(client: AsyncAnthropic) -> None:
    message = await client.messages.create(model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hi"}])
    assert message.content[0].text == DEFAULT_TEXT  # type: ignore[union-attr]


async def test_a_refusal_says_why(upstream: Upstream, client: AsyncAnthropic) -> None:
    upstream.script(Answer(text="", refusal="not this"))
    async with client.messages.stream(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hi"}]
    ) as stream:
        message = await stream.get_final_message()
    assert message.stop_reason == "refusal"
    assert message.stop_details is not None
    assert message.stop_details.explanation == "not this"


async def test_tokens_are_counted_and_models_come_in_pages(client: AsyncAnthropic) -> None:
    counted = await client.messages.count_tokens(model=MODEL, messages=[{"role": "user", "content": "hi"}])
    assert counted.input_tokens > 0
    models = [model async for model in client.models.list(limit=2)]
    assert [model.id for model in models][-1] == "claude-haiku-4-5"
    assert models[0].capabilities is not None
    assert models[0].capabilities.thinking.types.adaptive.supported


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, anthropic.BadRequestError),
        (401, anthropic.AuthenticationError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.InternalServerError),
    ],
)
async def test_every_status_is_the_sdks_own_exception(
    upstream: Upstream, client: AsyncAnthropic, status: int, error: type[anthropic.APIStatusError]
) -> None:
    upstream.script(Answer(status=status))
    with pytest.raises(anthropic.APIStatusError) as caught:
        await client.messages.create(
            model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hi"}], stream=True
        )
    assert caught.value.status_code == status
    assert isinstance(caught.value, error) or status == 529


async def test_an_error_in_a_stream_has_its_type(upstream: Upstream, client: AsyncAnthropic) -> None:
    upstream.script(Answer(error_after=4, error={"type": "overloaded_error", "message": "Overloaded"}))
    stream = await client.messages.create(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "hi"}], stream=True
    )
    with pytest.raises(anthropic.APIStatusError) as caught:
        async for _ in stream:
            pass
    assert caught.value.type == "overloaded_error"


async def test_a_temperature_is_only_for_the_old_version(upstream: Upstream) -> None:
    body = {
        "model": MODEL,
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.5,
    }
    async with httpx2.AsyncClient(base_url=upstream.url, headers={"x-api-key": "sk-ant-test"}) as http:
        new = await http.post("/v1/messages", json=body, headers={"anthropic-version": "2026-10-21"})
        old = await http.post("/v1/messages", json=body, headers={"anthropic-version": "2023-06-01"})
    assert (new.status_code, old.status_code) == (400, 200)
    upstream.reset()
