from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from server.store.engine import Database, connect


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database = Database(engine)
    yield database
    await database.close()
