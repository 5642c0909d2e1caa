"""Same wire: what the client sent is what the upstream gets, but for the model's name and the credentials."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import BadRequest
from server.gateway.body import Body
from tests.gateway import grammar
from tests.gateway.conftest import rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
ASK = [{"role": "user", "content": "Hello"}]

keys = st.text(min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    body=st.dictionaries(keys, values, max_size=6),
    model=st.text(min_size=1, max_size=20).filter(str.strip),
    ascii=st.booleans(),
    place=st.integers(0, 6),
    indent=st.sampled_from([None, 1]),
)
def test_only_the_models_name_changes(
    body: dict[str, Any], model: str, ascii: bool, place: int, indent: int | None
) -> None:
    body.pop("model", None)
    items = list(body.items())
    items.insert(place, ("model", model))
    raw = json.dumps(dict(items), ensure_ascii=ascii, indent=indent).encode("utf-8", "surrogatepass")
    try:
        sent = Body(raw).sent("other")
    except BadRequest:
        assert b"\xed" in raw, raw  # half a character is no UTF-8
        return
    before = json.dumps(model, ensure_ascii=ascii).encode("utf-8", "surrogatepass")
    assert json.loads(sent) == json.loads(raw) | {"model": "other"}
    assert len(sent) == len(raw) - len(before) + len(b'"other"')


@settings(max_examples=100, deadline=None)
@given(body=st.dictionaries(keys, values, max_size=6), options=values)
def test_asking_for_usage_changes_nothing_else(body: dict[str, Any], options: Any) -> None:
    given_body = body | {"model": "m", "stream_options": options}
    raw = json.dumps(given_body).encode()
    wanted = (options if isinstance(options, dict) else {}) | {"include_usage": True}
    assert json.loads(Body(raw).sent("n", ask_usage=True)) == given_body | {"model": "n", "stream_options": wanted}


@pytest.mark.parametrize(
    "raw",
    [
        b'{"model":"dear","messages":[],"model":"cheap"}',
        b'{"model":"dear","mod\\u0065l":"cheap"}',
        b"[]",
        b"{",
        b'"model"',
        b"[" * 200_000,
        b'{"model":"\xff"}',
    ],
)
def test_a_body_that_can_be_read_in_two_ways_or_none_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        Body(raw).sent("x")


async def test_the_bytes_the_query_and_the_headers_go_through(
    tool: httpx2.AsyncClient, upstream: Upstream, key: str
) -> None:
    body = {
        "max_tokens": 9,
        "system": [{"type": "text", "text": "attribution"}, {"type": "text", "text": "é"}],
        "messages": ASK,
        "model": "anthropic/claude-sonnet-5-5",
    }
    answer = await tool.post(
        "/v1/messages?beta=true",
        json=body,
        headers={
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "claude-code-20250219,future-1",
            "openai-organization": "org-theirs",
        },
    )
    assert answer.status_code == 200, answer.text
    (asked,) = upstream.calls
    assert asked.body == body | {"model": "claude-sonnet-5-5"}
    assert list(asked.body) == list(body)
    assert asked.query == {"beta": "true"}
    assert asked.headers["anthropic-beta"] == "claude-code-20250219,future-1"
    assert asked.headers["x-api-key"] == "sk-ant-test-0002"
    assert "openai-organization" not in asked.headers
    assert key not in json.dumps(asked.headers)
    assert answer.headers["request-id"].startswith("req_")
    assert answer.json()["content"][0]["text"]


async def test_usage_is_counted_though_the_client_did_not_ask_and_does_not_see_it(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.script(Answer(text="hello", usage={"input": 100, "output": 7, "cached": 40}))
    answer = await tool.post("/v1/chat/completions", json={"model": "gpt-5.1", "stream": True, "messages": ASK})
    found = grammar.check("chat", answer.content)
    assert not any(data != "[DONE]" and data.get("usage") for _, data in found)
    assert upstream.calls[0].body["stream_options"] == {"include_usage": True}
    (row,) = await rows(house)
    assert (row.input, row.cache_read, row.output, row.status, row.route) == (60, 40, 7, "done", "same")
    assert row.cost_nanos is not None


async def test_a_client_that_asks_for_usage_gets_it(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    options = {"include_usage": True}
    body = {"model": "gpt-5.1", "stream": True, "messages": ASK, "stream_options": options}
    found = grammar.check("chat", (await tool.post("/v1/chat/completions", json=body)).content)
    assert found[-2][1]["usage"]["prompt_tokens"] > 0


@pytest.mark.parametrize("unit", ["chars", "bytes"])
@pytest.mark.parametrize(
    ("path", "model"),
    [("chat/completions", "gpt-5.1"), ("responses", "gpt-5.1"), ("messages", "claude-sonnet-5-5")],
)
async def test_any_chunking_gives_the_same_stream(
    tool: httpx2.AsyncClient, upstream: Upstream, path: str, model: str, unit: Any
) -> None:
    upstream.default(Answer(text="Wörter und 👩‍💻 " * 5, reasoning="hm", chunk=3, unit=unit))
    body: dict[str, Any] = {"model": model, "stream": True, "max_tokens": 90, "messages": ASK}
    if path == "responses":
        body = {"model": model, "stream": True, "input": "Hello"}
    elif path.startswith("chat"):
        del body["max_tokens"]
    answer = await tool.post(f"/v1/{path}", json=body)
    grammar.check(path.split("/")[0], answer.content)
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in answer.headers


async def test_many_requests_share_their_connections(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    for _ in range(4):
        await tool.post("/v1/chat/completions", json={"model": "gpt-5.1", "stream": True, "messages": ASK})
    assert len({asked.port for asked in upstream.calls}) == 1


async def test_a_model_that_only_answers_on_responses_is_asked_there(
    tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    answer = await tool.post("/v1/chat/completions", json={"model": "gpt-5.1-codex", "messages": ASK})
    assert answer.json()["choices"][0]["message"]["content"]
    assert upstream.calls[0].path == "/v1/responses"


async def test_the_hold_is_in_the_ledger_before_the_answer_and_ends_once(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.script(Answer(hold_after=3))
    body = {"model": "gpt-5.1", "stream": True, "messages": ASK}
    async with tool.stream("POST", "/v1/chat/completions", json=body) as answer:
        pieces = answer.aiter_bytes()
        await anext(pieces)
        (row,) = await rows(house)
        assert (row.status, row.settled_at) == ("held", None)
        assert row.reserved_nanos > 0
        upstream.release()
    async with asyncio.timeout(5):
        while (await rows(house))[0].status == "held":
            await asyncio.sleep(0.01)
    assert len(await rows(house)) == 1
