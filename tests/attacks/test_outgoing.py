"""Nothing leaves the house that was not asked for, and every host that anything may go to is in the docs."""

import asyncio
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from server.providers.known import PROVIDERS
from server.settings import Settings
from tests.house import ADMIN, House
from tests.phone import Phone

pytestmark = pytest.mark.anyio
PROJECT = Path(__file__).parents[2]
HOSTS = PROJECT / "docs" / "hosts.md"


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every name that is looked up and every address that is connected to, this machine's own aside."""
    seen: list[str] = []
    real_lookup, real_connect = socket.getaddrinfo, socket.socket.connect

    def lookup(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name not in ("127.0.0.1", "localhost", "::1"):
            seen.append(name)
            raise socket.gaierror(f"{name} is elsewhere")
        return real_lookup(host, *args, **more)

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1") and self.type == socket.SOCK_STREAM:
            seen.append(str(address[0]))
            raise OSError(f"{address[0]} is elsewhere")
        real_connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", connect)
    return seen


async def look_around(house: House) -> None:
    """What a person does on a first evening."""
    phone = await Phone(house.url).sign_in(*ADMIN)
    for path in ("/api/models", "/api/prices", "/api/usage", "/api/push", "/api/commands", "/api/settings/api-keys"):
        await phone.get(path)
    assert (await phone.ask("hello there, ![x](https://pictures.example/x.png)"))["status"] == "done"
    await phone.run("/model")
    await phone.close()


async def test_a_server_that_nobody_configured_talks_to_nobody(
    empty_house: Path, tmp_path: Path, looked_up: list[str]
) -> None:
    house = await House.over(empty_house, tmp_path / "data", LLM_ROUTER_TITLES="true").start()
    await look_around(house)
    await house.stop()
    assert looked_up == []


async def test_with_a_key_only_its_provider_is_asked_and_not_for_its_models_where_that_is_off(
    empty_house: Path, tmp_path: Path, looked_up: list[str]
) -> None:
    key = {"GEMINI_API_KEY": "AIzaTestTestTestTest", "LLM_ROUTER_DEMO": "true", "LLM_ROUTER_DEFAULT_MODEL": "demo"}
    house = await House.over(empty_house, tmp_path / "off", LLM_ROUTER_MODEL_LISTS="false", **key).start()
    await look_around(house)
    assert looked_up == []
    await house.stop()
    house = await House.over(empty_house, tmp_path / "on", **key).start()
    await look_around(house)
    async with asyncio.timeout(60):
        while not looked_up:
            await asyncio.sleep(0.02)
    await house.stop()
    assert set(looked_up) == {"generativelanguage.googleapis.com"}


def test_every_host_that_the_program_knows_is_in_the_docs() -> None:
    said = HOSTS.read_text()
    for info in PROVIDERS.values():
        if info.base_url and not info.local:
            assert f"`{urlsplit(info.base_url).hostname}`" in said, info.name
    named = set(re.findall(r"LLM_ROUTER_([A-Z_]+)", said))
    assert {"TITLES", "PUSH", "MODEL_LISTS"} <= named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_no_other_address_is_written_in_the_program() -> None:
    said = HOSTS.read_text()
    for path in (PROJECT / "server").rglob("*.py"):
        if "demo" in path.as_posix():
            continue
        for host in re.findall(r"https?://([a-z0-9.-]+\.[a-z]{2,})", path.read_text()):
            assert host in said or host.endswith("example.com") or host == "evil.example", (path, host)
