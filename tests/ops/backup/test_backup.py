"""A backup holds everything, is made while others write, and is restored whole or not at all."""

import gzip
import io
import json
import sqlite3
import stat
import tarfile
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server.errors import AppError
from server.ops.backup import restore as restoring
from server.ops.backup import write
from server.ops.backup.progress import Progress, Stopped
from server.ops.backup.restore import finish, restore
from server.ops.backup.source import BackupError, Source
from server.ops.backup.write import make
from server.store.lock import FolderLock
from tests.ops.backup.conftest import everything, keep, rows

Furnish = Callable[[str], Source]
PASSPHRASE = "correct horse battery"


def put_back(source: Source, path: Path, passphrase: str | None = None) -> restoring.Restored:
    with path.open("rb") as file:
        return restore(source, file, path.name, passphrase)


def nowhere(tmp_path: Path) -> Source:
    return Source(tmp_path / "elsewhere", tmp_path / "elsewhere" / "llm-router.db")


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_backup_brings_every_row_file_and_key_to_another_machine(
    furnish: Furnish, tmp_path: Path, passphrase: str | None
) -> None:
    pi, vps = furnish("pi"), nowhere(tmp_path)
    made = make(pi, tmp_path / "backups" / "b.tar.gz", passphrase)
    assert made.files == 2
    assert put_back(vps, made.path, passphrase).aside is None
    assert everything(vps) == everything(pi)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in vps.data.rglob("*") if path.is_file()} == {0o600}
    assert sorted(path.name for path in made.path.parent.iterdir()) == ["b.tar.gz"]


def test_what_was_there_before_is_kept_aside_whole(furnish: Furnish, tmp_path: Path) -> None:
    pi, vps = furnish("pi"), furnish("vps")
    with closing(sqlite3.connect(vps.database)) as db, db:
        keep(db, vps.data, "u2", [b"only here"])
    before = everything(vps)
    made = make(pi, tmp_path / "b.tar.gz")
    restored = put_back(vps, made.path)
    assert everything(vps) == everything(pi)
    assert restored.aside is not None
    assert everything(Source(restored.aside, restored.aside / "llm-router.db")) == before


def test_what_is_in_the_log_of_a_killed_server_goes_aside_with_its_database(furnish: Furnish, tmp_path: Path) -> None:
    pi, vps = furnish("pi"), furnish("vps")
    made = make(pi, tmp_path / "b.tar.gz")
    with closing(sqlite3.connect(vps.database)) as db:
        db.execute("INSERT INTO notes (text) VALUES ('in the log')")
        db.commit()
        assert Path(f"{vps.database}-wal").stat().st_size
        restored = put_back(vps, made.path)  # the connection is as good as dead: its files have other names now
        assert rows(vps.database) == rows(pi.database)
        assert restored.aside is not None
        assert ("in the log",) in [row[1:] for row in rows(restored.aside / "llm-router.db")["notes"]]


def test_a_database_that_lies_somewhere_else_is_put_back_there(furnish: Furnish, tmp_path: Path) -> None:
    pi = furnish("pi")
    made = make(pi, tmp_path / "b.tar.gz")
    vps = Source(tmp_path / "elsewhere", tmp_path / "disk" / "mine.db")
    put_back(vps, made.path)
    assert rows(vps.database) == rows(pi.database)


def test_a_backup_under_load_is_one_moment_of_it(furnish: Furnish, tmp_path: Path) -> None:
    source = furnish("pi")
    with closing(sqlite3.connect(source.database)) as db, db:
        db.executemany("INSERT INTO notes (text) VALUES (?)", [("x" * 2000,) for _ in range(10_000)])
    written = 0
    enough = threading.Event()

    def write_on() -> None:
        nonlocal written
        with closing(sqlite3.connect(source.database, isolation_level=None, timeout=15)) as db:
            while not enough.is_set():
                # Two rows that belong together: a backup has both or neither.
                db.execute("BEGIN IMMEDIATE")
                db.execute("INSERT INTO notes (text) VALUES (?)", (f"debit {written}",))
                db.execute("INSERT INTO notes (text) VALUES (?)", (f"credit {written}",))
                db.execute("COMMIT")
                written += 1

    writing = threading.Thread(target=write_on)
    writing.start()
    try:
        while written < 5:
            pass
        began = written
        made = make(source, tmp_path / "b.tar.gz")
        ended = written
    finally:
        enough.set()
        writing.join()
    assert ended > began, "others wrote meanwhile"
    copy = nowhere(tmp_path)
    put_back(copy, made.path)
    found, live = rows(copy.database), rows(source.database)
    texts = [row[1] for row in found["notes"]]
    debits = [text[6:] for text in texts if text.startswith("debit ")]
    assert debits == [text[7:] for text in texts if text.startswith("credit ")]
    assert began <= len(debits) <= written
    for table, kept in found.items():
        assert kept == live[table][: len(kept)], table


