"""/template: use one, keep one, delete one."""

from collections.abc import Sequence

from sqlalchemy import Connection

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Insert, Notice, Open, Result
from server.chat import conversations, messages
from server.content import templates, variables
from server.errors import BadRequest


@command(
    "template",
    "use a template; save or delete one",
    Argument(
        "name",
        "a template; save NAME keeps your last prompt; delete NAME; without it all of them are shown",
        values="templates",
        rest=True,
    ),
    aliases=("templates",),
)
async def template(context: Context, name: str | None) -> Sequence[Result]:
    if name is None:
        return [Open("templates")]
    order, _, rest = name.partition(" ")
    if order in templates.RESERVED:
        if not rest.strip():
            raise BadRequest(f"/template {order} <name>: which one?")
        return await _ORDERS[order](context, rest.strip())
    kept = await context.database.read(lambda connection: templates.find(connection, context.user_id, name))
    if variables.names(kept.text):
        return [Open("template", kept.id)]
    return [Insert(kept.text)]


async def _save(context: Context, name: str) -> Sequence[Result]:
    conversation_id = context.conversation_id
    if conversation_id is None:
        raise BadRequest("there is no prompt to save yet: write something first, or make a template in /template")

    def last_prompt(connection: Connection) -> str:
        leaf = conversations.get(connection, context.user_id, conversation_id).leaf_id
        said = messages.outline(connection, leaf) if leaf else []
        prompts = [row.id for row in said if row.role == "user"]
        if not prompts:
            raise BadRequest("there is no prompt to save in this conversation yet")
        return str(messages.get(connection, context.user_id, prompts[-1]).text)

    text = await context.database.read(last_prompt)
    kept = await context.database.write(lambda connection: templates.create(connection, context.user_id, name, text))
    return [Notice(f"saved as template “{kept.name}”", undo=f"/template delete {kept.name}")]


async def _delete(context: Context, name: str) -> Sequence[Result]:
    def work(connection: Connection) -> templates.Kept:
        kept = templates.find(connection, context.user_id, name)
        templates.delete(connection, context.user_id, kept.id)
        return kept

    kept = await context.database.write(work)
    return [Notice(f"template “{kept.name}” deleted", undo=f"/template restore {kept.id}")]


async def _restore(context: Context, id: str) -> Sequence[Result]:
    kept = await context.database.write(lambda connection: templates.restore(connection, context.user_id, id))
    return [Notice(f"template “{kept.name}” is back")]


_ORDERS = {"save": _save, "delete": _delete, "restore": _restore}
