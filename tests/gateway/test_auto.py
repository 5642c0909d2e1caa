"""`auto` at the gateway: the router picks, the key limits what it may pick, and the next model takes over in time."""

from typing import Any

import httpx2
import pytest

from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def ask(house: House, key: str, model: str, **more: Any) -> httpx2.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]} | more
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers, timeout=20) as http:
        return await http.post("/v1/chat/completions", json=body)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["auto", "auto/cheapest", "auto/fastest"])
async def test_the_router_picks_and_says_what_it_picked_and_why(
    house: House, key: str, upstream: Upstream, model: str, stream: bool
) -> None:
    answer = await ask(house, key, model, stream=stream)
    assert answer.status_code == 200, answer.text
    picked = answer.headers["x-gateway-model"]
    (row,) = await rows(house)
    assert row.asked_model == model and picked.endswith(row.model)
    assert ": " not in row.route and row.reason not in ("as asked", None)
    assert upstream.calls[-1].body["model"] == row.model


async def test_the_key_limits_what_may_be_picked(house: House, ada: str) -> None:
    key = await new_key(house, ada, models=["claude-*"])
    answer = await ask(house, key, "auto/cheapest")
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-gateway-model"].startswith("claude-")


async def test_the_next_model_answers_when_the_first_fails_before_the_first_word(
    house: House, key: str, upstream: Upstream
) -> None:
    upstream.script(*[Answer(status=500)] * 3, Answer(text="from the next one"))
    answer = await ask(house, key, "auto")
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"] == "from the next one"
    tried = [row.model for row in await rows(house)]
    assert len(tried) == 4 and len(set(tried)) == 2


async def test_what_a_provider_refuses_is_not_carried_to_another(house: House, key: str, upstream: Upstream) -> None:
    upstream.script(Answer(status=400, error={"message": "that is not how it goes"}))
    answer = await ask(house, key, "auto")
    assert answer.status_code == 400
    assert len(await rows(house)) == 1


async def test_the_list_of_models_has_the_ways_to_leave_it_to_the_router(house: House, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers) as http:
        listed = {each["id"] for each in (await http.get("/v1/models")).json()["data"]}
    assert {"auto", "auto/cheapest", "auto/fastest"} <= listed
