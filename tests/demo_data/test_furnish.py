"""Demo data is whole, goes through the ledger, and never goes where anything else is."""

import io
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server import cli

Make = Callable[..., tuple[int, str]]


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Make:
    """Types the command; gives back its exit code and what it said."""

    def make(folder: Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["llm-router", "demo-data", str(folder), "--days", "4", "--password-stdin"])
        monkeypatch.setattr(sys, "stdin", io.StringIO("lovelace engine\n"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return make


def test_an_empty_folder_is_filled_with_calls_whose_sums_are_those_of_the_rows(make: Make, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    code, said = make(folder)
    assert code == 0 and "ada" in said
    with closing(sqlite3.connect(folder / "llm-router.db")) as database:
        rows = database.execute(
            "SELECT count(*), sum(cost_nanos), sum(input), sum(output), sum(cost_nanos IS NULL) FROM calls"
        ).fetchone()
        slots = database.execute(
            "SELECT sum(calls), sum(cost_nanos), sum(input), sum(output), sum(unknown) FROM usage_slots"
        ).fetchone()
        assert rows == slots and rows[0] > 100
        assert database.execute("SELECT count(*) FROM calls WHERE status = 'held'").fetchone() == (0,)
        kinds = {kind for (kind,) in database.execute("SELECT DISTINCT kind FROM calls")}
        assert {"chat", "gateway", "title"} <= kinds
        people = database.execute("SELECT username, role FROM users ORDER BY id").fetchall()
        assert people == [("ada", "admin"), ("grace", "member"), ("linus", "member")]
        lost = "SELECT count(*) FROM calls WHERE message_id NOT NULL AND message_id NOT IN (SELECT id FROM messages)"
        assert database.execute(lost).fetchone() == (0,)
        routes = {route for (route,) in database.execute("SELECT DISTINCT route FROM calls WHERE route NOT NULL")}
        assert {"same"} < routes <= {"same", "chat → messages", "messages → responses"}
        strange = "SELECT count(*) FROM calls WHERE request_id NOT LIKE 'req\\_%' ESCAPE '\\' OR reason IS NULL"
        assert database.execute(strange).fetchone() == (0,)


def test_a_folder_with_anything_in_it_is_left_alone(make: Make, tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear ada")
    for taken in (tmp_path, letter):
        code, said = make(taken)
        assert code == 1 and "not an empty folder" in said
    assert [each.name for each in tmp_path.iterdir()] == ["letter.txt"]


def test_the_database_that_the_environment_names_is_never_written(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real"
    monkeypatch.setenv("LLM_ROUTER_DATA", str(real))
    monkeypatch.setenv("LLM_ROUTER_DATABASE_URL", f"sqlite:///{tmp_path / 'real.db'}")
    monkeypatch.setenv("LLM_ROUTER_ADMIN_USER", "boss")
    monkeypatch.setenv("LLM_ROUTER_ADMIN_PASSWORD", "correct horse")
    assert make(tmp_path / "demo")[0] == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == ["demo"]
