"""Whose budgets there can be, and who may set them."""

from sqlalchemy import Connection, func, select

from server.errors import Forbidden, NotFound
from server.money.budgets import Scope
from server.store.tables import StoredKey, User

_users = User.__table__  # type: ignore[attr-defined]
_keys = StoredKey.__table__  # type: ignore[attr-defined]


def settable(connection: Connection, owner: str | None) -> list[tuple[Scope, str, str]]:
    """(scope, id, name) of everything whose budgets this person may set, or an admin."""
    query = select(_keys.c.id, _keys.c.name, _keys.c.project).where(_keys.c.revoked_at.is_(None)).order_by(_keys.c.id)
    keys = list(connection.execute(query if owner is None else query.where(_keys.c.user_id == owner)))
    found: list[tuple[Scope, str, str]] = []
    if owner is None:
        people = select(_users.c.id, _users.c.username).where(_users.c.disabled_at.is_(None)).order_by(_users.c.id)
        found += [("server", "", ""), *(("user", row.id, row.username) for row in connection.execute(people))]
    found += [("project", name, name) for name in sorted({row.project for row in keys if row.project})]
    return found + [("key", row.id, row.name) for row in keys]


def find(connection: Connection, scope: Scope, name: str, owner: str | None) -> str:
    """The id of the user, key or project of this name, of ``owner`` or of anybody. Raises NotFound."""
    if scope == "project":
        return name
    if scope == "user":
        query = select(_users.c.id).where(func.lower(_users.c.username) == name.lower())
    else:
        mine = [_keys.c.user_id == owner] if owner is not None else []
        query = select(_keys.c.id).where(_keys.c.name == name, _keys.c.revoked_at.is_(None), *mine)
        query = query.order_by(_keys.c.id.desc()).limit(1)
    id = connection.execute(query).scalar()
    if id is None:
        raise NotFound(f"there is no {scope} {name}")
    return str(id)


def check_owner(connection: Connection, user_id: str, scope: str, subject_id: str) -> None:
    """Whether a member may set this budget: of keys and projects that are nobody else's. Raises Forbidden, NotFound."""
    if scope not in ("key", "project"):
        raise Forbidden("only an admin can set this budget: ask them for another one")
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
