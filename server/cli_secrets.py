"""The commands about the server's own secrets: its key, its master password, and taking provider keys along."""

import asyncio
import os
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.box import Box
from server.cli_config import config_app
from server.errors import BadRequest, Conflict
from server.ops import keyring
from server.procedures import alone, procedure, unlocking
from server.vault import rotation

if TYPE_CHECKING:
    from server.api.lock import Lock

FromStdin = Annotated[bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input.")]
Passwords = Annotated[
    bool, typer.Option("--password-stdin", help="Read it from standard input, the present one first.")
]
HERE = "the command line"


def add_to(app: typer.Typer) -> None:
    app.command("unlock")(unlock)


@config_app.command("rotate-key")
def rotate_key() -> None:
    """Make a new key for this server, and encrypt everything again under it. The server may run."""
    done = rotate()
    count = done["renewed"]
    stored = "1 stored secret is" if count == 1 else f"{count} stored secrets are"
    typer.echo(f"There is a new key: {stored} under it, and the old one is gone.")
    if done["unreadable"]:
        typer.echo(f"{done['unreadable']} were stored under another key file and stay unreadable: enter them again.")
    typer.echo("Backups that were made before have the old key: make a new one.")


@alone
async def rotate(box: Box) -> dict[str, int]:
    done = await rotation.rotate(box.database, box.vault)
    box.following.credentials_changed()
    return {"renewed": done.renewed, "unreadable": done.unreadable}


@config_app.command("set-password")
def set_password(password_stdin: Passwords = False) -> None:
    """Put the key file under a master password, which is asked for after every start; or change it."""
    present = _password("Present master password", password_stdin) if has_password() else None
    new = _password("New master password", password_stdin, confirm=True)
    put_password(present, new)
    typer.echo("The key file is under the master password. Nothing can read the stored keys without it: write it down.")
    typer.echo("A copy of the key file from before is not: `llm-router config rotate-key` makes such copies worthless.")


@config_app.command("remove-password")
def remove_password(password_stdin: Passwords = False) -> None:
    """Take the master password away: the server starts without being asked for it."""
    if not has_password():
        raise Conflict("There is no master password.")
    put_password(_password("Master password", password_stdin), None)
    typer.echo("The key file is no longer under a master password.")


@procedure
async def has_password(box: Box) -> bool:
    return box.vault.has_password


@alone
async def put_password(box: Box, present: str | None, new: str | None) -> None:
    vault = box.vault
    async with vault.changing:
        if vault.has_password:
            await asyncio.to_thread(vault.check_password, present or "")
            if vault.is_locked:
                await asyncio.to_thread(vault.unlock, present or "")
        await asyncio.to_thread(vault.set_password, new)


def unlock(password_stdin: Passwords = False) -> None:
    """Give a running server its master password."""
    give_password(_password("Master password", password_stdin))
    typer.echo("Unlocked.")


@unlocking
async def give_password(lock: "Lock", password: str) -> None:
    await lock.open(password, HERE)


@config_app.command("export-keys")
def export_keys(file: Path, passphrase_stdin: FromStdin = False) -> None:
    """Write the provider keys of this server to a file, under a passphrase."""
    if file.exists():
        raise BadRequest(f"{file} exists already: name another file.")
    done = give_keys(_password("Passphrase of the file", passphrase_stdin, confirm=True))
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(b64decode(done["content"]))
    typer.echo(f"{file} has {done['keys']} keys.")
    if done["unreadable"]:
        typer.echo(f"{done['unreadable']} were stored under another key file: they are not in it.")


@procedure
async def give_keys(box: Box, passphrase: str) -> dict[str, Any]:
    packed = await keyring.pack(box.credentials, None, passphrase)
    return {"content": b64encode(packed.content).decode(), "keys": packed.keys, "unreadable": packed.unreadable}


@config_app.command("import-keys")
def import_keys(file: Path, passphrase_stdin: FromStdin = False) -> None:
    """Add the provider keys of such a file to those of this server."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadRequest(f"{file} cannot be read: {error.strerror}.") from None
    added = take_keys(b64encode(content).decode(), _password("Passphrase of the file", passphrase_stdin))
    typer.echo(f"{added} keys are new." if added else "All of them were there already.")


@procedure
async def take_keys(box: Box, content: str, passphrase: str) -> int:
    keys = await keyring.unpack(b64decode(content), passphrase)
    added = await keyring.add(box.credentials, None, keys)
    box.following.credentials_changed()
    return added


def _password(what: str, from_stdin: bool, *, confirm: bool = False) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        option = "--passphrase-stdin" if what.startswith("Passphrase") else "--password-stdin"
        raise BadRequest(
            f"There is no terminal to ask on: with {option} the {what.lower()} is read from standard input."
        )
    answer: str = typer.prompt(what, hide_input=True, confirmation_prompt=confirm)
    return answer
