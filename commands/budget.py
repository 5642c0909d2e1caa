"""/budget: what may be spent, and how much of it is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Notice, Result, Table
from server.accounts.users import name_key
from server.calls.budget_report import bar, report
from server.errors import BadRequest
from server.money import budgets, subjects
from server.money.budgets import PERIODS, Scope
from server.money.dollars import dollars, read, written

SCOPES: tuple[Scope, ...] = ("user", "key", "project")


@command(
    "budget",
    "show what may be spent, or set it",
    Argument("period", "how long it lasts, total: for good; off removes it", values=(*PERIODS, "off")),
    Argument("amount", "how many dollars, or off", values=("off",), free=True),
    Argument("for", "whose: yourself where it is left out", values="payers", free=True, option=True),
)
async def budget(context: Context, period: str | None, amount: str | None, **options: str | None) -> Sequence[Result]:
    whom = options["for"]
    if period is None:
        return [await _shown(context)]
    scope, subject_id, called = await context.database.read(lambda connection: _payer(connection, context, whom))
    limit = None if "off" in (period, amount) else _nanos(amount, period)
    chosen = [one for one in PERIODS if period in (one, "off")]

    def work(connection: Connection) -> dict[str, int]:
        if not context.admin:
            subjects.check_owner(connection, context.user_id, scope, subject_id)
        subjects.check_subject(connection, scope, subject_id)
        before = budgets.limits(connection, scope, subject_id)
        for one in chosen:
            if limit is None:
                budgets.forget(connection, scope, subject_id, one)
            else:
                budgets.put(connection, scope, subject_id, one, limit)
        return {one: before[one] for one in chosen if one in before}

    before = await context.database.write(work)
    await context.book.change()
    return [_done(called, period, limit, before, f" --for {whom}" if whom else "")]


async def _shown(context: Context) -> Result:
    found = await report(context.database, context.book, context.settings.timezone, context.owner)
    if not found:
        return Notice("no budget: nothing holds your spending back here")
    rows = tuple(_row(one) for one in found)
    return Table("budgets", ("whose", "per", "spent", "", "starts again"), rows)


def _payer(connection: Connection, context: Context, whom: str | None) -> tuple[Scope, str, str]:
    """(scope, subject id, what it is called). Raises BadRequest, Forbidden, NotFound."""
    if whom is None:
        return "user", context.user_id, "your budget"
    if whom == "server":
        return "server", "", "the server's budget"
    kind, _, name = whom.partition(":")
    scope = next((one for one in SCOPES if one == kind and name), None)
    if scope is None:
        raise BadRequest("--for is server, user:NAME, key:NAME or project:NAME")
    key = name_key(name) if scope == "user" else name
    return scope, subjects.find(connection, scope, key, context.owner), f"the budget of {name}"


def _done(called: str, period: str, limit: int | None, before: dict[str, int], whom: str) -> Notice:
    if limit is None:
        undo = None
        if len(before) == 1:
            ((one, nanos),) = before.items()
            undo = f"/budget {one} {written(nanos)}{whom}"
        return Notice(f"{called} is removed" if before else f"{called} has no such limit", undo=undo)
    was = written(before[period]) if period in before else "off"
    per = "prepaid" if period == "total" else f"per {period}"
    return Notice(f"{called}: {dollars(limit)} {per}", undo=f"/budget {period} {was}{whom}")


def _nanos(amount: str | None, period: str) -> int:
    if amount is None:
        raise BadRequest(f"/budget {period} <amount>: write how much, such as 30, or off")
    return read(amount)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    whose = one["scope"] if one["scope"] == "server" else f"{one['scope']} {one['subject']['name']}"
    share = one["spent_nanos"] / one["limit_nanos"]
    of = f"{dollars(one['spent_nanos'])} / {dollars(one['limit_nanos'])}"
    return whose, one["period"], f"{bar(share)} {share:.0%}", of, (one["resets_at"] or "never")[:10]
