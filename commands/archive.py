"""Take away and bring along: /export /import."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Open, Result
from server.errors import BadRequest


@command(
    "export",
    "take this conversation away, or all of them",
    Argument("format", "without it the choice opens", values=("markdown", "pdf", "json", "everything")),
)
async def export(context: Context, format: str | None) -> Sequence[Result]:
    if format not in (None, "everything") and context.conversation_id is None:
        raise BadRequest("there is no conversation yet: /export everything takes all of them")
    return [Open("export", format)]


@command("import", "bring conversations along from a file")
async def import_file(context: Context) -> Sequence[Result]:
    return [Open("import")]
