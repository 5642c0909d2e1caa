"""Whose budgets there can be, and who may set them."""

from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from server.errors import BadRequest, Forbidden, NotFound
from server.money.budgets import Scope
from server.store.tables import StoredKey, User

_users = User.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]


ONLY_ADMIN = "only an admin can set this budget: ask them for another one"


class Subject(NamedTuple):
    """``owner`` is the name of the user whose key it is: several people call one theirs the same."""

    scope: Scope
    id: str
    name: str
    owner: str | None = None


def settable(connection: Connection, owner: str | None) -> list[Subject]:
    """Everything whose budgets this person may set, or an admin."""
    query = (
        select(_keys.c.id, _keys.c.name, _keys.c.project, _users.c.username)
        .join(_users, _users.c.id == _keys.c.user_id)
        .where(_keys.c.revoked_at.is_(None))
        .order_by(_keys.c.id)
    )
    keys = list(connection.execute(query if owner is None else query.where(_keys.c.user_id == owner)))
    found: list[Subject] = []
    if owner is None:
        people = select(_users.c.id, _users.c.username).where(_users.c.disabled_at.is_(None)).order_by(_users.c.id)
        found.append(Subject("server", "", ""))
        found += [Subject("user", row.id, row.username) for row in connection.execute(people)]
    found += [Subject("project", name, name) for name in sorted({row.project for row in keys if row.project})]
    return found + [Subject("key", row.id, row.name, row.username) for row in keys]


def find(connection: Connection, scope: Scope, name: str, owner: str | None) -> str:
    """The id of the user (by the key of the name), key (NAME, or NAME@USER) or project, of ``owner`` or of anybody.

    Raises NotFound, Forbidden, and BadRequest where several people have a key of this name.
    """
    if scope == "project":
        return name
    if scope == "user":
        if owner is not None:
            raise Forbidden(ONLY_ADMIN)
        found = list(connection.execute(select(_users.c.id, _users.c.username).where(_users.c.username_key == name)))
    else:
        called = or_(_keys.c.name == name, _keys.c.name + "@" + _users.c.username == name)
        query = select(_keys.c.id, _users.c.username).join(_users, _users.c.id == _keys.c.user_id)
        query = query.where(called, _keys.c.revoked_at.is_(None)).order_by(_keys.c.id)
        found = list(connection.execute(query if owner is None else query.where(_keys.c.user_id == owner)))
    if not found:
        raise NotFound(f"there is no {scope} {name}")
    if len(owners := sorted({row.username for row in found})) > 1:
        raise BadRequest(f"{', '.join(owners)} have a key {name} each: write key:{name}@{owners[0]}")
    return str(found[-1].id)


def check_owner(connection: Connection, user_id: str, scope: str, subject_id: str) -> None:
    """Whether a member may set this budget: of keys and projects that are nobody else's. Raises Forbidden, NotFound."""
    if scope not in ("key", "project"):
        raise Forbidden(ONLY_ADMIN)
    column = _keys.c.id if scope == "key" else _keys.c.project
    owners = set(connection.execute(select(_keys.c.user_id).where(column == subject_id)).scalars())
    if user_id not in owners:
        raise NotFound(f"you have no such {scope}")
    if len(owners) > 1:
        raise Forbidden("other people have this project too: an admin can set its budget")


def check_subject(connection: Connection, scope: Scope, subject_id: str) -> None:
    """Raises NotFound for a budget of somebody or something that is not there."""
    if scope == "server":
        found = subject_id == ""
    else:
        column = {"user": _users.c.id, "key": _keys.c.id, "project": _keys.c.project}[scope]
        found = subject_id != "" and connection.execute(select(column).where(column == subject_id)).first() is not None
    if not found:
        raise NotFound(f"there is no such {scope}")
