"""The request log over HTTP: one's own calls, for an admin everybody's, and what became of each."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Owner, Services
from server.calls.explain import explain, lines
from server.ids import now
from server.money import log
from server.money.span import FIRST, span
from server.money.zones import zone

router = APIRouter(prefix="/api/usage/calls")

Word = Annotated[str | None, Query(max_length=200)]


@router.get("")
async def list_calls(
    here: Here,
    me: Me,
    owner: Owner,
    before: Word = None,
    limit: Annotated[int, Query(ge=1, le=log.MOST)] = 50,
    model: Word = None,
    key: Word = None,
    status: Word = None,
    kind: Word = None,
    user: Word = None,
    first: Annotated[date | None, Query(alias="from")] = None,
    last: Annotated[date | None, Query(alias="to")] = None,
) -> dict[str, Any]:
    """``from`` and ``to`` are days where the person is; ``next`` is the ``before`` of the page after this one."""
    since, until = _times(here, me, first, last)
    wanted = log.Filter(
        user_id=user if owner is None else owner,
        key_id=key,
        model=model,
        kind=kind,
        status=status,
        since=since,
        until=until,
    )
    return await here.database.read(lambda connection: log.page(connection, wanted, before, limit))


@router.get("/{id}")
async def explain_call(here: Here, me: Me, id: str) -> dict[str, Any]:
    """By the id of a call, of a request or of a message. Other people's are not found, unless an admin asks."""
    owner = None if me.user.role == "admin" else me.user.id
    found = await here.database.read(lambda connection: explain(connection, id, owner))
    return found | {"lines": lines(found)}


def _times(
    here: Services, me: SignedIn, first: date | None, last: date | None
) -> tuple[datetime | None, datetime | None]:
    """From the beginning of the first day to the end of the last; a day that is left out bounds nothing."""
    place = zone(me.user.preferences.get("timezone"), here.settings.timezone)
    if first is None and last is None:
        return None, None
    since, until = span("custom", place, now(), first or FIRST, last).times
    return since if first else None, until if last else None
