"""What was used and what it cost, over HTTP: the dashboard's report, and every row of it to take away."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection

from server.api.attachments import safe
from server.api.deps import Here, Me, Owner, Services
from server.api.virtual_keys import Admin
from server.money import export, zones
from server.money.report import Asked, period, report
from server.money.slices import FILTERS, Whose
from server.money.span import Name, Span
from server.store.tables import User

router = APIRouter()

Range = Annotated[Name, Query(alias="range")]
From = Annotated[date | None, Query(alias="from")]
To = Annotated[date | None, Query(alias="to")]


def narrowed(request: Request) -> dict[str, str]:
    """`model=`, `key=` …: what only is asked for."""
    return {name: value for name in FILTERS if (value := request.query_params.get(name))}


Narrowed = Annotated[dict[str, str], Depends(narrowed)]


@router.get("/api/usage")
async def usage(
    here: Here,
    me: Me,
    owner: Owner,
    filters: Narrowed,
    name: Range = "month",
    first: From = None,
    last: To = None,
) -> dict[str, Any]:
    return await _report(here, _asked(here, me.user, owner, filters), name, first, last)


@router.get("/api/usage/export")
async def export_usage(
    here: Here,
    me: Me,
    owner: Owner,
    filters: Narrowed,
    format: Literal["csv", "json"] = "csv",
    name: Range = "all",
    first: From = None,
    last: To = None,
) -> Response:
    """The settled rows of the range, oldest first, as they stood when it was asked."""
    asked = _asked(here, me.user, owner, filters)
    over = await here.database.read(lambda connection: _over(connection, asked, name, first, last))
    pieces = (export.as_csv if format == "csv" else export.as_json)(here.database, asked.whose, over)
    kind = "text/csv; charset=utf-8" if format == "csv" else "application/json"
    file = f"usage {over.first} {over.last}.{format}"
    return StreamingResponse(pieces, media_type=kind, headers=safe("attachment", file) | {"Cache-Control": "no-store"})


@router.get("/admin/usage-stats")
async def usage_stats(
    here: Here,
    admin: Admin,
    filters: Narrowed,
    name: Range = "month",
    first: From = None,
    last: To = None,
) -> dict[str, Any]:
    """The same of everybody, for an admin's key."""
    return await _report(here, _asked(here, admin, None, filters), name, first, last)


def _asked(here: Services, user: User, owner: str | None, filters: Mapping[str, str]) -> Asked:
    place = zones.zone(user.preferences.get("timezone"), here.settings.timezone)
    return Asked(Whose(owner, filters), place, here.settings.timezone, user.id)


async def _report(here: Services, asked: Asked, name: Name, first: date | None, last: date | None) -> dict[str, Any]:
    def work(connection: Connection) -> dict[str, Any]:
        return report(connection, asked, _over(connection, asked, name, first, last))

    return await here.database.read(work)


def _over(connection: Connection, asked: Asked, name: Name, first: date | None, last: date | None) -> Span:
    """A range that is given by its days needs no name."""
    return period(connection, asked, "custom" if first is not None else name, first, last)
