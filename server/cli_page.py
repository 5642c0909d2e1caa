"""``docs/command-line.md``, printed from the commands: ``python -m server.cli_page``."""

from collections.abc import Iterator
from typing import Any

import typer

from server.cli import add_others, app

OPENING = """\
# The command line

What an owner does by hand, and what scripts do. In a container: `docker compose exec llm-router llm-router COMMAND`.

While a server runs over the data folder, a command is carried out by that server: it opens the database alone, and what
is changed counts at once, also for a reply that is being written. They meet at the socket `llm-router.sock` in the data
folder, which only the user that the server runs as (and root) may use; nothing of it is reachable from a network.
Without a server the command opens the database itself, and a server that is started meanwhile waits for it.

A command belongs to the version of the server: with another one it says so and does nothing. What was sent is carried
out to its end, also when the terminal is closed. What goes wrong is one line on standard error and exit code 1.
The data folder is found as the server finds it, by [the settings](settings.md).

`serve`, `doctor`, `restore`, `rollback`, `demo-data` and `commands` never ask a server; `restore` and `rollback` refuse
while one runs.
"""


def page() -> str:
    add_others()
    group: Any = typer.main.get_command(app)
    lines = [OPENING]
    for name, command in sorted(_commands(group)):
        lines += _entry(name, command)
    return "\n".join(lines)


def _commands(group: Any, before: str = "llm-router") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


def _entry(name: str, command: Any) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    params = [param for param in command.params if "--help" not in param.opts]
    places = [_place(param) for param in params if param.param_type_name == "argument"]
    options = ["[OPTIONS]"] if any(param.param_type_name == "option" for param in params) else []
    yield f"## {' '.join((name, *places, *options))}\n"
    yield f"{command.help}\n"
    shown = [row for param in params if (row := _row(param, context))]
    if shown:
        yield from ("| | |", "|---|---|", *shown, "")


def _place(param: Any) -> str:
    name = (param.metavar or param.name).strip("[]").upper()
    return name if param.required else f"[{name}]"


def _row(param: Any, context: Any) -> str | None:
    """None for what its name says."""
    if not param.help:
        return None
    told, text = param.get_help_record(context)
    told = _place(param) if param.param_type_name == "argument" else told.replace(" range>", ">").replace("|", "\\|")
    text = text.replace("  [required]", "").replace("  [", " [").replace("*", "\\*")
    return f"| `{told}` | {text} |"


if __name__ == "__main__":
    typer.echo(page(), nl=False)
