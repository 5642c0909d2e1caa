import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from server.errors import Unavailable
from server.vault import keyfile
from server.vault.ring import Ring
from server.vault.vault import Vault, WrongKey


def test_the_first_start_makes_a_key_that_only_its_owner_can_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    keys = keyfile.load_or_create(data)
    assert isinstance(keys, Ring) and len(keys.keys) == 1
    assert stat.S_IMODE((data / keyfile.NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert [path.name for path in data.iterdir()] == [keyfile.NAME]


def test_the_second_start_finds_the_same_key(tmp_path: Path) -> None:
    secret = Vault.open(tmp_path).encrypt("sk-test")
    assert Vault.open(tmp_path).decrypt(secret) == "sk-test"


def test_two_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: keyfile.load_or_create(tmp_path), range(8)))
    assert len({each.keys[0] for each in found if isinstance(each, Ring)}) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not a key",
        b"\xff\xfe",
        b"A" * 44,
        b"retired {}",
        b"A" * 43 + b"=\nretired []",
        b"A" * 43 + b'=\nretired {"x": "AA=="}',
    ],
)
def test_a_damaged_key_file_is_said_to_be_one_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / keyfile.NAME
    path.write_bytes(content)
    with pytest.raises(Unavailable, match="damaged: put it back from a backup"):
        keyfile.load_or_create(tmp_path)
    assert path.read_bytes() == content


def test_a_key_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / keyfile.NAME).mkdir()
    with pytest.raises(Unavailable, match=r"secret\.key cannot be used \(Is a directory\)"):
        keyfile.load_or_create(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="cannot be used"):
        keyfile.load_or_create(tmp_path / "file" / "data")


@pytest.mark.parametrize("text", ["", "sk-test", "ключ 🔑", "x" * 10_000])
def test_what_goes_in_comes_out_and_is_not_seen_in_between(text: str) -> None:
    vault = Vault([Fernet.generate_key()])
    secret = vault.encrypt(text)
    assert vault.decrypt(secret) == text
    assert not text or text.encode() not in secret


def test_another_key_gives_one_clear_sentence_and_no_crash() -> None:
    secret = Vault([Fernet.generate_key()]).encrypt("sk-test")
    with pytest.raises(WrongKey, match="stored under another key file") as refused:
        Vault([Fernet.generate_key()]).decrypt(secret)
    assert refused.value.code == "wrong_key"
    with pytest.raises(WrongKey):
        Vault([Fernet.generate_key()]).decrypt(b"garbage")


def test_a_new_key_in_front_still_reads_what_the_old_one_wrote() -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    secret = Vault([old]).encrypt("sk-test")
    both = Vault([new, old])
    assert both.decrypt(secret) == "sk-test"
    assert Vault([new]).decrypt(both.encrypt("sk-test")) == "sk-test"


def test_each_purpose_has_a_secret_of_its_own_that_stays_the_same() -> None:
    key = Fernet.generate_key()
    cookies, tokens = Vault([key]).derive("cookies"), Vault([key]).derive("tokens")
    assert len(cookies[0]) == 32
    assert cookies != tokens
    assert Vault([key]).derive("cookies") == cookies
    assert Vault([Fernet.generate_key(), key]).derive("cookies")[0] == cookies[0]
