"""/system: the text that every reply of a conversation is given first."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Notice, Open, Result
from server.errors import BadRequest

_ORDERS = ("set", "append", "clear")


@command(
    "system",
    "show, set, extend or clear the system text of this conversation",
    Argument(
        "text",
        "the new text; append TEXT adds to it; clear removes it; without it the text is shown to be edited",
        rest=True,
    ),
)
async def system(context: Context, text: str | None) -> Sequence[Result]:
    if text is None:
        return [Open("system")]
    before = (await context.conversation())["system"] if context.conversation_id else context.default_system
    order, rest = _order(text)
    if order == "clear":
        return [*await context.change(system=None), _notice("cleared", before)]
    if not rest:
        raise BadRequest(f"/system {order} <text>: write the text behind it")
    after = f"{before}\n\n{rest}" if order == "append" and before else rest
    return [*await context.change(system=after), _notice("set" if after == rest else "extended", before)]


def _order(text: str) -> tuple[str, str]:
    """What to do, and with which text: one that begins with none of the orders is the new text."""
    first, *rest = text.split(maxsplit=1)
    if first == "clear" and rest:
        return "set", text
    return (first, rest[0] if rest else "") if first in _ORDERS else ("set", text)


def _notice(what: str, before: str | None) -> Notice:
    return Notice(f"system text {what}", undo=f"/system set {before}" if before else "/system clear")
