"""The commands about the gateway: virtual keys, aliases, and what became of one request."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

import typer

from server.accounts.new_key import NewKey
from server.box import Box
from server.calls import explain as explaining
from server.calls import key_report
from server.errors import BadRequest, NotFound
from server.ids import now
from server.money.dollars import full, read
from server.procedures import procedure
from server.store.tables import User

Output = Annotated[Literal["text", "json"], typer.Option("--output", help="What to print.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON.")]

NONE = "none"
MAX_DAYS = 36_500

keys_app = typer.Typer(no_args_is_help=True, help="Keys with which other programs use the gateway.")
aliases_app = typer.Typer(no_args_is_help=True, help="Other names for models, for programs that insist on one.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(keys_app, name="keys")
    app.add_typer(aliases_app, name="aliases")
    app.command("explain")(explain)


@keys_app.command("create")
def create_key(
    name: str,
    as_json: AsJson = False,
    user: Annotated[str | None, typer.Option(help="Whose it is; left out: the first admin's.")] = None,
    project: Annotated[str, typer.Option(help="What its use is counted for.")] = "",
    model: Annotated[list[str] | None, typer.Option(help="Pattern of the models it may use, such as gpt-*.")] = None,
    endpoint: Annotated[list[str] | None, typer.Option(help="Pattern of the endpoints, such as chat/*.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=MAX_DAYS, help="Days until it expires.")] = None,
    limit: Annotated[str | None, typer.Option(help="Dollars that may be spent with it, ever.")] = None,
    rpm: Annotated[int | None, typer.Option(help="Requests per minute.")] = None,
    tpm: Annotated[int | None, typer.Option(help="Tokens per minute.")] = None,
    streams: Annotated[int | None, typer.Option(help="Requests at the same time.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="For /admin/* instead of the models.")] = False,
) -> None:
    """Make a key and print it, this once."""
    wanted = {
        "name": name,
        "project": project,
        "scope": "admin" if admin else "gateway",
        "models": model or [],
        "endpoints": endpoint or [],
        "limit_nanos": None if limit is None else read(limit),
        "rpm": rpm,
        "tpm": tpm,
        "streams": streams,
    }
    made = make_key(user, wanted, days)
    if as_json:
        typer.echo(json.dumps(made))
    else:
        typer.echo(f"Key: {made['key']}")
        typer.echo(f"It belongs to {made['username']} and is not shown again. To end it: keys revoke {made['id']}")


@procedure
async def make_key(box: Box, username: str | None, wanted: dict[str, Any], days: int | None) -> dict[str, Any]:
    owner = await _owner(box, username)
    expires_at = None if days is None else now() + timedelta(days=days)
    patterns = {name: tuple(wanted[name]) for name in ("models", "endpoints")}
    new = NewKey(**wanted | patterns, expires_at=expires_at)
    if new.scope == "admin" and owner.role != "admin":
        raise BadRequest(f"{owner.username} is no admin, so a key of theirs cannot be for /admin.")
    key, text = await box.keys.create(owner.id, new)
    await box.following.budgets_changed()
    return key_report.shown(key, new.limit_nanos) | {"key": text, "username": owner.username}


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys of everybody, newest first."""
    listed = keys()
    if as_json:
        typer.echo(json.dumps({"keys": listed}))
        return
    for key in listed:
        spent = full(key["figures"]["cost_nanos"])
        of = f" of {full(key['limit_nanos'])}" if key["limit_nanos"] else ""
        last = key["last_used_at"] or "never used"
        typer.echo(
            f"{key['id']}  {key['shown']:<13}  {key['state']:<7}  {key['username']:<12}  {key['name']:<20}"
            f"  {spent}{of}  {last}{_lately(key)}"
        )


@procedure
async def keys(box: Box) -> list[dict[str, Any]]:
    return await key_report.report(box.database, await box.keys.all(None))


def _lately(key: dict[str, Any]) -> str:
    """What tells the admin whether the old key can be switched off."""
    return f"  {key['lately']} calls in 7 days" if key["legacy"] else ""


