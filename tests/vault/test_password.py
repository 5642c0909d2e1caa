from pathlib import Path

import pytest

from server.errors import BadRequest, Unavailable
from server.vault import keyfile, password
from server.vault.password import Wrapped, WrongPassword
from server.vault.vault import Locked, Vault

MASTER = "eine lange Kette"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password, "MEMORY_KIB", 64)
    monkeypatch.setattr(password, "PASSES", 1)


def test_under_a_master_password_nothing_is_read_signed_or_encrypted_until_it_is_given(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    secret, signed = vault.encrypt("sk-test"), vault.derive("session cookie")
    before = (tmp_path / keyfile.NAME).read_bytes().strip()
    vault.set_password(MASTER)
    assert vault.decrypt(secret) == "sk-test"
    assert before not in (tmp_path / keyfile.NAME).read_bytes()
    assert (tmp_path / keyfile.NAME).stat().st_mode & 0o777 == 0o600

    locked = Vault.open(tmp_path)
    assert locked.is_locked
    for ask in (lambda: locked.encrypt("x"), lambda: locked.decrypt(secret), lambda: locked.derive("session cookie")):
        with pytest.raises(Locked):
            ask()
    with pytest.raises(WrongPassword):
        locked.unlock("eine lange kette")
    assert locked.is_locked
    locked.unlock(MASTER)
    assert locked.decrypt(secret) == "sk-test" and locked.derive("session cookie") == signed


def test_a_new_key_is_under_the_password_too_and_taking_it_away_leaves_the_keys(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    vault.set_password(MASTER)
    secret = vault.encrypt("sk-test")
    vault.put_new_key()
    assert isinstance(keyfile.load_or_create(tmp_path), Wrapped)
    again = Vault.open(tmp_path)
    again.unlock(MASTER)
    assert again.is_rotating and again.decrypt(secret) == "sk-test"
    again.check_password(MASTER)
    with pytest.raises(WrongPassword):
        again.check_password("another one")
    again.set_password(None)
    assert not Vault.open(tmp_path).has_password and Vault.open(tmp_path).decrypt(secret) == "sk-test"


def test_a_short_password_changes_nothing(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    with pytest.raises(BadRequest, match="at least 8"):
        vault.set_password("short")
    assert not vault.has_password and not Vault.open(tmp_path).is_locked


@pytest.mark.parametrize(
    "content",
    [
        password.MARK,
        password.MARK + b"64 1 1 AAAA\ntoken",
        password.MARK + b"99999999999 1 1 AAAAAAAAAAAAAAAAAAAAAA==\ntoken",
        password.MARK + b"64 0 1 AAAAAAAAAAAAAAAAAAAAAA==\ntoken",
    ],
)
def test_a_damaged_file_under_a_password_is_said_to_be_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / keyfile.NAME).write_bytes(content)
    with pytest.raises(Unavailable, match="damaged"):
        Vault.open(tmp_path)
