"""Models, counting, embeddings, pictures, forms; and the fence around everything else."""

import asyncio
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from starlette.routing import Route

from server.gateway.app import ROUTES
from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_both_sdks_read_the_list_of_models(house: House, key: str, upstream: Upstream) -> None:
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{house.url}/v1") as client:
        await client.models.list()
        async with asyncio.timeout(10):
            while house.services.directory._refreshing:  # the first look made the server fetch the providers' own
                await asyncio.sleep(0.01)
        listed = [model async for model in client.models.list()]
        one = await client.models.retrieve(listed[0].id)
    async with anthropic.AsyncAnthropic(auth_token=key, base_url=house.url) as other:
        seen = [model async for model in other.models.list(limit=1000)]
    assert {model.id for model in listed} == {model.id for model in seen}
    assert any(model.id.startswith("claude") and model.display_name for model in seen)
    assert all(model.owned_by and isinstance(model.created, int) for model in listed)
    assert one.id == listed[0].id
    assert await rows(house) == []


async def test_a_key_sees_the_models_that_it_may_use(house: House, ada: str) -> None:
    text = await new_key(house, ada, models=("claude-*",))
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": text}) as http:
        listed = (await http.get("/v1/models?limit=1000")).json()["data"]
        missing = await http.get("/v1/models/gpt-5.1")
    assert listed and all(model["id"].startswith(("claude", "auto")) for model in listed)
    assert missing.status_code == 404


async def test_an_alias_is_served_by_the_model_behind_it(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    await house.services.aliases.put("claude-of-the-house", "gpt-5.1")
    answer = await tool.post(
        "/v1/messages",
        json={"model": "claude-of-the-house", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
    )
    assert answer.json()["model"] == "claude-of-the-house"
    assert upstream.calls[0].body["model"] == "gpt-5.1"
    (row,) = await rows(house)
    assert (row.model, row.asked_model, row.route) == ("gpt-5.1", "claude-of-the-house", "messages → responses")
    assert row.reason == "another name for it"
    ids = [model["id"] for model in (await tool.get("/v1/models")).json()["data"]]
    assert "claude-of-the-house" in ids


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "gpt-5.1", "compatible/qwen3"])
async def test_tokens_are_counted_for_every_model_and_cost_nothing(
    house: House, key: str, upstream: Upstream, model: str
) -> None:
    async with anthropic.AsyncAnthropic(auth_token=key, base_url=house.url) as client:
        answer = await client.messages.with_raw_response.count_tokens(
            model=model, messages=[{"role": "user", "content": "How many tokens are these?"}]
        )
    assert (await answer.parse()).input_tokens > 0
    estimated = answer.headers.get("x-gateway-estimate") == "true"
    assert estimated is (model == "compatible/qwen3")
    assert await rows(house) == []


