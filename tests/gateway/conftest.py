"""The cast at the gateway: a house with an upstream of every wire, Ada's key, and the official SDKs that use it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.accounts.new_key import NewKey
from tests.conftest import ADA
from tests.house import House
from tests.upstream import Upstream

WIRES = {
    "chat": "compatible/qwen3",
    "responses": "gpt-5.1-codex",
    "messages": "claude-sonnet-5-5",
}
"""A model whose provider speaks this wire and, for OpenAI's own, no other."""


@pytest.fixture
async def house(empty_house: Path, tmp_path: Path, upstream: Upstream) -> AsyncIterator[House]:
    """Its OpenAI, its Anthropic and a compatible server are the fake upstream."""
    built = House.over(
        empty_house,
        tmp_path / "data",
        OPENAI_API_KEY="sk-test-openai-0001",
        OPENAI_BASE_URL=upstream.openai,
        ANTHROPIC_API_KEY="sk-ant-test-0002",
        ANTHROPIC_BASE_URL=upstream.anthropic,
        LLM_ROUTER_RETRY_WAIT_MAX="0.2",
        LLM_ROUTER_FIRST_BYTE_TIMEOUT="20",
    )
    await built.start()
    await built.services.credentials.create(None, "compatible", "sk-test-compatible-0003", upstream.openai)
    yield built
    await built.stop()


@pytest.fixture
async def ada(house: House) -> str:
    """Ada's id."""
    user = await house.services.users.create(*ADA)
    return str(user.id)


@pytest.fixture
async def key(house: House, ada: str) -> str:
    """Ada's virtual key."""
    return await new_key(house, ada)


async def new_key(house: House, user_id: str, **wanted: Any) -> str:
    _, text = await house.services.keys.create(user_id, NewKey(**{"name": "laptop"} | wanted))
    return str(text)


@pytest.fixture
async def tool(house: House, key: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A program without an SDK."""
    headers = {"authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=house.url, headers=headers, timeout=20) as http:
        yield http


async def rows(house: House) -> list[Any]:
    """The ledger's rows of the gateway, all of them settled."""
    from server.money import ledger

    await house.services.database.write(lambda connection: None)
    found = await house.services.database.read(
        lambda connection: list(connection.execute(ledger.calls.select().order_by(ledger.calls.c.id)))
    )
    return [row for row in found if row.kind == "gateway"]
