"""/help: the table of commands, or one of them."""

from collections.abc import Sequence

from commands import registry
from commands.context import Context
from commands.registry import Argument, command
from commands.results import Result, Table
from server.errors import BadRequest


@command("help", "list the commands", Argument("command", "one command to explain", values="commands"), aliases=("?",))
async def help(context: Context, command: str | None) -> Sequence[Result]:
    if command is None:
        rows = tuple((entry.usage, entry.summary) for entry in registry.table())
        return [Table("commands", ("command", "what it does"), rows)]
    entry = registry.find(command.removeprefix("/"))
    if entry is None:
        raise BadRequest(f"there is no command /{command.removeprefix('/')}")
    arguments = tuple((argument.usage, argument.hint) for argument in entry.arguments)
    return [Table(entry.usage, ("", entry.summary), arguments)]
