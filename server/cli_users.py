"""The commands about people: accounts, what they may use, one-time links, invitations, and the end of an account."""

import json
import secrets
import sys
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection

from server.accounts.invitations import DAYS
from server.accounts.roster import Change
from server.box import Box
from server.errors import BadRequest
from server.ids import instant
from server.money import budgets
from server.money.dollars import read, written
from server.procedures import procedure
from server.settings import Settings
from server.store.tables import User

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read it from standard input.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password and print it.")]
Models = Annotated[
    list[str] | None, typer.Option("--model", help="Pattern of the models that may be used, such as gpt-*; repeatable.")
]
OwnKeys = Annotated[
    Literal["server", "yes", "no"] | None,
    typer.Option(help="Whether provider keys of their own are used; server: as its setting says."),
]

users_app = typer.Typer(no_args_is_help=True, help="Accounts of this server.")


def add_to(app: typer.Typer) -> None:
    app.add_typer(users_app, name="users")


@users_app.command("add")
def add_user(
    username: str,
    admin: Annotated[bool, typer.Option("--admin", help="May manage this server, as the first may.")] = False,
    password_stdin: FromStdin = False,
    generate: Generate = False,
    link: Annotated[bool, typer.Option("--link", help="Print a link with which they choose a password.")] = False,
    model: Models = None,
    own_keys: OwnKeys = None,
) -> None:
    """Make an account."""
    password = secrets.token_urlsafe(32) if link else new_password(password_stdin, generate)
    wanted = {"role": "admin" if admin else "member", "models": model or [], "own_keys": own_keys or "server"}
    made = make_account(username, password, wanted, link)
    typer.echo(f"Made {username} ({made['role']}).")
    if link:
        typer.echo(made["link"])
    else:
        show_password(password, generate)


@procedure
async def make_account(box: Box, username: str, password: str, wanted: dict[str, Any], link: bool) -> dict[str, str]:
    if await box.users.count() == 0:
        user = await box.users.create_first(username, password)
    else:
        models = tuple(wanted["models"])
        user = await box.users.create(username, password, wanted["role"], models=models, own_keys=wanted["own_keys"])
    return {"role": user.role, "link": await _link(box, user) if link else ""}


@procedure
async def count(box: Box) -> int:
    return await box.users.count()


@users_app.command("list")
def list_users(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False) -> None:
    """List the accounts."""
    listed = users()
    if as_json:
        typer.echo(json.dumps({"users": listed}))
        return
    for user in listed:
        state = "disabled" if user["disabled_at"] else user["role"]
        models = f"  {' '.join(user['models'])}" if user["models"] else ""
        typer.echo(f"{user['username']:<32} {state:<8} since {user['created_at'][:10]}{models}")


@procedure
async def users(box: Box) -> list[dict[str, Any]]:
    return [_shown(user) for user in await box.users.all()]


def _shown(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in ("id", "username", "role", "models", "own_keys")} | {
        "created_at": instant(user.created_at),
        "disabled_at": instant(user.disabled_at),
    }


@users_app.command("set")
def change_user(
    username: str,
    role: Annotated[Literal["admin", "member"] | None, typer.Option(help="What they may do here.")] = None,
    model: Models = None,
    all_models: Annotated[bool, typer.Option("--all-models", help="Let them use every model.")] = False,
    own_keys: OwnKeys = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(help="Dollars of a day, week, month or in total, such as month=30 or month=off; repeatable."),
    ] = None,
) -> None:
    """Change somebody's role, what they may use, and what they may spend."""
    changes: dict[str, Any] = {"role": role, "models": [] if all_models else model or None, "own_keys": own_keys}
    limits: dict[str, int | None] = dict(_limit(each) for each in budget or ())
    user = change_account(username, changes, limits)
    allowed = " ".join(user["models"]) or "every model"
    typer.echo(f"{user['username']} is {'an admin' if user['role'] == 'admin' else 'a member'} and may use {allowed}.")
    for period, limit in limits.items():
        spend = "as much as there is" if limit is None else f"${written(limit)}"
        typer.echo(f"{user['username']} may spend {spend} {'in total' if period == 'total' else f'per {period}'}.")


@procedure
async def change_account(
    box: Box, username: str, changes: dict[str, Any], limits: dict[str, int | None]
) -> dict[str, Any]:
    """``limits`` are the budgets to set, by period; None takes one away."""
    if changes.get("models") is not None:
        changes["models"] = tuple(changes["models"])
    user = await box.users.change((await box.users.named(username)).id, Change(**changes))
    if user.disabled_at is not None:
        await box.following.shut_out(user.id)
    else:
        box.following.user_changed(user.id)
    if limits:
        await box.database.write(lambda connection: _hold(connection, user.id, limits))
        await box.following.budgets_changed()
    return _shown(user)


