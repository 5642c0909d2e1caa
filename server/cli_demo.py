"""The command that fills an empty data folder with made-up data."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from server.box import with_box
from server.cli_users import FromStdin, new_password, show_password
from server.errors import Conflict
from server.settings import Settings


def add_to(app: typer.Typer) -> None:
    app.command("demo-data")(demo_data)


def demo_data(
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
    days: Annotated[int, typer.Option(min=1, max=1000, help="How far it goes back.")] = 120,
    password_stdin: FromStdin = False,
) -> None:
    """Fill an empty data folder with made-up people, talks and costs, to look at."""
    from server.demo_data.furnish import furnish

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"{folder} is not an empty folder: demo data never goes where something else is.")
    password = new_password(password_stdin, not password_stdin)
    # Nothing of the environment: it may name the database of a real server.
    settings = Settings.load({}, data=folder)
    count = with_box(lambda box: furnish(box, password, datetime.now().astimezone(), days), settings)
    typer.echo(f"{folder} has {count} calls of ada (admin), grace and linus: LLM_ROUTER_DATA={folder} llm-router serve")
    show_password(password, not password_stdin)
