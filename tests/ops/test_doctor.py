import asyncio
import os
import shutil
import socket
import sqlite3
from contextlib import closing
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from server import ids
from server.ops import room
from server.ops.backup import shelf
from server.ops.doctor import examine
from server.ops.health import address, keeping, machine
from server.ops.health.finding import Finding, Seen
from server.providers import clock
from server.settings import Settings
from server.store.engine import Database, connect
from server.vault.credentials import Credentials
from server.vault.vault import Vault


@pytest.fixture
def settings(empty_house: Path, tmp_path: Path) -> Settings:
    """A box in good health."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(data=tmp_path / "data", port=port)
    settings.data.mkdir(mode=0o700)
    shutil.copy(empty_house / "llm-router.db", settings.data)
    Vault.open(settings.data)
    return settings


def states(settings: Settings) -> dict[str, tuple[str, str]]:
    """By subject: how it is, and what is said of it."""

    async def all_of_it() -> list[Finding]:
        return [finding async for finding in examine(settings)]

    found = asyncio.run(all_of_it())
    return {finding.subject: (finding.state, f"{finding.message}: {finding.step}") for finding in found}


def test_a_healthy_box_has_nothing_wrong_with_it(settings: Settings) -> None:
    found = states(settings)
    looked_at = ["version", "data folder", "key file", "disk", "database", "content", "backups", "clock", "memory"]
    assert list(found) == [*looked_at, "HTTPS", "notifications", "port", "providers"]
    assert [subject for subject, (state, _) in found.items() if state != "ok"] == [
        "backups",
        "HTTPS",
        "notifications",
        "providers",
    ]
    assert "installing" in found["HTTPS"][1] and "LLM_ROUTER_PUSH_CONTACT" in found["notifications"][1]


def test_looking_at_a_box_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    found = states(Settings(data=tmp_path / "data"))
    assert found["data folder"][0] == found["database"][0] == "bad"
    assert "llm-router init" in found["data folder"][1]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_found(settings: Settings) -> None:
    path = settings.data / "llm-router.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 4] = os.urandom(4096)
    path.write_bytes(content)
    state, message = states(settings)["content"]
    assert state == "bad"
    assert "damaged" in message and "llm-router restore" in message


def test_rows_that_refer_to_nothing_are_found(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data / "llm-router.db")) as connection, connection:
        connection.execute("INSERT INTO devices VALUES ('d', 'nobody', 'x', '2026-01-01', '2026-01-01')")
    assert "rows that refer to nothing" in states(settings)["content"][1]


def test_a_newer_schema_is_found(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data / "llm-router.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    state, message = states(settings)["database"]
    assert state == "bad"
    assert "9999, newer than this version" in message


def test_files_that_others_can_read_are_found(settings: Settings) -> None:
    settings.data.chmod(0o755)
    (settings.data / "secret.key").chmod(0o644)
    found = states(settings)
    assert found["data folder"][0] == found["key file"][0] == "note"
    assert "chmod 600" in found["key file"][1]


def test_a_lost_key_file_is_found(settings: Settings) -> None:
    (settings.data / "secret.key").unlink()
    assert states(settings)["key file"][0] == "bad"
    assert not (settings.data / "secret.key").exists()


def test_a_clock_in_the_past_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    past = ids.now() - timedelta(days=400)
    monkeypatch.setattr(ids, "now", lambda: past)
    state, message = states(settings)["clock"]
    assert state == "bad"
    assert "in the past" in message


def test_a_port_in_use_is_found(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind((settings.host, settings.port))
        other.listen()
        assert states(settings)["port"][0] == "note"


def test_a_provider_that_cannot_be_reached_is_found_without_showing_its_key(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"

    async def store() -> None:
        database = Database(connect(settings.database))
        vault = Vault.open(settings.data)
        await Credentials(database, vault).create(None, "compatible", "sk-canary-0123456789", address)
        await database.close()

    asyncio.run(store())
    found = states(settings)
    assert found["compatible …6789"][0] == "note"
    assert "canary" not in str(found)


def test_a_key_that_was_stored_under_another_key_file_is_found(settings: Settings) -> None:
    async def store() -> None:
        database = Database(connect(settings.database))
        await Credentials(database, Vault.open(settings.data)).create(None, "openai", "sk-canary-0123456789", None)
        await database.close()

    asyncio.run(store())
    (settings.data / "secret.key").unlink()
    Vault.open(settings.data)
    state, message = states(settings)["openai …6789"]
    assert state == "bad"
    assert "another key file" in message


def test_a_clock_that_the_providers_do_not_share_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_seen", None)
    ago = ids.now() - timedelta(minutes=3)
    clock.saw("no date")
    clock.saw(format_datetime(ago, usegmt=True))
    found = next(machine.clock(settings))
    assert found.state == "bad" and "ahead of those of the providers" in found.message
    monkeypatch.setattr(clock, "_seen", None)
    clock.saw(format_datetime(ids.now(), usegmt=True))
    assert "as the providers have it" in next(machine.clock(settings)).message


def test_little_room_is_found_before_there_is_none(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, state in ((10_000, "ok"), (500, "note"), (100, "bad")):
        monkeypatch.setattr("server.ops.health.files.free_bytes", lambda _folder, free=free: free * room.MB)
        assert states(settings)["disk"][0] == state


def test_the_last_backup_is_looked_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.backups.mkdir()
    (settings.backups / shelf.new_name(scheduled=True, sealed=False)).write_bytes(b"x" * 2_000_000)
    found = next(keeping.look(settings))
    assert (found.state, found.message) == ("ok", "the newest is 0 hours old and has 2.0 MB")
    assert next(keeping.look(settings, "no room")).state == "bad"
    later = ids.now() + timedelta(days=9)
    monkeypatch.setattr("server.ops.health.keeping.now", lambda: later)
    assert next(keeping.look(settings)).state == "note"


@pytest.mark.parametrize(
    ("seen", "https", "proxy"),
    [
        (Seen("192.168.1.7:8080", secure=False, forwarded=False, trusted=False), "note", None),
        (Seen("localhost:8080", secure=False, forwarded=False, trusted=False), "ok", None),
        (Seen("chat.example.com", secure=True, forwarded=True, trusted=True), "ok", "ok"),
        (Seen("chat.example.com", secure=False, forwarded=True, trusted=False), "note", "note"),
    ],
)
def test_the_way_of_a_request_says_what_https_and_proxy_are_like(seen: Seen, https: str, proxy: str | None) -> None:
    found = {one.subject: one.state for one in address.look(Settings(), seen)}
    assert (found["HTTPS"], found.get("proxy")) == (https, proxy)
