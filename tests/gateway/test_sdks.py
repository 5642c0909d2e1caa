"""The official SDKs against a running gateway: every client wire on every upstream wire, streamed and not."""

import asyncio
from typing import Any

import anthropic
import openai
import pytest

from tests.gateway.conftest import WIRES, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
TEXT = "A river, with émphasis and 日本語 and 👩‍💻, keeps its own time."

upstreams = pytest.mark.parametrize("model", WIRES.values(), ids=WIRES)
clients = pytest.mark.parametrize("wire", ["chat", "responses", "messages"])
streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
ASK = [{"role": "user", "content": "Tell me about the river."}]


@clients
@upstreams
@streamed
async def test_the_async_sdks_get_the_same_answer_over_every_wire(
    house: House, upstream: Upstream, key: str, wire: str, model: str, stream: bool
) -> None:
    upstream.script(Answer(text=TEXT, chunk=5, usage={"input": 11, "output": 9}))
    text, usage = await _ask(house.url, key, wire, model, stream)
    assert text == TEXT
    assert usage == (11, 9)
    (row,) = await rows(house)
    assert (row.status, row.input, row.output, row.usage_source) == ("done", 11, 9, "provider")
    assert row.key_id is not None and row.request_id.startswith("req_")


@clients
@upstreams
@streamed
async def test_the_sync_sdks_get_it_too(
    house: House, upstream: Upstream, key: str, wire: str, model: str, stream: bool
) -> None:
    upstream.script(Answer(text=TEXT, chunk=7))
    assert await asyncio.to_thread(_ask_sync, house.url, key, wire, model, stream) == TEXT


async def _ask(url: str, key: str, wire: str, model: str, stream: bool) -> tuple[str, tuple[int, int]]:
    """The text, and (input, output) tokens."""
    if wire == "messages":
        async with anthropic.AsyncAnthropic(auth_token=key, base_url=url, max_retries=0) as client:
            asked: Any = {"model": model, "max_tokens": 500, "messages": ASK}
            if stream:
                async with client.messages.stream(**asked) as events:
                    message = await events.get_final_message()
            else:
                message = await client.messages.create(**asked)
            text = "".join(block.text for block in message.content if block.type == "text")
            return text, (message.usage.input_tokens, message.usage.output_tokens)
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:
        if wire == "responses":
            if stream:
                async with client.responses.stream(model=model, input=ASK) as events:  # type: ignore[arg-type]
                    response: Any = await events.get_final_response()
            else:
                response = await client.responses.create(model=model, input=ASK)  # type: ignore[arg-type]
            return response.output_text, (response.usage.input_tokens, response.usage.output_tokens)
        if stream:
            options: Any = {"include_usage": True}
            async with client.chat.completions.stream(model=model, messages=ASK, stream_options=options) as events:  # type: ignore[arg-type]
                completion: Any = await events.get_final_completion()
        else:
            completion = await client.chat.completions.create(model=model, messages=ASK)  # type: ignore[arg-type]
        counted = completion.usage
        return completion.choices[0].message.content, (counted.prompt_tokens, counted.completion_tokens)


def _ask_sync(url: str, key: str, wire: str, model: str, stream: bool) -> str:
    if wire == "messages":
        with anthropic.Anthropic(api_key=key, base_url=url, max_retries=0) as client:
            asked: Any = {"model": model, "max_tokens": 500, "messages": ASK}
            if stream:
                with client.messages.stream(**asked) as events:
                    return events.get_final_text()
            return "".join(block.text for block in client.messages.create(**asked).content if block.type == "text")
    with openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:
        if wire == "responses":
            if stream:
                with client.responses.stream(model=model, input=ASK) as events:  # type: ignore[arg-type]
                    return str(events.get_final_response().output_text)
            return str(client.responses.create(model=model, input=ASK).output_text)  # type: ignore[arg-type]
        if stream:
            with client.chat.completions.stream(model=model, messages=ASK) as events:  # type: ignore[arg-type]
                return str(events.get_final_completion().choices[0].message.content)
        return str(client.chat.completions.create(model=model, messages=ASK).choices[0].message.content)  # type: ignore[arg-type]
