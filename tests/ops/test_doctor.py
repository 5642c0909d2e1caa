import asyncio
import os
import shutil
import socket
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from server import ids
from server.ops.doctor import examine
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
    return {finding.subject: (finding.state, finding.message) for finding in asyncio.run(examine(settings))}


def test_a_healthy_box_has_nothing_wrong_with_it(settings: Settings) -> None:
    found = states(settings)
    assert list(found) == ["data folder", "key file", "disk", "database", "clock", "port", "providers"]
    assert {state for state, _ in found.values()} == {"ok", "warn"}
    assert [subject for subject, (state, _) in found.items() if state == "warn"] == ["providers"]


def test_looking_at_a_box_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    found = states(Settings(data=tmp_path / "data"))
    assert found["data folder"][0] == found["database"][0] == "fail"
    assert "llm-router init" in found["data folder"][1]
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_found(settings: Settings) -> None:
    path = settings.data / "llm-router.db"
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 4] = os.urandom(4096)
    path.write_bytes(content)
    state, message = states(settings)["database"]
    assert state == "fail"
    assert "damaged" in message


def test_rows_that_refer_to_nothing_are_found(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data / "llm-router.db")) as connection, connection:
        connection.execute("INSERT INTO devices VALUES ('d', 'nobody', 'x', '2026-01-01', '2026-01-01')")
    assert "rows that refer to nothing" in states(settings)["database"][1]


def test_a_newer_schema_is_found(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data / "llm-router.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    state, message = states(settings)["database"]
    assert state == "fail"
    assert "9999, newer than this version" in message


def test_files_that_others_can_read_are_found(settings: Settings) -> None:
    settings.data.chmod(0o755)
    (settings.data / "secret.key").chmod(0o644)
    found = states(settings)
    assert found["data folder"][0] == found["key file"][0] == "warn"
    assert "chmod 600" in found["key file"][1]


def test_a_lost_key_file_is_found(settings: Settings) -> None:
    (settings.data / "secret.key").unlink()
    assert states(settings)["key file"][0] == "fail"
    assert not (settings.data / "secret.key").exists()


def test_a_clock_in_the_past_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    past = ids.now() - timedelta(days=400)
    monkeypatch.setattr(ids, "now", lambda: past)
    state, message = states(settings)["clock"]
    assert state == "fail"
    assert "in the past" in message


def test_a_port_in_use_is_found(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind((settings.host, settings.port))
        other.listen()
        assert states(settings)["port"][0] == "warn"


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
    assert found["compatible …6789"][0] == "warn"
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
    assert state == "fail"
    assert "another key file" in message
