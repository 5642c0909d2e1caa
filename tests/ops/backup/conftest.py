import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from server.ops.backup import seal
from server.ops.backup.source import Source

FILES = [b"a picture", b"a paper " * 40_000]
Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="session", autouse=True)
def quick_seal() -> Iterator[None]:
    """The key of a passphrase is derived the same way with less work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seal, "COST", 4)
        yield


@pytest.fixture
def furnish(empty_house: Path, tmp_path: Path) -> Callable[[str], Source]:
    """Makes a data folder with somebody, what they keep, and a key file."""

    def furnish(name: str) -> Source:
        data = tmp_path / name
        data.mkdir()
        with closing(sqlite3.connect(empty_house / "llm-router.db")) as empty:
            empty.execute("VACUUM INTO ?", (str(data / "llm-router.db"),))
        (data / "secret.key").write_bytes(b"A" * 43 + b"=\n")
        source = Source(data, data / "llm-router.db")
        with closing(sqlite3.connect(source.database)) as db, db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
            db.executemany("INSERT INTO notes (text) VALUES (?)", [(f"{name} {number}",) for number in range(500)])
            keep(db, data, "u1", FILES)
        return source

    return furnish


def keep(db: sqlite3.Connection, data: Path, user: str, contents: list[bytes]) -> None:
    """Files of messages, as rows and on the disk."""
    columns = [row[1:4] for row in db.execute("PRAGMA table_info(attachments)")]
    for content in contents:
        digest = sha256(content).hexdigest()
        given: dict[str, object] = {"id": digest[:26], "user_id": user, "size": len(content), "sha256": digest}
        needed = [name for name, _, not_null in columns if not_null or name in given]
        marks = ", ".join("?" for _ in needed)
        db.execute(
            f"INSERT INTO attachments ({', '.join(needed)}) VALUES ({marks})",
            [given.get(name, "2026-01-31 12:00:00") for name in needed],
        )
        path = data / "attachments" / digest[:2] / digest
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.with_suffix(".thumb").write_bytes(b"small " + content[:10])


def rows(database: Path) -> Rows:
    """Everything in it, row by row."""
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {table: db.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall() for table in tables}


def everything(source: Source) -> tuple[Rows, dict[str, bytes]]:
    """What a backup has to bring back: rows, and the bytes of key and files."""
    paths = [source.data / "secret.key", *(source.data / "attachments").glob("??/*")]
    return rows(source.database), {
        str(path.relative_to(source.data)): path.read_bytes() for path in paths if path.is_file()
    }
