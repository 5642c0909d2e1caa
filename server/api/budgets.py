"""Budgets over HTTP: a member sees their own and sets those of their keys and projects, an admin sets every one."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from server import ids
from server.api.deps import Here, Me, Owner
from server.calls.budget_report import one, report
from server.errors import NotFound
from server.money import budgets, subjects

router = APIRouter(prefix="/api/budgets")


class Wanted(BaseModel):
    """``limit`` is in dollars; ``subject_id`` the user's or the key's id, the project's name, empty for the server."""

    model_config = ConfigDict(extra="forbid")

    scope: budgets.Scope
    subject_id: Annotated[str, Field(max_length=64)] = ""
    period: budgets.Period
    limit: Annotated[Decimal, Field(max_digits=20, allow_inf_nan=False)]


@router.get("")
async def list_budgets(here: Here, owner: Owner) -> dict[str, Any]:
    """``subjects`` is everything whose budgets may be set."""
    may = await here.database.read(lambda connection: subjects.settable(connection, owner))
    return {
        "budgets": await report(here.database, here.book, here.settings.timezone, owner),
        "subjects": [each._asdict() for each in may],
    }


@router.put("")
async def set_budget(here: Here, me: Me, wanted: Wanted) -> dict[str, Any]:
    """The same again changes nothing."""
    limit = ids.nanos(wanted.limit)

    def work(connection: Connection) -> str:
        if me.user.role != "admin":
            subjects.check_owner(connection, me.user.id, wanted.scope, wanted.subject_id)
        subjects.check_subject(connection, wanted.scope, wanted.subject_id)
        return budgets.put(connection, wanted.scope, wanted.subject_id, wanted.period, limit)

    id = await here.database.write(work)
    await here.book.change()
    return {"budget": await one(here.database, here.book, here.settings.timezone, id)}


@router.delete("/{id}", status_code=204)
async def remove_budget(here: Here, me: Me, id: str) -> Response:
    def work(connection: Connection) -> None:
        owner = None if me.user.role == "admin" else me.user.id
        found = [each for each in budgets.every(connection, here.settings.timezone, owner) if each.id == id]
        if not found:
            raise NotFound("there is no such budget")
        if owner is not None:
            subjects.check_owner(connection, owner, found[0].scope, found[0].subject_id)
        budgets.remove(connection, id)

    await here.database.write(work)
    await here.book.change()
    return Response(status_code=204)