def test_memory_does_not_grow_with_the_backup(furnish: Furnish, tmp_path: Path) -> None:
    source = furnish("pi")
    with closing(sqlite3.connect(source.database)) as db, db:
        keep(db, source.data, "u1", [bytes([number]) * 8_000_000 for number in range(3)])
    tracemalloc.start()
    try:
        made = make(source, tmp_path / "b.tar.gz", PASSPHRASE)
        put_back(nowhere(tmp_path), made.path, PASSPHRASE)
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()


def test_a_backup_that_is_broken_off_leaves_nothing(furnish: Furnish, tmp_path: Path) -> None:
    progress = Progress()
    progress.stopped = True
    with pytest.raises(Stopped):
        make(furnish("pi"), tmp_path / "backups" / "b.tar.gz", None, progress)
    assert list((tmp_path / "backups").iterdir()) == []


def test_progress_ends_where_it_said_it_would(furnish: Furnish, tmp_path: Path) -> None:
    progress = Progress()
    make(furnish("pi"), tmp_path / "b.tar.gz", None, progress)
    assert 0.9 < progress.done / progress.size < 1.1


def test_the_same_name_is_never_written_over(furnish: Furnish, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        make(furnish("pi"), tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_text() == "mine"


def test_a_usb_stick_without_links_takes_backups_too(
    furnish: Furnish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(write.os, "link", link)
    source = furnish("pi")
    assert make(source, tmp_path / "b.tar.gz").files == 2
    with pytest.raises(BackupError, match="exists already"):
        make(source, tmp_path / "b.tar.gz")


def test_a_restore_that_cannot_go_on_says_why_and_goes_on_later(
    furnish: Furnish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pi, vps = furnish("pi"), furnish("vps")
    made = make(pi, tmp_path / "b.tar.gz")

    def full(path: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(restoring, "_move", full)
    with pytest.raises(BackupError, match=r"is not finished: No space left on device .*The next start goes on"):
        put_back(vps, made.path)
    monkeypatch.undo()
    finish(vps)
    assert everything(vps) == everything(pi)


def test_a_file_that_is_not_what_its_row_says_is_found_while_the_backup_is_made(
    furnish: Furnish, tmp_path: Path
) -> None:
    source = furnish("pi")
    rotten = next(path for path in source.data.glob("attachments/??/*") if not path.suffix)
    rotten.write_bytes(b"rot")
    with pytest.raises(BackupError, match="is not what it was"):
        make(source, tmp_path / "backups" / "b.tar.gz")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_damaged_database_is_not_backed_up(furnish: Furnish, tmp_path: Path) -> None:
    source = furnish("pi")
    with source.database.open("rb+") as file:
        file.seek(20_000)
        file.write(b"\xff" * 60_000)
    with pytest.raises(BackupError, match=r"is damaged|cannot be copied: malformed"):
        make(source, tmp_path / "b.tar.gz")


def test_a_database_server_has_its_own_tools() -> None:
    from server.settings import Settings

    settings = Settings.load({"LLM_ROUTER_DATABASE_URL": "postgresql://example.com/x"})
    with pytest.raises(BackupError, match="that one's own tools"):
        Source.of(settings)


def packed(members: list[tuple[str, bytes]], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type = len(content), kind
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def unpacked(path: Path) -> list[tuple[str, bytes]]:
    with tarfile.open(path) as tar:
        return [(entry.name, content.read()) for entry in tar if (content := tar.extractfile(entry))]


def changed(members: list[tuple[str, bytes]], **values: object) -> list[tuple[str, bytes]]:
    page = json.loads(members[0][1]) | values
    return [("manifest.json", json.dumps(page).encode()), *members[1:]]


def test_a_bad_a_foreign_and_a_newer_file_are_refused_before_anything_is_touched(
    furnish: Furnish, tmp_path: Path
) -> None:
    pi, vps = furnish("pi"), furnish("vps")
    made = make(pi, tmp_path / "good")
    good, members = made.path.read_bytes(), unpacked(made.path)
    sealed = make(pi, tmp_path / "sealed", PASSPHRASE).path.read_bytes()
    names = [name for name, _ in members]
    file = next(at for at, name in enumerate(names) if name.startswith("attachments/") and "." not in name)
    bad: list[tuple[str, bytes]] = [
        ("is no backup of LLM Router", b""),
        ("is no backup of LLM Router", b"hello " * 1000),
        ("is no backup of LLM Router", gzip.compress(b"hello " * 1000)),
        ("is no backup of LLM Router", packed([("recipes.txt", b"flour")])),
        ("is no backup of LLM Router", packed([("manifest.json", b"[]"), *members[1:]])),
        ("is no backup of LLM Router", packed(changed(members, made_at="yesterday"))),
        ("by a newer version .LLM Router 9", packed(changed(members, version=2, program="LLM Router 9"))),
        ("by a newer version .schema 9999", packed(changed(members, schema="9999"))),
        ("and .* MB are free: make room", packed(changed(members, size=1 << 60))),
        ("holds more than it says", packed(changed(members, size=10))),
        ("its database is not what it was", packed(changed(members, database_sha256="0" * 64))),
        ("is not what it was", packed([*members[:file], (names[file], b"other"), *members[file + 1 :]])),
        ("files are missing", packed([*members[:file], *members[file + 1 :]])),
        ("was cut off", packed(members[:-1])),
        ("holds '../evil'", packed([members[0], ("../evil", b"x"), *members[1:]])),
        ("holds '/etc/evil'", packed([members[0], ("/etc/evil", b"x"), *members[1:]])),
        ("key file .* is damaged", packed([(name, b"x" if name == "secret.key" else text) for name, text in members])),
        ("is encrypted: its passphrase is needed", sealed),
    ]
    bad += [("damaged|cut off|no backup", good[:size]) for size in range(0, len(good), len(good) // 7)]
    before, there = everything(vps), sorted(path.name for path in vps.data.iterdir())
    for sentence, content in bad:
        with pytest.raises(AppError, match=sentence):
            restore(vps, io.BytesIO(content), "b.tar.gz")
    assert everything(vps) == before
    assert sorted(path.name for path in vps.data.iterdir() if not path.name.endswith(("-wal", "-shm"))) == sorted(
        {*there, "server.lock"}
    )
    with pytest.raises(BackupError, match="not the passphrase"):
        restore(vps, io.BytesIO(sealed), "b.sealed", "wrong wrong")


def test_a_backup_with_a_link_in_it_is_refused(furnish: Furnish, tmp_path: Path) -> None:
    members = unpacked(make(furnish("pi"), tmp_path / "good").path)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(members[0][1])
        tar.addfile(entry, io.BytesIO(members[0][1]))
        link = tarfile.TarInfo("secret.key")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        tar.addfile(link)
    with pytest.raises(BackupError, match=r"holds 'secret\.key'"):
        restore(nowhere(tmp_path), io.BytesIO(out.getvalue()), "b.tar.gz")


def test_nothing_is_restored_under_a_running_server(furnish: Furnish, tmp_path: Path) -> None:
    source = furnish("pi")
    made = make(source, tmp_path / "b.tar.gz")
    with closing(FolderLock(source.data)), pytest.raises(AppError, match=r"A server is running over .*: stop it first"):
        put_back(source, made.path)


def test_a_restore_that_is_killed_at_any_move_is_finished_by_the_next_start(
    furnish: Furnish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pi = furnish("pi")
    made = make(pi, tmp_path / "b.tar.gz")
    real = restoring._move
    reached = 0
    for moment in range(12):
        vps = furnish(f"vps{moment}")
        before, moves = everything(vps), 0

        def killed(path: Path, target: Path, at: int = moment) -> None:
            nonlocal moves
            if moves == at:
                raise KeyboardInterrupt
            moves += 1
            real(path, target)

        monkeypatch.setattr(restoring, "_move", killed)
        try:
            put_back(vps, made.path)
            ended = True
        except KeyboardInterrupt:
            ended = False
        monkeypatch.setattr(restoring, "_move", real)
        if not ended:
            reached += 1
            aside = finish(vps)
            assert aside is not None
            assert everything(Source(aside, aside / "llm-router.db")) == before
        assert everything(vps) == everything(pi)
        assert not list(vps.data.glob("restoring-*"))
    assert reached == 6, "three things aside, three into their place"


def test_what_a_killed_backup_left_is_cleared_away_by_a_later_one(
    furnish: Furnish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "backups" / f"{write.MAKING}old"
    left.mkdir(parents=True)
    monkeypatch.setattr(write, "ABANDONED", -1)
    make(furnish("pi"), tmp_path / "backups" / "b.tar.gz")
    assert not left.exists()
