"""The official OpenAI SDK, typed and strict, believes that the fake is OpenAI."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.upstream import DEFAULT_TEXT, Answer, Upstream
from tests.upstream.images import GIVEN, PIXEL

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        api_key="sk-test", base_url=upstream.openai, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


async def test_a_streamed_response_is_what_the_accumulator_puts_together(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.script(Answer(reasoning="I think. Therefore.", chunk=5, usage={"input": 50, "cached": 20}))
    async with client.responses.stream(
        model="gpt-5.1", input="hi", reasoning={"effort": "low", "summary": "auto"}
    ) as stream:
        numbers = [event.sequence_number async for event in stream if hasattr(event, "sequence_number")]
        response = await stream.get_final_response()
    assert response.output_text == DEFAULT_TEXT
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert numbers == sorted(set(numbers))
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == 20
    assert response.usage.total_tokens == 50 + response.usage.output_tokens
    asked = upstream.requests[0]
    assert (asked.sent, asked.usage, asked.finished) == (DEFAULT_TEXT, asked.usage, True)
    assert asked.usage is not None
    assert asked.usage["input"] == 50


async def test_a_whole_response_is_typed(client: AsyncOpenAI) -> None:
    response = await client.responses.create(model="gpt-5.1", input="hi")
    assert (response.status, response.output_text) == ("completed", DEFAULT_TEXT)


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Answer(finish="length"), "incomplete"), (Answer(finish="failed"), "failed"), (Answer(), "completed")],
)
async def test_every_outcome_has_its_terminal_event(
    upstream: Upstream, client: AsyncOpenAI, answer: Answer, status: str
) -> None:
    upstream.script(answer)
    stream = await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    last = [event async for event in stream][-1]
    assert last.type == f"response.{status}"


async def test_a_refusal_is_streamed_as_one(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(refusal="I will not."))
    stream = await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    events = [event async for event in stream]
    assert "".join(event.delta for event in events if event.type == "response.refusal.delta") == "I will not."


async def test_a_background_response_can_be_read_again_from_any_event(upstream: Upstream, client: AsyncOpenAI) -> None:
    stream = await client.responses.create(model="gpt-5.1", input="hi", background=True, store=True, stream=True)
    first = [event async for event in stream]
    response_id = first[0].response.id  # type: ignore[union-attr]
    again = await client.responses.retrieve(response_id, stream=True, starting_after=5)
    assert [event.sequence_number async for event in again] == [e.sequence_number for e in first[6:]]
    assert (await client.responses.retrieve(response_id)).output_text == DEFAULT_TEXT


async def test_an_old_background_response_can_only_be_looked_at(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(lost=True))
    stream = await client.responses.create(model="gpt-5.1", input="hi", background=True, store=True, stream=True)
    first = [event async for event in stream]
    response_id = first[0].response.id  # type: ignore[union-attr]
    with pytest.raises(openai.BadRequestError, match="no longer be streamed"):
        await client.responses.retrieve(response_id, stream=True, starting_after=1)
    assert (await client.responses.retrieve(response_id)).status == "completed"


async def test_a_background_response_can_be_cancelled(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(hold_after=4))
    stream = await client.responses.create(model="gpt-5.1", input="hi", background=True, store=True, stream=True)
    event = await anext(aiter(stream))
    cancelled = await client.responses.cancel(event.response.id)  # type: ignore[union-attr]
    assert cancelled.status == "cancelled"


async def test_a_streamed_completion_is_what_the_accumulator_puts_together(
    upstream: Upstream, client: AsyncOpenAI
) -> None:
    upstream.script(Answer(chunk=3, unit="tokens", usage={"input": 30, "output": 12, "reasoning": 4}))
    async with client.chat.completions.stream(
        model="gpt-4.1",
        messages=[{"role": "user", "content": "hi"}],
        stream_options={"include_usage": True},
    ) as stream:
        async for _ in stream:
            pass
        completion = await stream.get_final_completion()
    assert completion.choices[0].message.content == DEFAULT_TEXT
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 42


async def test_usage_is_streamed_only_when_asked_for(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    assert all(chunk.usage is None for chunk in [chunk async for chunk in stream])


async def test_a_whole_completion_is_typed(client: AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "hi"}])
    assert completion.choices[0].message.content == DEFAULT_TEXT


async def test_models_images_and_embeddings_are_typed(client: AsyncOpenAI) -> None:
    assert "gpt-5.1" in [model.id async for model in await client.models.list()]
    image = await client.images.generate(model="gpt-image-2", prompt="a cat")
    assert image.data is not None
    assert image.data[0].b64_json
    embedding = await client.embeddings.create(
        model="text-embedding-3-small", input=["a", "b"], encoding_format="float"
    )
    assert [len(item.embedding) for item in embedding.data] == [8, 8]


async def test_an_image_can_be_streamed(client: AsyncOpenAI) -> None:
    stream = await client.images.generate(model="gpt-image-2", prompt="a cat", stream=True, partial_images=1)
    events = [event async for event in stream]
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.completed",
    ]


async def test_an_image_can_be_changed_whole_and_in_a_stream(client: AsyncOpenAI) -> None:
    given = ("a.png", base64.b64decode(PIXEL), "image/png")
    whole = await client.images.edit(model="gpt-image-2", prompt="blue", image=given)
    assert whole.data is not None and whole.data[0].b64_json
    assert whole.usage is not None and whole.usage.input_tokens_details.image_tokens == GIVEN
    stream = await client.images.edit(
        model="gpt-image-2", prompt="blue", image=[given, given], stream=True, partial_images=1
    )
    events = [event async for event in stream]
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


async def test_an_old_image_model_counts_no_tokens(client: AsyncOpenAI) -> None:
    image = await client.images.generate(model="dall-e-3", prompt="a cat", response_format="b64_json")
    assert image.usage is None and image.data


async def test_embeddings_come_packed_for_those_who_ask(client: AsyncOpenAI) -> None:
    loose = client.with_options()
    loose._strict_response_validation = False
    embedding = await loose.embeddings.create(model="text-embedding-3-small", input="a")
    assert len(embedding.data[0].embedding) == 8


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
async def test_every_status_is_the_sdks_own_exception(
    upstream: Upstream, client: AsyncOpenAI, status: int, error: type[openai.APIStatusError]
) -> None:
    upstream.script(Answer(status=status, retry_after="7"))
    with pytest.raises(error) as caught:
        await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    assert caught.value.response.headers["retry-after"] == "7"


async def test_an_error_in_a_stream_of_chunks_is_raised(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(error_after=3, error={"message": "it broke"}))
    stream = await client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    with pytest.raises(openai.APIError, match="it broke"):
        async for _ in stream:
            pass


@pytest.mark.parametrize("events", [0, 1, 6])
async def test_a_cut_stream_is_a_broken_connection(upstream: Upstream, client: AsyncOpenAI, events: int) -> None:
    upstream.script(Answer(cut_after=events))
    stream = await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    seen = 0
    with pytest.raises(openai.APIConnectionError):
        async for _ in stream:
            seen += 1
    assert seen == events


async def test_text_survives_writes_that_cut_characters_in_two(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(text="日本語 👩‍💻 é" * 5, chunk=7, unit="bytes"))
    async with client.responses.stream(model="gpt-5.1", input="hi") as stream:
        response = await stream.get_final_response()
    assert response.output_text == "日本語 👩‍💻 é" * 5


async def test_a_client_that_goes_away_is_noticed(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(hold_after=5))
    stream = await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    await anext(aiter(stream))
    await stream.close()
    asked = upstream.wait_gone()
    assert (asked.finished, asked.usage) == (False, None)


async def test_a_held_answer_goes_on_when_it_is_released(upstream: Upstream, client: AsyncOpenAI) -> None:
    upstream.script(Answer(hold_after=5))
    stream = await client.responses.create(model="gpt-5.1", input="hi", stream=True)
    events = aiter(stream)
    for _ in range(5):
        await anext(events)
    upstream.release()
    assert [event.type async for event in events][-1] == "response.completed"


async def test_a_key_that_says_wrong_is_refused(upstream: Upstream) -> None:
    async with AsyncOpenAI(api_key="sk-wrong", base_url=upstream.openai, max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"input": "hi", "model": "gpt-5.1", "store": "perhaps"}, "store"),
        ({"input": "hi", "model": "gpt-5.1", "max_tokens": 5}, "unknown field max_tokens"),
        ({"input": [{"role": "robot", "content": "hi"}], "model": "gpt-5.1"}, "role"),
        ({"input": "hi", "model": "gpt-5.1", "temperature": 1}, "temperature"),
    ],
)
async def test_a_request_that_openai_would_not_take_is_refused_and_remembered(
    upstream: Upstream, body: dict[str, Any], problem: str
) -> None:
    async with httpx2.AsyncClient(headers={"authorization": "Bearer sk-test"}) as http:
        answer = await http.post(f"{upstream.openai}/responses", json=body)
    assert answer.status_code == 400
    assert problem in upstream.violations[0]
    upstream.reset()


async def test_another_process_can_script_it(upstream: Upstream, client: AsyncOpenAI) -> None:
    async with httpx2.AsyncClient(base_url=upstream.url) as http:
        await http.post("/_control/script", json={"text": "told over HTTP", "match": "say it"})
        first = await client.responses.create(model="gpt-5.1", input="something else")
        second = await client.responses.create(model="gpt-5.1", input="say it")
        seen = (await http.get("/_control/requests")).json()
        await http.post("/_control/reset")
    assert (first.output_text, second.output_text) == (DEFAULT_TEXT, "told over HTTP")
    assert [asked["sent"] for asked in seen["requests"]] == [DEFAULT_TEXT, "told over HTTP"]
    assert seen["violations"] == []
    assert upstream.requests == []
