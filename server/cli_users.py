"""The commands about people: accounts, what they may use, one-time links, invitations, and the end of an account."""

import json
import secrets
import sys
from collections.abc import Mapping
from typing import Annotated, Literal

import typer
from sqlalchemy import Connection

from server.accounts.invitations import DAYS
from server.accounts.roster import Change
from server.box import Box, with_box
from server.errors import BadRequest
from server.ids import instant
from server.money import budgets
from server.money.dollars import read, written
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

    async def work(box: Box) -> tuple[str, str]:
        if await box.users.count() == 0:
            user = await box.users.create_first(username, password)
        else:
            role = "admin" if admin else "member"
            patterns = tuple(model or ())
            user = await box.users.create(username, password, role, models=patterns, own_keys=own_keys or "server")
        return user.role, await _link(box, user) if link else ""

    role, address = with_box(work)
    typer.echo(f"Made {username} ({role}).")
    if address:
        typer.echo(address)
    else:
        show_password(password, generate)


@users_app.command("list")
def list_users(as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False) -> None:
    """List the accounts."""
    users = with_box(lambda box: box.users.all())
    if as_json:
        names = ("id", "username", "role", "models", "own_keys")
        rows = [
            {name: getattr(user, name) for name in names}
            | {"created_at": instant(user.created_at), "disabled_at": instant(user.disabled_at)}
            for user in users
        ]
        typer.echo(json.dumps({"users": rows}))
        return
    for user in users:
        state = "disabled" if user.disabled_at else user.role
        models = f"  {' '.join(user.models)}" if user.models else ""
        typer.echo(f"{user.username:<32} {state:<8} since {user.created_at:%Y-%m-%d}{models}")


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
    models = () if all_models else tuple(model) if model else None
    limits = dict(_limit(each) for each in budget or ())

    async def work(box: Box) -> User:
        user = await box.users.change((await box.users.named(username)).id, Change(role, models, own_keys))
        await box.database.write(lambda connection: _hold(connection, user.id, limits))
        return user

    user = with_box(work)
    allowed = " ".join(user.models) or "every model"
    typer.echo(f"{user.username} is {'an admin' if user.role == 'admin' else 'a member'} and may use {allowed}.")
    for period, limit in limits.items():
        spend = "as much as there is" if limit is None else f"${written(limit)}"
        typer.echo(f"{user.username} may spend {spend} {'in total' if period == 'total' else f'per {period}'}.")


@users_app.command("disable")
def disable_user(username: str) -> None:
    """Keep somebody out, and end their sessions; what they wrote stays."""
    _change(username, Change(disabled=True))
    typer.echo(f"{username} is signed out and stays out until `llm-router users enable {username}`.")


@users_app.command("enable")
def enable_user(username: str) -> None:
    """Let somebody in again."""
    _change(username, Change(disabled=False))
    typer.echo(f"{username} can sign in again.")


@users_app.command("password")
def set_password(username: str, password_stdin: FromStdin = False, generate: Generate = False) -> None:
    """Give somebody a new password, and end their sessions."""
    password = new_password(password_stdin, generate)
    with_box(lambda box: box.users.set_password(username, password))
    typer.echo(f"{username} has a new password and is signed out everywhere.")
    show_password(password, generate)


@users_app.command("link")
def make_link(username: str) -> None:
    """Print a link with which somebody chooses a new password, once."""

    async def work(box: Box) -> str:
        return await _link(box, await box.users.named(username))

    typer.echo(with_box(work))


@users_app.command("delete")
def delete_user(
    username: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether you are sure.")] = False
) -> None:
    """Erase somebody and everything they wrote; what they used stays in the ledger, without their name."""
    if not yes and not typer.confirm(f"Erase {username} and everything they wrote? It cannot come back"):
        raise typer.Exit(1)

    async def work(box: Box) -> None:
        from server.chat.erasure import erase
        from server.content.files import Files

        user = await box.users.named(username)
        await box.users.give_up(user.id)
        await erase(box.database, user.id, Files(box.settings.data / "attachments"))

    with_box(work)
    typer.echo(f"{username} is erased.")


@users_app.command("invite")
def invite(
    admin: Annotated[bool, typer.Option("--admin", help="For another admin.")] = False,
    days: Annotated[int, typer.Option(min=1, max=90, help="Days for which it holds.")] = DAYS,
) -> None:
    """Print an invitation, with which one person makes an account."""

    async def work(box: Box) -> str:
        _, code = await box.invitations.invite("admin" if admin else "member", days, None)
        return code

    code = with_box(work)
    settings = Settings.load()
    typer.echo(f"{_address(settings, code)}\nCode: {code}")
    if not settings.registration:
        typer.echo("It is worth something once the server is started with LLM_ROUTER_REGISTRATION=true.")


@users_app.command("invitations")
def list_invitations() -> None:
    """List the invitations that can still be used."""
    for row in with_box(lambda box: box.invitations.all()):
        typer.echo(f"{row.id}  {row.role:<6}  until {row.expires_at:%Y-%m-%d %H:%M} UTC")


@users_app.command("withdraw")
def withdraw(id: str) -> None:
    """End an invitation before somebody uses it."""
    with_box(lambda box: box.invitations.withdraw(id))
    typer.echo("It is worth nothing any more.")


def _limit(text: str) -> tuple[budgets.Period, int | None]:
    """`month=30` as a period and nano-dollars; None: no limit. Raises BadRequest."""
    name, _, amount = text.partition("=")
    period = next((one for one in budgets.PERIODS if one == name), None)
    if period is None or not amount:
        raise BadRequest(f"{text:.40} is not a budget, such as month=30 or month=off")
    return period, None if amount == "off" else budgets.check_limit(read(amount))


def _hold(connection: Connection, user_id: str, limits: Mapping[budgets.Period, int | None]) -> None:
    for period, limit in limits.items():
        if limit is None:
            budgets.forget(connection, "user", user_id, period)
        else:
            budgets.put(connection, "user", user_id, period, limit)


def _change(username: str, change: Change) -> User:
    async def work(box: Box) -> User:
        return await box.users.change((await box.users.named(username)).id, change)

    return with_box(work)


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
