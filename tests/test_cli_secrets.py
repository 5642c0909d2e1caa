"""The server's own secrets from the command line: beside a running server, killed in the middle, and without one."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import pytest

from server import cli
from server.setting_sources import variable
from server.settings import Settings
from server.vault import keyfile
from server.vault.password import Wrapped
from tests.process import Process

pytestmark = pytest.mark.anyio

MASTER, OTHER = "eine lange Kette", "eine andere Kette"
KEY = "sk-canary-0123456789"
Type = Callable[..., str]


@pytest.fixture
async def server(empty_house: Path, tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path / "data")
    made.data.mkdir(mode=0o700)
    (made.data / "llm-router.db").write_bytes((empty_house / "llm-router.db").read_bytes())
    yield made
    await made.end()


@pytest.fixture
def type_(server: Process, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """Types a command over the server's folder; gives back what it said."""
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)

    def type_(*line: str, stdin: str = "") -> str:
        monkeypatch.setattr(sys, "argv", ["llm-router", *line])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit):
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return said.out + said.err

    return type_


async def test_key_and_master_password_are_changed_while_the_server_runs(
    server: Process, type_: Type, tmp_path: Path
) -> None:
    def secret() -> bytes:
        return (server.data / keyfile.NAME).read_bytes()

    async def say(*line: str, stdin: str = "") -> str:
        return await asyncio.to_thread(type_, *line, stdin=stdin)

    await server.start()
    await say("config", "set-key", "anthropic", "-", stdin=f"{KEY}\n")
    first = secret()
    assert "1 stored secret is under it" in await say("config", "rotate-key")
    assert first.strip() not in secret()

    file = tmp_path / "keys"
    assert "has 1 keys" in await say("config", "export-keys", str(file), "--passphrase-stdin", stdin=f"{OTHER}\n")
    assert file.stat().st_mode & 0o777 == 0o600 and KEY.encode() not in file.read_bytes()
    assert "exists already" in await say("config", "export-keys", str(file), "--passphrase-stdin", stdin=f"{OTHER}\n")
    wrong = await say("config", "import-keys", str(file), "--passphrase-stdin", stdin="another one\n")
    assert "not the passphrase" in wrong
    known = await say("config", "import-keys", str(file), "--passphrase-stdin", stdin=f"{OTHER}\n")
    assert "there already" in known

    assert "no master password" in await say("config", "remove-password", "--password-stdin")
    assert "at least 8" in await say("config", "set-password", "--password-stdin", stdin="short\n")
    assert "write it down" in await say("config", "set-password", "--password-stdin", stdin=f"{MASTER}\n")
    assert isinstance(keyfile.load_or_create(server.data), Wrapped)
    refused = await say("config", "set-password", "--password-stdin", stdin=f"{OTHER}\n{OTHER}\n")
    assert "not the master password" in refused
    assert "under it" in await say("config", "rotate-key")

    await server.kill()
    assert "set LLM_ROUTER_MASTER_PASSWORD" in await say("config", "rotate-key")
    assert "nothing to unlock" in await say("unlock", "--password-stdin", stdin=f"{MASTER}\n")
    await server.start()
    assert "Locked" in server.log.read_text()
    assert "llm-router unlock" in await say("config", "list-keys")
    assert "Made and checked" in await say("backup", str(tmp_path / "backups"))
    assert "not the master password" in await say("unlock", "--password-stdin", stdin="guess\n")
    assert await say("unlock", "--password-stdin", stdin=f"{MASTER}\n") == "Unlocked.\n"
    assert KEY[-4:] in await say("config", "list-keys")
    async with httpx2.AsyncClient(base_url=server.url) as http:
        assert (await http.get("/health")).json()["status"] == "ok"
    assert "no longer" in await say("config", "remove-password", "--password-stdin", stdin=f"{MASTER}\n")
    assert not isinstance(keyfile.load_or_create(server.data), Wrapped)


async def test_without_a_server_the_settings_give_the_master_password(
    type_: Type, server: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> None:
        type_("config", "set-key", "anthropic", "-", stdin=f"{KEY}\n")
        type_("config", "set-password", "--password-stdin", stdin=f"{MASTER}\n")
        monkeypatch.setenv("LLM_ROUTER_MASTER_PASSWORD", MASTER)
        assert "1 stored secret is" in type_("config", "rotate-key")
        assert isinstance(keyfile.load_or_create(server.data), Wrapped)
        assert KEY[-4:] in type_("config", "list-keys")

    await asyncio.to_thread(work)
