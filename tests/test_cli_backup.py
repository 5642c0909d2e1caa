"""`backup`, `restore` and `rollback` as they are typed, and beside a server that really runs."""

import asyncio
import io
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server import cli
from server.ops import upgrade
from server.ops.backup.source import Source
from server.setting_sources import variable
from server.settings import Settings
from server.store.migrate import revisions
from tests.conftest import ADA
from tests.house import House
from tests.phone import Phone

Run = Callable[..., tuple[int, str, str]]
PASSPHRASE = "correct horse battery"
SECRET = "sk-canary-first-1111"


@pytest.fixture
def pi(empty_house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
    monkeypatch.delenv("PORT", raising=False)
    (tmp_path / "pi").mkdir()
    shutil.copy(empty_house / "llm-router.db", tmp_path / "pi")
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "pi"))
    return tmp_path / "pi"


@pytest.fixture
def run(pi: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Types a command; gives back its exit code and what it said on both outputs, byte by byte."""

    def run(*line: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["llm-router", *line])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfdbinary.readouterr()
        assert b"Traceback" not in out + err
        return int(ended.value.code or 0), out.decode("latin-1"), err.decode()

    return run


def stored_key(run: Run) -> str:
    return run("config", "list-keys")[1]


def test_a_pis_backup_is_restored_elsewhere_in_one_command_keys_included(
    run: Run, pi: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("config", "set-key", "openai", SECRET)
    code, out, _ = run("backup", str(tmp_path / "usb"))
    assert code == 0
    assert out.startswith("Made and checked ")
    assert "whoever has it can read everything" in out
    [made] = (tmp_path / "usb").iterdir()
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "vps"))
    code, out, err = run("restore", str(made))
    assert (code, err) == (0, "")
    assert f"{tmp_path / 'vps'} is as it was on " in out
    assert "What was there before" not in out
    assert "…1111" in stored_key(run).encode("latin-1").decode()
    assert (tmp_path / "vps" / "secret.key").read_bytes() == (pi / "secret.key").read_bytes()


def test_without_a_folder_it_goes_where_the_settings_say(run: Run, pi: Path) -> None:
    run("backup")
    assert [path.name[:11] for path in (pi / "backups").iterdir()] == ["llm-router-"]


def test_a_passphrase_closes_the_backup_and_opens_it_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("config", "set-key", "openai", SECRET)
    typed = f"{PASSPHRASE}\n".encode()
    assert run("backup", str(tmp_path / "usb"), "--passphrase-stdin", stdin=typed)[0] == 0
    [made] = (tmp_path / "usb").iterdir()
    assert made.name.endswith(".tar.gz.sealed")
    assert b"manifest" not in made.read_bytes()
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "vps"))
    assert "its passphrase is needed" in run("restore", str(made))[2]
    assert "not the passphrase" in run("restore", str(made), "--passphrase-stdin", stdin=b"something else\n")[2]
    assert run("restore", str(made), "--passphrase-stdin", stdin=typed)[0] == 0
    assert "…1111" in stored_key(run).encode("latin-1").decode()


def test_the_passphrase_of_the_settings_closes_and_opens_every_backup(
    run: Run, pi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_ROUTER_BACKUP_PASSPHRASE", PASSPHRASE)
    run("backup")
    [made] = (pi / "backups").iterdir()
    assert made.name.endswith(".sealed")
    assert run("restore", str(made))[0] == 0


def test_a_backup_goes_through_a_pipe(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("users", "add", "ada", "--generate")
    code, out, err = run("backup", "-")
    assert code == 0
    assert err.startswith("Made and checked: ")
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "vps"))
    assert run("restore", "-", stdin=out.encode("latin-1"))[0] == 0
    assert run("users", "list")[1].startswith("ada ")
    assert not list(tmp_path.glob("*/.making-*"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (("restore", "/nowhere"), "/nowhere cannot be read: No such file"),
        (("restore", __file__), "is no backup of LLM Router"),
        (("restore", "-", "--passphrase-stdin"), "cannot hold both"),
        (("backup", "/dev/null/x"), "No backup can be made at /dev/null/x: Not a directory"),
        (("backup", "--encrypt"), "no terminal to ask for the passphrase"),
        (("backup", "--passphrase-stdin"), "at least 8 characters"),
        (("rollback",), "There is no backup from before an upgrade"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, line: tuple[str, ...], sentence: str) -> None:
    code, out, err = run(*line)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("llm-router: ")
    assert sentence in err


def test_where_nothing_is_there_is_nothing_to_back_up(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "typo"))
    assert "nothing to back up" in run("backup", "-")[2]
    assert not (tmp_path / "typo").exists()


def test_rollback_goes_back_to_the_database_from_before_the_upgrade(run: Run, pi: Path) -> None:
    run("users", "add", "ada", "--generate")
    upgrade.keep(Source(pi, pi / "llm-router.db"), revisions()[-1])
    with closing(sqlite3.connect(pi / "llm-router.db")) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.execute("UPDATE users SET username = 'upgraded'")
    assert "go back with `llm-router rollback`" in run("users", "list")[2]
    code, out, err = run("rollback")
    assert (code, err) == (0, "")
    assert f"UTC (schema {revisions()[-1]})" in out
    assert run("users", "list")[1].startswith("ada ")
    [aside] = pi.glob("before-restore-*")
    with closing(sqlite3.connect(aside / "llm-router.db")) as db:
        assert db.execute("SELECT username FROM users").fetchall() == [("upgraded",)]
    assert "there is nothing to go back" in run("rollback")[2]


@pytest.mark.anyio
async def test_a_backup_of_a_server_that_runs_has_everything_that_was_answered(
    run: Run, house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answered = await phone.ask("remember this")
    await phone.upload("notes.txt", b"some notes")
    monkeypatch.setenv("LLM_ROUTER_DATA", str(house.data))
    assert (await asyncio.to_thread(run, "backup", str(tmp_path / "usb")))[0] == 0
    [made] = (tmp_path / "usb").iterdir()
    copy = House(tmp_path / "copy", **house.environment | {"LLM_ROUTER_DATA": str(tmp_path / "copy")})
    monkeypatch.setenv("LLM_ROUTER_DATA", str(tmp_path / "copy"))
    assert run("restore", str(made))[0] == 0
    await copy.start()
    try:
        again = await Phone(copy.url).sign_in(*ADA)
        assert (await again.message(answered["id"]))["text"] == answered["text"]
        await again.close()
    finally:
        await copy.stop()
