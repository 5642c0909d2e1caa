"""Names that an admin gave to models: a program that insists on `claude-sonnet-4-5` can be served by any other."""

import time
from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from server import ids
from server.errors import BadRequest, NotFound
from server.store.engine import Database
from server.store.tables import ModelAlias

FRESH = 0.5
"""Seconds for which the names are believed: what another process changes is seen after them."""
MAX_LENGTH = 200

_aliases = ModelAlias.__table__  # type: ignore[attr-defined]


class Aliases:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: tuple[float, dict[str, str]] | None = None
        self._changes = 0

    async def all(self) -> Mapping[str, str]:
        """The model behind each name, by name."""
        known = self._known
        if known is not None:
            if time.monotonic() - known[0] <= FRESH:
                return known[1]
            # Those that come while this one looks need not look too.
            self._known = time.monotonic(), known[1]
        changes = self._changes
        found = await self._database.read(_all)
        if changes == self._changes:
            self._known = time.monotonic(), found
        return found

    async def target(self, name: str) -> str | None:
        """The model that is meant by a name; None: the name is the model's own."""
        return (await self.all()).get(name)

    async def put(self, name: str, target: str) -> None:
        """Makes or changes one. Raises BadRequest."""
        for text in (name, target):
            if not 0 < len(text) <= MAX_LENGTH or not text.isprintable() or " " in text:
                raise BadRequest(f"a model's name has 1 to {MAX_LENGTH} characters and no spaces")
        if name == target:
            raise BadRequest("a name cannot stand for itself")

        def work(connection: Connection) -> None:
            known = _all(connection)
            if target in known or name in known.values():
                raise BadRequest("an alias stands for a model, not for another alias")
            connection.execute(delete(ModelAlias).where(_aliases.c.name == name))
            connection.execute(insert(ModelAlias).values(name=name, target=target, created_at=ids.now()))

        await self._database.write(work)
        self._forget()

    async def remove(self, name: str) -> None:
        """Raises NotFound."""

        def work(connection: Connection) -> int:
            return connection.execute(delete(ModelAlias).where(_aliases.c.name == name)).rowcount

        if await self._database.write(work) == 0:
            raise NotFound(f"there is no alias {name}")
        self._forget()

    def _forget(self) -> None:
        self._changes += 1
        self._known = None


def _all(connection: Connection) -> dict[str, str]:
    query = select(_aliases.c.name, _aliases.c.target).order_by(_aliases.c.name)
    return {row.name: row.target for row in connection.execute(query)}
