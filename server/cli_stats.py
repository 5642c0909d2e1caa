"""`llm-router stats`: the dashboard's report for a terminal, a spreadsheet or a program."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from server.box import Box
from server.errors import BadRequest
from server.ids import now
from server.money import export, zones
from server.money.dollars import full
from server.money.figures import NAMES
from server.money.report import GROUPS, Asked, period, report
from server.money.slices import Whose
from server.procedures import procedure

By = Literal["model", "provider", "kind", "key", "project", "user", "device", "day", "hour"]
WIDTH = 24
"""Characters of the longest bar."""
_COLUMNS = (*NAMES, "tokens")
_SINCE = re.compile(r"(\d{1,5})([dw])")


def add_to(app: typer.Typer) -> None:
    app.command("stats")(stats)


def stats(
    by: Annotated[By | None, typer.Option(help="What for; left out: everything there is.")] = None,
    since: Annotated[str, typer.Option(help="A day such as 2026-01-31, how far back such as 7d, or all.")] = "30d",
    output: Annotated[Literal["table", "csv", "json"], typer.Option("--output", help="What to print.")] = "table",
) -> None:
    """What was spent by everybody, and on what."""
    found = spent(since)
    if output == "json":
        typer.echo(json.dumps(found if by is None else found | {"lines": _lines(found, by)}))
    elif output == "csv":
        typer.echo(_csv(_lines(found, by or "model")), nl=False)
    else:
        for line in _table(found, by):
            typer.echo(line)


@procedure
async def spent(box: Box, since: str) -> dict[str, Any]:
    zone = box.settings.timezone
    asked = Asked(Whose(None), zones.zone(zone), zone)
    first = _first(since, now().astimezone(asked.place).date())

    def read(connection: Connection) -> dict[str, Any]:
        over = period(connection, asked, "custom", first) if first else period(connection, asked, "all")
        return report(connection, asked, over)

    return await box.database.read(read)


def _first(since: str, today: date) -> date | None:
    """The day it begins with; None: the first one there is. Raises BadRequest."""
    if since == "all":
        return None
    if ago := _SINCE.fullmatch(since):
        return today - timedelta(days=int(ago[1]) * (7 if ago[2] == "w" else 1) - 1)
    try:
        return date.fromisoformat(since)
    except ValueError:
        raise BadRequest(f"{since} is no day such as 2026-01-31, and not how long ago, such as 7d") from None


def _lines(found: dict[str, Any], by: By) -> list[dict[str, Any]]:
    if by == "day":
        return [{"id": one["date"], "name": one["date"]} | one for one in found["days"]]
    if by == "hour":
        return [{"id": str(hour), "name": f"{hour:02}:00"} | one for hour, one in enumerate(found["hours"])]
    lines: list[dict[str, Any]] = found["by"][by]
    return lines


def _csv(lines: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    columns = ["id", "name", *_COLUMNS]
    rows = csv.writer(text)
    rows.writerow(columns)
    rows.writerows([export.cell(line.get(column, "")) for column in columns] for line in lines)
    return text.getvalue()


def _table(found: dict[str, Any], by: By | None) -> Iterable[str]:
    over = found["range"]
    yield f"{over['from']} to {over['to']}, {over['timezone']}: {_sums(found['total'])}"
    groups: Sequence[Any] = (*GROUPS, "day") if by is None else (by,)
    for group in groups:
        lines = _lines(found, group)
        if group == "day" and by is None:
            lines = [line for line in lines if line["calls"]]
        if lines:
            yield from ("", f"by {found['bucket'] if group == 'day' else group}")
            yield from _bars(lines)


def _bars(lines: Sequence[dict[str, Any]]) -> Iterable[str]:
    # Where nothing had a price, the bars are the tokens.
    measure = "cost_nanos" if any(line["cost_nanos"] for line in lines) else "tokens"
    most = max(line[measure] for line in lines) or 1
    wide = min(40, max(len(line["name"]) for line in lines))
    for line in lines:
        full = -(-line[measure] * WIDTH // most)
        yield f"{line['name'][:wide]:<{wide}}  {'█' * full}{'░' * (WIDTH - full)}  {_sums(line)}"


def _sums(sums: dict[str, Any]) -> str:
    nanos, unknown = sums["cost_nanos"], sums.get("unknown", 0)
    about = "~" if sums.get("estimated") else ""
    cost = "$?" if unknown and not nanos else about + full(nanos) + ("+?" if unknown else "")
    priceless = f", {unknown} of unknown price" if unknown else ""
    return f"{cost:>13} {sums['tokens']:>12} tokens {sums['calls']:>8} calls{priceless}"
