"""Conversations of given lengths, written while nobody else has the database."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench import server
from server.store.engine import connect
from server.store.tables import User
from tests.browser import past

users = User.__table__  # type: ignore[attr-defined]


def write(data: Path, lengths: Iterable[int], **settings: Any) -> dict[int, str]:
    """Their ids by how many messages they have; what they say is numbered."""
    engine = connect(f"sqlite:///{server.database_in(data)}")
    with engine.begin() as connection:
        user = connection.execute(users.select()).one().id
        written = {each: past.write(connection, user, each // 2, past.ANSWER, "", settings) for each in lengths}
    engine.dispose()
    return written
