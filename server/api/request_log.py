"""The request log over HTTP: one's own calls, for an admin everybody's, and what became of each."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me
from server.calls.explain import explain, lines
from server.errors import Forbidden
from server.money import log
from server.money.zones import zone

router = APIRouter(prefix="/api/usage/calls")

Word = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def list_calls(
    here: Here,
    me: Me,
    before: Word = None,
    limit: Annotated[int, Query(ge=1, le=log.MOST)] = 50,
    scope: Literal["mine", "all"] = "mine",
    model: Word = None,
    key: Word = None,
    status: Word = None,
    kind: Word = None,
    user: Word = None,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:
    """``from`` and ``to`` are days where the person is; ``next`` is the ``before`` of the page after this one."""
    if scope == "all" and me.user.role != "admin":
        raise Forbidden("only an admin sees the calls of everybody")
    wanted = log.Filter(
        user_id=user if scope == "all" else me.user.id,
        key_id=key,
        model=model,
        kind=kind,
        status=status,
        since=_midnight(here, me, first) if first else None,
        until=_midnight(here, me, last + timedelta(days=1)) if last else None,
    )
    return await here.database.read(lambda connection: log.page(connection, wanted, before, limit))


@router.get("/{id}")
async def explain_call(here: Here, me: Me, id: str) -> dict[str, Any]:
    """By the id of a call, of a request or of a message. Other people's are not found, unless an admin asks."""
    owner = None if me.user.role == "admin" else me.user.id
    found = await here.database.read(lambda connection: explain(connection, id, owner))
    return found | {"lines": lines(found)}


def _midnight(here: Here, me: SignedIn, day: date) -> datetime:
    place = zone(me.user.preferences.get("timezone"), here.settings.timezone)
    return datetime.combine(day, time(), place)
