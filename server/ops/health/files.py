"""Looks at the data folder, its key file, who may read them, and the room on their disk. Changes nothing."""

import stat
from collections.abc import Iterator
from pathlib import Path

from server.errors import AppError
from server.ops.health.finding import MB, Finding, megabytes
from server.ops.room import NEAR, free_bytes
from server.settings import Settings
from server.vault import keyfile


def look(settings: Settings) -> Iterator[Finding]:
    yield from folder(settings.data.absolute())
    yield from key(settings.data.absolute())
    yield from disk(settings)


def folder(path: Path) -> Iterator[Finding]:
    if not path.is_dir():
        yield Finding("bad", "data folder", f"{path} does not exist", "`llm-router init` makes it")
    elif stat.S_IMODE(path.stat().st_mode) & 0o007:
        yield Finding("note", "data folder", f"everybody on this machine can look into {path}", f"chmod 700 {path}")
    else:
        yield Finding("ok", "data folder", str(path))


def key(folder: Path) -> Iterator[Finding]:
    path = folder / keyfile.NAME
    if not path.exists():
        step = "put it back from a backup; `llm-router init` makes a new one, under which no stored key can be read"
        yield Finding("bad", "key file", f"{path} does not exist", step)
        return
    try:
        keyfile.load_or_create(folder)
    except AppError as error:
        yield Finding("bad", "key file", error.message)
        return
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("note", "key file", "others on this machine can read it", f"chmod 600 {path}")
    else:
        yield Finding("ok", "key file", "only its owner can read it")


def disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data.absolute()
    while not folder.exists():
        folder = folder.parent
    try:
        free = free_bytes(folder)
    except OSError as error:
        yield Finding("note", "disk", f"how much room it has cannot be found out ({error.strerror})")
        return
    least = settings.min_free_mb * MB
    said = f"{megabytes(free)} are free"
    if free < least:
        yield Finding("bad", "disk", f"{said}, so nothing new is begun", "make room, or move old backups away")
    elif free < NEAR * least:
        yield Finding("note", "disk", f"{said}: below {settings.min_free_mb} MB nothing new is begun", "make room")
    else:
        yield Finding("ok", "disk", said)
