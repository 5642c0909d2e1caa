"""The commands that keep a server's data safe: a backup, putting one back, and going back after an upgrade."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer

from server.errors import BadRequest
from server.ops import upgrade
from server.ops.backup import restore as restoring
from server.ops.backup import seal, write
from server.ops.backup.read import is_sealed
from server.ops.backup.schedule import Backups
from server.ops.backup.source import BackupError, Source
from server.procedures import backing_up
from server.settings import Settings

FromStdin = Annotated[bool, typer.Option("--passphrase-stdin", help="Read the passphrase from standard input.")]
MB = 1_000_000


def add_to(app: typer.Typer) -> None:
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("rollback")(rollback)


def backup(
    folder: Annotated[str | None, typer.Argument(metavar="[DIR]", help="Where to; - is standard output.")] = None,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Ask for a passphrase, and encrypt it.")] = False,
    passphrase_stdin: FromStdin = False,
) -> None:
    """Make a backup of everything: database, files, keys. The server may run."""
    settings = Settings.load()
    data = _existing(settings.data.absolute())
    passphrase = _passphrase(settings, encrypt, passphrase_stdin)
    if folder == "-":
        with tempfile.TemporaryDirectory(prefix=write.MAKING, dir=data) as temporary:
            made = make_backup(Path(temporary).name, _place(Path(temporary)), passphrase)
            with (Path(temporary) / made["name"]).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        typer.echo(f"Made and checked: {_sums(made)}", err=True)
        return
    if folder is None:
        made = make_backup(None, None, passphrase)
    else:
        target = Path(folder).absolute()
        made = make_backup(str(target), _place(target), passphrase)
    typer.echo(f"Made and checked {made['path']}: {_sums(made)}")
    if not made["sealed"]:
        typer.echo(
            "It holds the key file too: whoever has it can read everything. --encrypt puts it under a passphrase."
        )


@backing_up
async def make_backup(
    backups: Backups, folder: str | None, place: list[int] | None, passphrase: str | None
) -> dict[str, Any]:
    """``folder`` from the data folder; ``place`` says which it is. None: the one of the settings."""
    target = backups.folder if folder is None else backups.data / folder
    if place is not None and place != await asyncio.to_thread(_place, target):
        raise BadRequest(
            f"The server does not see the same folder at {target}: "
            "name one inside the data folder, or take the backup from standard output with -"
        )
    made = await backups.make(target, passphrase)
    return {
        "path": str(made.path),
        "name": made.path.name,
        "size": made.size,
        "files": made.files,
        "sealed": made.path.suffix == ".sealed",
    }


def restore(
    file: Annotated[str, typer.Argument(help="A backup; - is standard input.")], passphrase_stdin: FromStdin = False
) -> None:
    """Put a backup in the place of what is there, and keep that aside. The server is stopped."""
    settings = Settings.load()
    source = Source.of(settings)
    if file == "-" and passphrase_stdin:
        raise BadRequest("Standard input cannot hold both the backup and its passphrase.")
    with _opened(file, source) as content:
        passphrase = _passphrase_of(content, file, settings, passphrase_stdin)
        restored = restoring.restore(source, content, "the backup" if file == "-" else file, passphrase)
    typer.echo(f"{source.data} is as it was on {restored.page.when:%Y-%m-%d at %H:%M} UTC.")
    if restored.aside is not None:
        typer.echo(f"What was there before is in {restored.aside}: delete it when you no longer need it.")


def rollback() -> None:
    """Go back to the database as it was before the last upgrade. The server is stopped."""
    back = upgrade.rollback(Source.of(Settings.load()))
    typer.echo(
        f"The database is as it was before the upgrade of {back.to:%Y-%m-%d at %H:%M} UTC (schema {back.schema})."
    )
    typer.echo("Start the version that you had before it: this one would upgrade again.")
    if back.aside is not None:
        typer.echo(f"The upgraded one, with what was written since, is in {back.aside}.")


def _place(folder: Path) -> list[int]:
    """What tells a folder from another one with its name, such as that of another container. Makes it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise BackupError(f"No backup can be made at {folder}: {error.strerror}.") from None
    return [found.st_dev, found.st_ino]


def _sums(made: dict[str, Any]) -> str:
    return f"{made['size'] / MB:.1f} MB, {made['files']} files."


def _opened(file: str, source: Source) -> BinaryIO:
    try:
        if file != "-":
            return Path(file).open("rb")
        spooled = tempfile.TemporaryFile(dir=_existing(source.data, make=True))  # noqa: SIM115  # the caller closes it
        shutil.copyfileobj(sys.stdin.buffer, spooled)
        return cast(BinaryIO, spooled)
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror}.") from None


def _existing(data: Path, *, make: bool = False) -> Path:
    if make:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not data.is_dir():
        raise BackupError(f"There is no data folder {data}: nothing to back up.")
    return data


def _passphrase(settings: Settings, encrypt: bool, from_stdin: bool) -> str | None:
    """Of a new backup, as it was typed; None: the one of the settings, if there is one."""
    if from_stdin:
        found = sys.stdin.readline().rstrip("\r\n")
    elif encrypt and settings.backup_passphrase is None:
        found = _ask(confirm=True)
    else:
        return None
    seal.check(found)
    return found


def _passphrase_of(content: BinaryIO, file: str, settings: Settings, from_stdin: bool) -> str | None:
    if not is_sealed(content):
        return None
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if sys.stdin.isatty() and file != "-":
        return _ask(confirm=False)
    return settings.backup_passphrase.get_secret_value() if settings.backup_passphrase else None


def _ask(*, confirm: bool) -> str:
    if not sys.stdin.isatty():
        raise BadRequest("There is no terminal to ask for the passphrase: use --passphrase-stdin.")
    answer: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    return answer
