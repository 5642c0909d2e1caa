"""Space is given back to the machine, where the file can give it."""

from pathlib import Path

import pytest

from server.ops import janitor
from server.store.engine import Database, connect

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("mode", "shrinks"), [(0, False), (2, True)])
async def test_a_file_that_cannot_shrink_is_left_alone_and_one_that_can_gives_back_all_but_a_reserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, shrinks: bool
) -> None:
    monkeypatch.setattr(janitor, "SPARE", 10)
    monkeypatch.setattr(janitor, "PAGES", 100)
    engine = connect(f"sqlite:///{tmp_path / 'test.db'}")
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.executescript(f"PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = {mode}; VACUUM")
        driver.executescript("CREATE TABLE some (data); INSERT INTO some VALUES (zeroblob(2000000)); DELETE FROM some")
    database = Database(engine)
    steps = 0
    while await database.write(janitor.give_back):
        steps += 1
        assert steps < 20
    left = await database.read(janitor._free_pages)
    await database.close()
    assert (left <= 10) is shrinks and (steps > 2) is shrinks