@users_app.command("disable")
def disable_user(username: str) -> None:
    """Keep somebody out, and end their sessions; what they wrote stays."""
    change_account(username, {"disabled": True}, {})
    typer.echo(f"{username} is signed out and stays out until `llm-router users enable {username}`.")


@users_app.command("enable")
def enable_user(username: str) -> None:
    """Let somebody in again."""
    change_account(username, {"disabled": False}, {})
    typer.echo(f"{username} can sign in again.")


@users_app.command("password")
def set_password(username: str, password_stdin: FromStdin = False, generate: Generate = False) -> None:
    """Give somebody a new password, and end their sessions."""
    password = new_password(password_stdin, generate)
    replace_password(username, password)
    typer.echo(f"{username} has a new password and is signed out everywhere.")
    show_password(password, generate)


@procedure
async def replace_password(box: Box, username: str, password: str) -> None:
    user = await box.users.named(username)
    await box.users.set_password(username, password)
    box.following.user_changed(user.id)
    box.following.signed_out(user.id)


@users_app.command("link")
def print_link(username: str) -> None:
    """Print a link with which somebody chooses a new password, once."""
    typer.echo(make_link(username))


@procedure
async def make_link(box: Box, username: str) -> str:
    return await _link(box, await box.users.named(username))


@users_app.command("delete")
def delete_user(
    username: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False
) -> None:
    """Erase somebody and everything they wrote; what they used stays in the ledger, without their name."""
    if not yes and not typer.confirm(f"Erase {username} and everything they wrote? It cannot come back"):
        raise typer.Exit(1)
    erase(username)
    typer.echo(f"{username} is erased.")


@procedure
async def erase(box: Box, username: str) -> None:
    user = await box.users.named(username)
    await box.users.give_up(user.id)
    await box.following.shut_out(user.id)
    await box.following.erase(user.id)


@users_app.command("invite")
def invite(
    admin: Annotated[bool, typer.Option("--admin", help="For another admin.")] = False,
    days: Annotated[int, typer.Option(min=1, max=90, help="Days for which it holds.")] = DAYS,
) -> None:
    """Print an invitation, with which one person makes an account."""
    made = make_invitation("admin" if admin else "member", days)
    typer.echo(f"{made['link']}\nCode: {made['code']}")
    if not made["registration"]:
        typer.echo("It is worth something once the server is started with LLM_ROUTER_REGISTRATION=true.")


@procedure
async def make_invitation(box: Box, role: str, days: int) -> dict[str, Any]:
    _, code = await box.invitations.invite(role, days, None)
    return {"link": _address(box.settings, code), "code": code, "registration": box.settings.registration}


@users_app.command("invitations")
def list_invitations() -> None:
    """List the invitations that can still be used."""
    for one in invitations():
        typer.echo(f"{one['id']}  {one['role']:<6}  until {one['until']} UTC")


@procedure
async def invitations(box: Box) -> list[dict[str, str]]:
    return [
        {"id": row.id, "role": row.role, "until": f"{row.expires_at:%Y-%m-%d %H:%M}"}
        for row in await box.invitations.all()
    ]


@users_app.command("withdraw")
def withdraw(id: str) -> None:
    """End an invitation before somebody uses it."""
    end_invitation(id)
    typer.echo("It is worth nothing any more.")


@procedure
async def end_invitation(box: Box, id: str) -> None:
    await box.invitations.withdraw(id)


def _limit(text: str) -> tuple[budgets.Period, int | None]:
    """`month=30` as a period and nano-dollars; None: no limit. Raises BadRequest."""
    name, _, amount = text.partition("=")
    period = next((one for one in budgets.PERIODS if one == name), None)
    if period is None or not amount:
        raise BadRequest(f"{text:.40} is not a budget, such as month=30 or month=off")
    return period, None if amount == "off" else budgets.check_limit(read(amount))


def _hold(connection: Connection, user_id: str, limits: dict[str, int | None]) -> None:
    for period in budgets.PERIODS:
        if period not in limits:
            continue
        if (limit := limits[period]) is None:
            budgets.forget(connection, "user", user_id, period)
        else:
            budgets.put(connection, "user", user_id, period, limit)


async def _link(box: Box, user: User) -> str:
    row, secret = await box.invitations.link(user.id, None)
    return f"{_address(box.settings, secret)}\nIt works once, until {row.expires_at:%Y-%m-%d %H:%M} UTC."


def _address(settings: Settings, secret: str) -> str:
    return f"{settings.public_url or f'http://localhost:{settings.port}'}/#/welcome/{secret}"


def new_password(from_stdin: bool, generate: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if generate:
        return secrets.token_urlsafe(12)
    if not sys.stdin.isatty():
        raise BadRequest("There is no terminal to ask for the password: use --password-stdin, --generate or --link.")
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def show_password(password: str, generated: bool) -> None:
    if generated:
        typer.echo(f"Password: {password}")
