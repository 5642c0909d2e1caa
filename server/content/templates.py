"""Templates: texts that a person keeps to use again, and a few that come with the program. Functions of a connection.

A person's own template stands before a built-in one of the same name.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from server.content import variables
from server.errors import BadRequest, Conflict, NotFound, TooLarge
from server.ids import instant, new_id, now
from server.store.tables import Template

templates = Template.__table__  # type: ignore[attr-defined]

MAX_NAME = 60
MAX_DESCRIPTION = 200
MAX_TEXT = 100_000
MOST = 500
RESERVED = frozenset({"save", "delete", "restore"})
"""What `/template` does something else with, so that no name begins with it."""

_BUILT_IN = "built-in:"


@dataclass(frozen=True, slots=True)
class Kept:
    """``id`` begins with `built-in:` for those that nobody can change."""

    id: str
    name: str
    description: str
    text: str
    updated_at: datetime | None = None

    @property
    def built_in(self) -> bool:
        return self.id.startswith(_BUILT_IN)


@cache
def built_in() -> tuple[Kept, ...]:
    entries = json.loads((Path(__file__).parent / "templates.json").read_text(encoding="utf-8"))
    return tuple(Kept(f"{_BUILT_IN}{one['name']}", one["name"], one["description"], one["text"]) for one in entries)


def own(connection: Connection, user_id: str) -> list[Kept]:
    """By name."""
    c = templates.c
    query = select(templates).where(c.user_id == user_id, c.deleted_at.is_(None)).order_by(c.name_key)
    return [_kept(row) for row in connection.execute(query)]


def every(connection: Connection, user_id: str) -> list[Kept]:
    """The person's own, then the built-in ones that they have none of the same name of."""
    mine = own(connection, user_id)
    taken = {_key(one.name) for one in mine}
    return [*mine, *(one for one in built_in() if _key(one.name) not in taken)]


def find(connection: Connection, user_id: str, wanted: str) -> Kept:
    """By id or name. Raises NotFound."""
    key = _key(wanted)
    for one in every(connection, user_id):
        if one.id == wanted or _key(one.name) == key:
            return one
    raise NotFound(f"there is no template “{wanted[:MAX_NAME]}”: /template lists them")


def create(
    connection: Connection, user_id: str, name: str, text: str, description: str = "", *, client_id: str | None = None
) -> Kept:
    """The new template, or the one made under this ``client_id`` before. Raises BadRequest, Conflict."""
    c = templates.c
    if client_id is not None:
        query = select(templates).where(c.user_id == user_id, c.client_id == client_id)
        if (before := connection.execute(query).one_or_none()) is not None:
            return _kept(before)
    name = checked_name(name)
    _check_free(connection, user_id, name)
    if len(own(connection, user_id)) >= MOST:
        raise Conflict(f"there are {MOST} templates already: delete one first")
    time = now()
    row = Template(
        id=new_id(),
        user_id=user_id,
        client_id=client_id,
        name=name,
        name_key=_key(name),
        description=checked_description(description),
        text=checked_text(text),
        created_at=time,
        updated_at=time,
    )
    connection.execute(insert(templates), row.model_dump())
    return _kept(row)


def change(
    connection: Connection,
    user_id: str,
    id: str,
    *,
    name: str | None = None,
    description: str | None = None,
    text: str | None = None,
) -> Kept:
    """What is None stays. Raises NotFound, BadRequest, Conflict."""
    row = _get(connection, user_id, id)
    values: dict[str, Any] = {"updated_at": now()}
    if name is not None:
        name = checked_name(name)
        if _key(name) != row.name_key:
            _check_free(connection, user_id, name)
        values |= {"name": name, "name_key": _key(name)}
    if description is not None:
        values["description"] = checked_description(description)
    if text is not None:
        values["text"] = checked_text(text)
    connection.execute(update(templates).where(templates.c.id == id).values(values))
    return _kept(_get(connection, user_id, id))


def delete(connection: Connection, user_id: str, id: str) -> None:
    """It can come back; a second time changes nothing. Raises NotFound, BadRequest for a built-in one."""
    if _get(connection, user_id, id, deleted=True).deleted_at is None:
        connection.execute(update(templates).where(templates.c.id == id).values(deleted_at=now()))


def restore(connection: Connection, user_id: str, id: str) -> Kept:
    """Takes a deletion back. Raises NotFound, Conflict when another one has the name now."""
    row = _get(connection, user_id, id, deleted=True)
    if row.deleted_at is not None:
        _check_free(connection, user_id, row.name)
        connection.execute(update(templates).where(templates.c.id == id).values(deleted_at=None))
    return _kept(row)


def purge(connection: Connection, before: datetime) -> None:
    """Deletes for good what was deleted before that time."""
    connection.execute(templates.delete().where(templates.c.deleted_at < before))


def as_json(one: Kept) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "description": one.description,
        "text": one.text,
        "variables": variables.names(one.text),
        "built_in": one.built_in,
        "updated_at": instant(one.updated_at),
    }


def checked_name(name: str) -> str:
    """Raises BadRequest."""
    name = " ".join(name.split())
    if not name:
        raise BadRequest("a template needs a name")
    if len(name) > MAX_NAME:
        raise BadRequest(f"a template's name has at most {MAX_NAME} characters")
    if _key(name).split()[0] in RESERVED:
        raise BadRequest(
            f"a template's name cannot begin with “{name.split()[0]}”: /template would take it for an order"
        )
    if _key(name).startswith(_BUILT_IN):
        raise BadRequest(f"a template's name cannot begin with “{_BUILT_IN}”")
    return name


def checked_description(description: str) -> str:
    """Raises BadRequest."""
    description = " ".join(description.split())
    if len(description) > MAX_DESCRIPTION:
        raise BadRequest(f"a template's description has at most {MAX_DESCRIPTION} characters")
    return description


def checked_text(text: str) -> str:
    """Raises BadRequest for a text that is empty, too long, or with a variable that cannot be asked for."""
    if not text.strip():
        raise BadRequest("a template needs a text")
    if len(text) > MAX_TEXT:
        raise TooLarge(f"a template has at most {MAX_TEXT:,} characters: this one has {len(text):,}")
    variables.check(text)
    return text


def _get(connection: Connection, user_id: str, id: str, *, deleted: bool = False) -> Row[Any]:
    if id.startswith(_BUILT_IN):
        raise BadRequest("a built-in template stays as it is: save yours under the same name to see that instead")
    query = select(templates).where(templates.c.id == id, templates.c.user_id == user_id)
    if not deleted:
        query = query.where(templates.c.deleted_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("there is no such template")
    return row


def _check_free(connection: Connection, user_id: str, name: str) -> None:
    c = templates.c
    query = select(c.id).where(c.user_id == user_id, c.name_key == _key(name), c.deleted_at.is_(None))
    if connection.execute(query).first() is not None:
        raise Conflict(f"there is a template “{name}” already: choose another name, or change that one")


def _key(name: str) -> str:
    return " ".join(name.casefold().split())


def _kept(row: Row[Any] | Template) -> Kept:
    return Kept(row.id, row.name, row.description, row.text, row.updated_at)
