"""A database with the tables and one person, and the door of a gateway over it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert
from sqlmodel import SQLModel

from server.accounts.virtual_keys import VirtualKeys
from server.calls.admission import Admissions
from server.calls.book import Book
from server.ids import now
from server.settings import Settings
from server.store.engine import Database, connect
from server.store.tables import User
from server.vault.vault import Vault


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database = Database(engine)
    for id, name in (("ada", "ada"), ("legacy", "legacy")):
        person = User(id=id, username=name, username_key=name, password_hash="", created_at=now(), preferences={})
        row = person.model_dump()
        await database.write(lambda connection, row=row: connection.execute(insert(User).values(**row)))
    yield database
    await database.close()


@pytest.fixture
def keys(database: Database) -> VirtualKeys:
    return VirtualKeys(database, Vault([Fernet.generate_key()]))


@pytest.fixture
def door(database: Database, keys: VirtualKeys) -> Admissions:
    return Admissions(Book(database, "UTC", patience=0.2), keys, Settings())
