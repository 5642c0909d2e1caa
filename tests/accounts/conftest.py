"""A database with the tables, and the parts that accounts are made of."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlmodel import SQLModel

from server.accounts import passwords
from server.accounts.passwords import Passwords
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.store.engine import Database, connect
from server.store.tables import User
from server.vault.vault import Vault

PASSWORD = "correct horse"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database = Database(engine)
    yield database
    await database.close()


@pytest.fixture
def slow_passwords(quick_passwords: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed with as much work as they really are; to be asked for before the users."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", quick_passwords[0])
    monkeypatch.setattr(passwords, "PASSES", quick_passwords[1])


@pytest.fixture
def users(database: Database) -> Users:
    return Users(database, Passwords())


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, Vault([Fernet.generate_key()]), timedelta(days=90))


@pytest.fixture
async def root(users: Users) -> User:
    return await users.create_first("root", PASSWORD)


@pytest.fixture
async def ada(users: Users, root: User) -> User:
    return await users.create("Ada", PASSWORD)
