"""The commands about the gateway: virtual keys, aliases, and what became of one request."""

import json
from datetime import timedelta
from typing import Annotated, Any, Literal

import typer

from server.accounts.new_key import NewKey
from server.box import Box, with_box
from server.calls import explain as explaining
from server.calls import key_report
from server.errors import BadRequest, NotFound
from server.ids import now
from server.money.dollars import full, read
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
    new = NewKey(
        name,
        project,
        "admin" if admin else "gateway",
        tuple(model or ()),
        tuple(endpoint or ()),
        None if limit is None else read(limit),
        rpm,
        tpm,
        streams,
        None if days is None else now() + timedelta(days=days),
    )

    async def work(box: Box) -> dict[str, Any]:
        owner = await _owner(box, user)
        if admin and owner.role != "admin":
            raise BadRequest(f"{owner.username} is no admin, so a key of theirs cannot be for /admin.")
        key, text = await box.keys.create(owner.id, new)
        return key_report.shown(key, new.limit_nanos) | {"key": text, "username": owner.username}

    made = with_box(work)
    if as_json:
        typer.echo(json.dumps(made))
    else:
        typer.echo(f"Key: {made['key']}")
        typer.echo(f"It belongs to {made['username']} and is not shown again. To end it: keys revoke {made['id']}")


@keys_app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the keys of everybody, newest first."""

    async def work(box: Box) -> list[dict[str, Any]]:
        return await key_report.report(box.database, await box.keys.all(None))

    listed = with_box(work)
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
    """Change what a key may do; what is not given stays, and a running server follows within a second."""
    given: dict[str, Any] = {"name": name, "project": project, "models": model, "endpoints": endpoint}
    changes = {field: value for field, value in given.items() if value is not None}
    if limit is not None:
        changes["limit_nanos"] = None if limit == NONE else read(limit)
    for field, text in (("rpm", rpm), ("tpm", tpm), ("streams", streams)):
        if text is not None:
            changes[field] = _count(text)
    if days is not None:
        until = _count(days)
        if until is not None and until > MAX_DAYS:
            raise BadRequest(f"days are at most {MAX_DAYS}")
        changes["expires_at"] = None if until is None else now() + timedelta(days=until)

    async def work(box: Box) -> dict[str, Any]:
        (shown,) = await key_report.report(box.database, [await box.keys.change(id, None, changes)])
        return shown

    changed = with_box(work)
    typer.echo(json.dumps(changed) if as_json else f"{changed['name']} ({changed['shown']}) is changed.")


@keys_app.command("revoke")
def revoke_key(id: str) -> None:
    """End a key for good; a running server lets nothing in with it within a second."""
    key = with_box(lambda box: box.keys.revoke(id, None))
    typer.echo(f"{key.name} ({key.prefix}…{key.last4}) is revoked.")


@aliases_app.command("list")
def list_aliases(as_json: AsJson = False) -> None:
    """List the names and the models behind them."""
    aliases = with_box(lambda box: box.aliases.all())
    if as_json:
        typer.echo(json.dumps(aliases))
        return
    for name, target in aliases.items():
        typer.echo(f"{name} → {target}")


@aliases_app.command("set")
def set_alias(name: str, model: str) -> None:
    """Serve MODEL to whoever asks for NAME."""
    with_box(lambda box: box.aliases.put(name, model))
    typer.echo(f"{name} → {model}")


@aliases_app.command("remove")
def remove_alias(name: str) -> None:
    """Let NAME mean itself again."""
    with_box(lambda box: box.aliases.remove(name))
    typer.echo(f"{name} is no alias any more.")


def explain(id: str, output: Output = "text") -> None:
    """What became of one request, by its id or a call's or a message's: why, retries, what was left out, use, cost."""

    async def work(box: Box) -> dict[str, Any]:
        return await box.database.read(lambda connection: explaining.explain(connection, id))

    found = with_box(work)
    if output == "json":
        typer.echo(json.dumps(found))
        return
    for line in explaining.lines(found):
        typer.echo(line)


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
