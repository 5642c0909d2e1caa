"""Open clients are shared, bounded, and never closed under anybody's hands."""

import asyncio
import sys
import threading
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path

import pytest

from server.providers.clients import Clients

pytestmark = pytest.mark.anyio


class Client:
    def __init__(self, key: str) -> None:
        self.key = key
        self.closed = False

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def made() -> list[Client]:
    return []


@pytest.fixture
def clients(made: list[Client]) -> Clients[Client]:
    def make(key: str, base_url: str) -> Client:
        made.append(Client(f"{key}@{base_url}"))
        return made[-1]

    return Clients("json", make, bound=2)


async def use(clients: Clients[Client], key: str) -> Client:
    async with clients.borrow(key, "url") as client:
        return client


async def test_the_same_key_and_address_share_one(clients: Clients[Client], made: list[Client]) -> None:
    assert await use(clients, "a") is await use(clients, "a")
    assert [client.key for client in made] == ["a@url"]


async def test_the_longest_unused_is_closed_first(clients: Clients[Client], made: list[Client]) -> None:
    for key in "abac":
        await use(clients, key)
    assert {client.key: client.closed for client in made} == {"a@url": False, "b@url": True, "c@url": False}


async def test_one_in_use_is_not_closed(clients: Clients[Client], made: list[Client]) -> None:
    async with AsyncExitStack() as stack:
        for key in "abcd":
            await stack.enter_async_context(clients.borrow(key, "url"))
        assert not any(client.closed for client in made)
    assert sum(client.closed for client in made) == 2
    await clients.close()
    assert all(client.closed for client in made)


async def test_a_library_that_somebody_else_is_loading_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    monkeypatch.setattr(sys, "gate", gate, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slow_sdk.py").write_text("import sys\nwas_let_in = sys.gate.wait(20)\n")
    loading = threading.Thread(target=import_module, args=("slow_sdk",))
    loading.start()
    while "slow_sdk" not in sys.modules:
        await asyncio.sleep(0.001)
    clients: Clients[Client] = Clients("slow_sdk", lambda key, _: Client(str(import_module("slow_sdk").was_let_in)))
    borrowing = asyncio.create_task(use(clients, "a"))
    await asyncio.sleep(0.05)
    gate.set()
    assert (await borrowing).key == "True"
    loading.join()


async def test_two_who_come_at_once_share_one_too(clients: Clients[Client], made: list[Client]) -> None:
    first, second = await asyncio.gather(use(clients, "a"), use(clients, "a"))
    third = await use(clients, "a")
    assert third in (first, second)
    assert [client.closed for client in made].count(False) == 1
