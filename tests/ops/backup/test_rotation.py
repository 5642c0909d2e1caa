"""A backup and a rotation of the server's key at the same time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server.ops.backup import restore, snapshot, write
from server.ops.backup.source import Source
from server.vault import keyfile
from server.vault.vault import Vault


def test_the_key_file_in_a_backup_is_the_one_of_its_database(
    furnish: Callable[[str], Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = furnish("house")
    vault = Vault.open(source.data)
    copies = []

    def copy(*given: object) -> str:
        """The first one is overtaken by a rotation that is done before it ends."""
        schema = real(*given)  # type: ignore[arg-type]
        if not copies:
            vault.put_new_key()
            vault.retire_old_keys()
        copies.append(schema)
        return schema

    real = snapshot.copy
    monkeypatch.setattr(snapshot, "copy", copy)
    made = write.make(source, tmp_path / "backups" / "one.backup")
    assert len(copies) == 2
    elsewhere = Source(tmp_path / "elsewhere", tmp_path / "elsewhere" / "llm-router.db")
    with made.path.open("rb") as file:
        restore.restore(elsewhere, file, "one")
    assert (elsewhere.data / keyfile.NAME).read_bytes() == (source.data / keyfile.NAME).read_bytes()


def test_a_backup_under_a_master_password_comes_back_under_it(
    furnish: Callable[[str], Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.vault.password.MEMORY_KIB", 64)
    source = furnish("house")
    vault = Vault.open(source.data)
    secret = vault.encrypt("sk-test")
    vault.set_password("eine lange Kette")
    made = write.make(source, tmp_path / "backups" / "one.backup")
    elsewhere = Source(tmp_path / "elsewhere", tmp_path / "elsewhere" / "llm-router.db")
    with made.path.open("rb") as file:
        restore.restore(elsewhere, file, "one")
    back = Vault.open(elsewhere.data)
    assert back.is_locked
    back.unlock("eine lange Kette")
    assert back.decrypt(secret) == "sk-test"
