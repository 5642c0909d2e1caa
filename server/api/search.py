"""Finding over HTTP: what was said in every branch, past prompts, and the tags there are."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from server.api.deps import Here, Me
from server.chat import conversations, library, tags
from server.content import search
from server.errors import BadRequest

router = APIRouter(prefix="/api")

Limit = Annotated[int, Query(ge=1, le=100)]


@router.get("/search")
async def find(
    here: Here,
    me: Me,
    q: str = "",
    model: str | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    favorite: bool = False,
    tag: str | None = None,
    before: str | None = None,
    limit: Limit = 20,
) -> dict[str, Any]:
    """The newest first; ``inside`` marks what only the scan found, in the middle of a word. ``next`` is the cursor."""
    query = search.parse(q)
    filters = search.Filters(model or None, since, until, favorite, tags.written(tag or "") or None)
    cursor = _opened(before) if before else None
    found = await here.database.read(
        lambda connection: library.find(connection, me.user.id, query, filters, cursor, limit)
    )
    return found | {"next": _sealed(found["next"])}


@router.get("/prompts")
async def list_prompts(here: Here, me: Me, q: str = "", before: int | None = None, limit: Limit = 50) -> dict[str, Any]:
    """What the person wrote, to be used again."""
    found, more = await here.database.read(lambda connection: library.prompts(connection, me.user.id, q, before, limit))
    return {"prompts": found, "next": more}


@router.get("/tags")
async def list_tags(here: Here, me: Me) -> dict[str, Any]:
    counted = await here.database.read(lambda connection: conversations.tags(connection, me.user.id))
    return {"tags": [{"tag": tag, "count": count} for tag, count in counted.items()]}


def _sealed(cursor: search.Cursor | None) -> str | None:
    return None if cursor is None else f"{'scan' if cursor.scanning else 'index'}-{cursor.before}"


def _opened(cursor: str) -> search.Cursor:
    kind, _, number = cursor.partition("-")
    if kind not in ("scan", "index") or not number.isdecimal() or len(number) > 18:
        raise BadRequest("this page of the results does not exist: search again")
    return search.Cursor(kind == "scan", int(number))
