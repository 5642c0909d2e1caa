"""Rotates the key of a folder again and again, each time killed one step later; run as a program, it forks.

A step is whatever reaches the disk: a file that is synced or renamed, and the transaction before its commit.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel

from server.store.engine import Database, connect
from server.vault import rotation
from server.vault.credentials import Credentials
from server.vault.vault import Vault

KEYS = [f"sk-canary-{number:04}" for number in range(20)]
KILLED = 9


def main(folder: Path) -> None:
    if not in_a_process_of_its_own(lambda: asyncio.run(_begin(folder))):
        raise SystemExit("nothing to rotate")
    step = 1
    while not in_a_process_of_its_own(lambda at=step: asyncio.run(_rotate(folder, at))):  # type: ignore[misc]
        if not in_a_process_of_its_own(lambda: asyncio.run(_read(folder))):
            raise SystemExit(f"unreadable when killed at step {step}")
        step += 1
    if not in_a_process_of_its_own(lambda: asyncio.run(_read(folder))):
        raise SystemExit("unreadable in the end")
    sys.stdout.write(f"{step - 1}\n")


def in_a_process_of_its_own(work: Callable[[], object]) -> bool:
    """Whether it came to its end."""
    if (child := os.fork()) == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, KILLED):
        raise SystemExit("a process failed")
    return code == 0


async def _begin(folder: Path) -> None:
    database = _database(folder)
    SQLModel.metadata.create_all(database.engine)
    credentials = Credentials(database, Vault.open(folder))
    await credentials.create_all(None, [{"provider": "openai", "key": key, "base_url": None} for key in KEYS])
    await database.close()


async def _rotate(folder: Path, step: int) -> None:
    taken = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal taken
            result = real(*given, **named)
            taken += 1
            if taken == step:
                os._exit(KILLED)
            return result

        return call

    os.fsync, os.rename = counted(os.fsync), counted(os.rename)
    rotation._encrypt_again = counted(rotation._encrypt_again)
    await rotation.rotate(_database(folder), Vault.open(folder))


async def _read(folder: Path) -> None:
    """As a start does it: what was broken off is finished, and everything is there."""
    database = _database(folder)
    for again in range(2):
        vault = Vault.open(folder)
        credentials = Credentials(database, vault)
        found = [(await credentials.open(row.id)).key for row in await credentials.all(None)]
        assert found == KEYS
        assert not (again and vault.is_rotating)
        await rotation.look_after(database, vault)
    await database.close()


def _database(folder: Path) -> Database:
    return Database(connect(f"sqlite:///{folder / 'test.db'}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