async def test_a_count_that_the_provider_does_not_give_is_estimated(
    tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.default(Answer(status=500))
    asked = {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": "How many?"}]}
    answer = await tool.post("/v1/messages/count_tokens", json=asked)
    assert answer.status_code == 200
    assert answer.headers["x-gateway-estimate"] == "true"


async def test_embeddings_go_through_and_are_counted(house: House, key: str, upstream: Upstream) -> None:
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{house.url}/v1") as client:
        made = await client.embeddings.create(model="openai/text-embedding-3-small", input=["one", "two"])
    assert len(made.data) == 2 and len(made.data[0].embedding) == 8
    assert upstream.calls[0].body["model"] == "text-embedding-3-small"
    (row,) = await rows(house)
    assert (row.endpoint, row.status, row.usage_source) == ("embeddings", "done", "provider")
    assert row.input == made.usage.prompt_tokens and row.output == 0
    assert row.cost_state in ("computed", "unknown_price")


@pytest.mark.parametrize("stream", [False, True])
async def test_pictures_go_through_and_are_counted(house: House, key: str, upstream: Upstream, stream: bool) -> None:
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{house.url}/v1") as client:
        asked: Any = {"model": "gpt-image-1", "prompt": "a river"}
        if stream:
            events = [event async for event in await client.images.generate(**asked, stream=True)]
            assert events[-1].type == "image_generation.completed"
        else:
            assert (await client.images.generate(**asked)).data[0].b64_json
    (row,) = await rows(house)
    assert (row.endpoint, row.status, row.usage_source) == ("images/generations", "done", "provider")
    assert row.output > 0 or row.image_output > 0
    assert row.cost_state == "computed"


async def test_what_is_not_billed_by_the_token_costs_what_it_costs_or_is_not_known(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.script(
        Answer(json={"text": "hello"}, match="audio/speech"),
        Answer(json={"id": "file-1"}, match="/files"),
    )
    pictures = {"model": "openai/dall-e-3", "prompt": "a river", "quality": "hd", "size": "1024x1024", "n": 2}
    for path, body in (
        ("images/generations", pictures),
        ("audio/speech", {"model": "openai/gpt-4o-mini-tts", "input": "hello", "voice": "alloy"}),
        ("files", {}),
    ):
        assert (await tool.post(f"/v1/{path}", json=body, headers={"x-gateway-provider": "openai"})).is_success
    # Two pictures at 0.08; sound that nobody counted; files, which cost nothing.
    costs = [(row.endpoint, row.cost_nanos, row.cost_state) for row in await rows(house)]
    assert costs == [
        ("images/generations", 160_000_000, "computed"),
        ("audio/speech", None, "unknown_price"),
        ("files", 0, "free"),
    ]


@pytest.mark.parametrize(
    ("path", "model", "state"),
    [
        ("audio/speech", "openai/gpt-4o-mini-tts", "unknown_price"),
        ("embeddings", "openai/text-embedding-3-small", "estimated"),
        ("images/generations", "openai/dall-e-3", "unknown_price"),
        ("files", None, "free"),
    ],
)
async def test_what_is_left_in_the_middle_is_not_called_free_unless_it_is(
    house: House, key: str, upstream: Upstream, path: str, model: str | None, state: str
) -> None:
    upstream.script(Answer(first_delay=30, match=path))
    asked = {"input": "hello", "voice": "alloy", "prompt": "a river"} | ({"model": model} if model else {})
    headers = {"x-api-key": key, "x-gateway-provider": "openai"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers) as http:
        request = asyncio.create_task(http.post(f"/v1/{path}", json=asked))
        async with asyncio.timeout(10):
            while not any(one.path.endswith(path) for one in upstream.requests):
                await asyncio.sleep(0.01)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
    async with asyncio.timeout(5):
        while [row.status for row in await rows(house)] != ["stopped"]:
            await asyncio.sleep(0.01)
    assert [row.cost_state for row in await rows(house)] == [state]


async def test_a_usage_that_cannot_be_read_is_none_and_the_answer_stands(
    house: House, tool: httpx2.AsyncClient, upstream: Upstream
) -> None:
    upstream.script(Answer(raw='data: {"usage": {nothing}}\n\n'))
    asked = {"model": "gpt-image-1", "prompt": "a river", "stream": True}
    assert "nothing" in (await tool.post("/v1/images/generations", json=asked)).text
    assert [row.status for row in await rows(house)] == ["done"]


async def test_a_form_goes_through_with_its_files(house: House, key: str, upstream: Upstream) -> None:
    picture = ("river.png", b"\x89PNG" + bytes(3_000_000), "image/png")
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{house.url}/v1") as client:
        await client.images.edit(model="openai/gpt-image-1", prompt="more water", image=picture)
    (asked,) = upstream.calls
    assert asked.body["model"] == "gpt-image-1"
    assert asked.body["image"] == ("river.png", 3_000_004, "image/png")
    (row,) = await rows(house)
    assert (row.endpoint, row.status) == ("images/edits", "done")


async def test_what_is_spent_is_spent_for_pictures_and_embeddings_too(
    house: House, ada: str, upstream: Upstream
) -> None:
    text = await new_key(house, ada, limit_nanos=1)
    async with openai.AsyncOpenAI(api_key=text, base_url=f"{house.url}/v1", max_retries=0) as client:
        with pytest.raises(openai.RateLimitError):
            await client.images.generate(model="gpt-image-1", prompt="x")
        with pytest.raises(openai.RateLimitError):
            await client.embeddings.create(model="text-embedding-3-small", input="x")
    assert upstream.calls == []


@pytest.mark.parametrize(
    "path",
    [
        "batches",
        "fine_tuning/jobs",
        "organization/admin_api_keys",
        "messages/batches",
        "embeddings/../organization/users",
        "files/%2e%2e/models",
        "http://169.254.169.254/latest",
        "//169.254.169.254/latest",
        "..",
        "",
    ],
)
async def test_nothing_leaves_the_fence(house: House, tool: httpx2.AsyncClient, upstream: Upstream, path: str) -> None:
    transport = await tool.post(
        httpx2.URL(house.url).copy_with(raw_path=b"/v1/" + path.encode()), json={"model": "gpt-5.1"}
    )
    assert transport.status_code in (404, 405)
    assert upstream.calls == []


async def test_a_provider_is_not_asked_for_what_it_does_not_have(tool: httpx2.AsyncClient, upstream: Upstream) -> None:
    answer = await tool.post("/v1/embeddings", json={"model": "claude-sonnet-5-5", "input": "x"})
    assert answer.status_code == 400
    assert "Anthropic has no /v1/embeddings" in answer.json()["error"]["message"]
    assert upstream.calls == []


async def test_no_route_below_v1_is_reachable_without_a_key(house: House, upstream: Upstream) -> None:
    """Whoever adds a route there gets it admitted by the gateway, or this fails."""
    outside = [
        route.path for route in house.app.routes if isinstance(route, Route) and route.path.startswith(("/v1", "/{"))
    ]
    assert outside == [], "a route of the app's own would go round the door"
    session = {"cookie": "llm_router_session=x"}
    async with httpx2.AsyncClient(base_url=house.url, headers=session) as http:
        paths = {path.replace("*", "gpt-5.1") for _, path in ROUTES} | {"embeddings", "files", "nothing"}
        for path in sorted(paths):
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
                answer = await http.request(method, f"/v1/{path}", json={"model": "gpt-5.1"})
                assert answer.status_code == 401, (method, path)
    assert upstream.calls == []


async def test_every_handler_of_the_table_admits(house: House, ada: str, upstream: Upstream) -> None:
    """A key that may use nothing gets nothing from any of them."""
    text = await new_key(house, ada, endpoints=("nothing",))
    asked = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "x"}], "max_tokens": 9}
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": text}) as http:
        for method, path in ROUTES:
            where = path.replace("models/*", "models/gpt-5.1").replace("*", "embeddings")
            answer = await http.request(
                method, f"/v1/{where}", json=asked if where != "responses" else asked | {"input": "x"}
            )
            assert answer.status_code == 403, (method, where, answer.text)
    assert upstream.calls == []


async def test_the_probes_are_cheap_and_open(house: House) -> None:
    async with httpx2.AsyncClient(base_url=house.url) as http:
        assert (await http.head("/")).status_code == 200
        assert (await http.get("/health")).json() == {"status": "ok"}
