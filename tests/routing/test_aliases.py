"""Other names for models: seen at once here, within half a second from elsewhere, never a chain."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import SQLModel

from server.errors import BadRequest, NotFound
from server.routing import aliases as module
from server.routing.aliases import Aliases
from server.store.engine import Database, connect

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    SQLModel.metadata.create_all(engine)
    database = Database(engine)
    yield database
    await database.close()


async def test_a_name_stands_for_a_model_until_it_is_removed(database: Database) -> None:
    aliases = Aliases(database)
    assert await aliases.target("fast") is None
    await aliases.put("fast", "gpt-5-mini")
    assert await aliases.target("fast") == "gpt-5-mini"
    await aliases.put("fast", "ollama/qwen3")
    assert await aliases.all() == {"fast": "ollama/qwen3"}
    await aliases.remove("fast")
    assert await aliases.target("fast") is None
    with pytest.raises(NotFound, match="there is no alias fast"):
        await aliases.remove("fast")


async def test_nobody_is_told_of_no_names_while_they_are_looked_up_for_the_first_time(database: Database) -> None:
    await Aliases(database).put("fast", "gpt-5-mini")
    aliases = Aliases(database)
    assert await asyncio.gather(*(aliases.target("fast") for _ in range(20))) == ["gpt-5-mini"] * 20


async def test_what_another_process_names_is_seen_soon(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    here, elsewhere = Aliases(database), Aliases(database)
    assert await here.target("fast") is None
    await elsewhere.put("fast", "gpt-5-mini")
    real = module.time.monotonic
    monkeypatch.setattr(module.time, "monotonic", lambda: real() + 0.6)
    assert await here.target("fast") == "gpt-5-mini"


@pytest.mark.parametrize(
    ("name", "target", "sentence"),
    [
        ("", "gpt-5.1", "a model's name has"),
        ("fast", "two words", "a model's name has"),
        ("x" * 201, "gpt-5.1", "a model's name has"),
        ("fast", "fast", "cannot stand for itself"),
        ("other", "known", "not for another alias"),
        ("gpt-5.1", "gpt-5-mini", "not for another alias"),
    ],
)
async def test_a_name_that_leads_nowhere_is_refused(database: Database, name: str, target: str, sentence: str) -> None:
    aliases = Aliases(database)
    await aliases.put("known", "gpt-5.1")
    with pytest.raises(BadRequest, match=sentence):
        await aliases.put(name, target)
    assert await aliases.all() == {"known": "gpt-5.1"}