@keys_app.command("edit")
def edit_key(
    id: str,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    project: Annotated[str | None, typer.Option(help="What its use is counted for; '' for nothing.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Patterns of the models instead; '*' for all.")] = None,
    endpoint: Annotated[list[str] | None, typer.Option(help="Patterns of the endpoints instead; '*' for all.")] = None,
    days: Annotated[str | None, typer.Option(help="Days from now until it expires, or none.")] = None,
    limit: Annotated[str | None, typer.Option(help="Dollars that may be spent with it, ever, or none.")] = None,
    rpm: Annotated[str | None, typer.Option(help="Requests per minute, or none.")] = None,
    tpm: Annotated[str | None, typer.Option(help="Tokens per minute, or none.")] = None,
    streams: Annotated[str | None, typer.Option(help="Requests at the same time, or none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what a key may do; what is not given stays, and a running server follows at once."""
    given: dict[str, Any] = {"name": name, "project": project, "models": model, "endpoints": endpoint}
    changes = {field: value for field, value in given.items() if value is not None}
    if limit is not None:
        changes["limit_nanos"] = None if limit == NONE else read(limit)
    for field, text in (("rpm", rpm), ("tpm", tpm), ("streams", streams)):
        if text is not None:
            changes[field] = _count(text)
    if days is not None:
        changes["days"] = _count(days)
        if (changes["days"] or 0) > MAX_DAYS:
            raise BadRequest(f"days are at most {MAX_DAYS}")
    changed = change_key(id, changes)
    typer.echo(json.dumps(changed) if as_json else f"{changed['name']} ({changed['shown']}) is changed.")


@procedure
async def change_key(box: Box, id: str, changes: dict[str, Any]) -> dict[str, Any]:
    if "days" in changes:
        days = changes.pop("days")
        changes["expires_at"] = None if days is None else now() + timedelta(days=days)
    key = await box.keys.change(id, None, changes)
    await box.following.budgets_changed()
    (shown,) = await key_report.report(box.database, [key])
    return shown


@keys_app.command("revoke")
def revoke_key(id: str) -> None:
    """End a key for good; a running server ends what goes on with it, and lets nothing more in."""
    key = end_key(id)
    typer.echo(f"{key['name']} ({key['shown']}) is revoked.")


@procedure
async def end_key(box: Box, id: str) -> dict[str, str]:
    key = await box.keys.revoke(id, None)
    box.following.key_revoked(id)
    return {"name": key.name, "shown": f"{key.prefix}…{key.last4}"}


@aliases_app.command("list")
def list_aliases(as_json: AsJson = False) -> None:
    """List the names and the models behind them."""
    found = aliases()
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, target in found.items():
        typer.echo(f"{name} → {target}")


@procedure
async def aliases(box: Box) -> dict[str, str]:
    return dict(await box.aliases.all())


@aliases_app.command("set")
def set_alias(name: str, model: str) -> None:
    """Serve MODEL to whoever asks for NAME."""
    put_alias(name, model)
    typer.echo(f"{name} → {model}")


@procedure
async def put_alias(box: Box, name: str, model: str) -> None:
    await box.aliases.put(name, model)


@aliases_app.command("remove")
def remove_alias(name: str) -> None:
    """Let NAME mean itself again."""
    drop_alias(name)
    typer.echo(f"{name} is no alias any more.")


@procedure
async def drop_alias(box: Box, name: str) -> None:
    await box.aliases.remove(name)


def explain(id: str, output: Output = "text") -> None:
    """What became of one request, by its id or a call's or a message's: why, retries, what was left out, use, cost."""
    found = explained(id)
    if output == "json":
        typer.echo(json.dumps(found))
        return
    for line in explaining.lines(found):
        typer.echo(line)


@procedure
async def explained(box: Box, id: str) -> dict[str, Any]:
    return await box.database.read(lambda connection: explaining.explain(connection, id))


async def _owner(box: Box, username: str | None) -> User:
    if username is not None:
        if (user := await box.users.find(username)) is None:
            raise NotFound(f"there is no user {username}")
        return user
    for user in await box.users.all():
        if user.role == "admin" and user.disabled_at is None:
            return user
    raise BadRequest("There is no account yet: `llm-router users add NAME` makes the first.")


def _count(text: str) -> int | None:
    """A whole number; None for the word that lifts a limit."""
    if text == NONE:
        return None
    if not text.isdecimal():
        raise BadRequest(f"{text} is neither a number nor {NONE}")
    return int(text)
