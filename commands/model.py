"""Which model answers, and how: /model /temp /reasoning."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Notice, Open, Result
from server.errors import BadRequest
from server.wire.request import EFFORTS


async def _before(context: Context, field: str) -> object:
    return None if context.conversation_id is None else (await context.conversation())[field]


@command(
    "model",
    "switch the model of this conversation",
    Argument("id", "the model; without it the list opens", values="models"),
)
async def model(context: Context, id: str | None) -> Sequence[Result]:
    if id is None:
        return [Open("model")]
    title = await context.model(id)
    before = await _before(context, "model")
    undo = f"/model {before}" if before else None
    return [*await context.change(model=id), Notice(f"model: {title}", undo=undo)]


@command(
    "temp",
    "set the temperature",
    Argument(
        "value", "0 (steady) to 2 (wild), or default", values=("default", "0", "0.3", "0.7", "1", "1.5", "2"), free=True
    ),
    aliases=("temperature",),
)
async def temp(context: Context, value: str | None) -> Sequence[Result]:
    before = await _before(context, "temperature")
    if value is None:
        return [Notice("temperature: " + ("the model's default" if before is None else f"{before}"))]
    wanted = None if value == "default" else _number(value)
    undo = f"/temp {'default' if before is None else before}"
    return [*await context.change(temperature=wanted), Notice(f"temperature: {value}", undo=undo)]


def _number(value: str) -> float:
    try:
        return float(value.replace(",", "."))
    except ValueError:
        raise BadRequest("temperature is a number from 0 to 2, or default") from None


@command(
    "reasoning",
    "set how long the model thinks",
    Argument("level", "from none to max, or default", values="efforts"),
    aliases=("think",),
)
async def reasoning(context: Context, level: str | None) -> Sequence[Result]:
    before = await _before(context, "reasoning")
    if level is None:
        return [Notice(f"reasoning: {before or f'{context.settings.default_reasoning} (default)'}")]
    if level != "default" and level not in EFFORTS:
        raise BadRequest(f"reasoning is one of {', '.join(EFFORTS)}, or default")
    undo = f"/reasoning {before or 'default'}"
    changed = await context.change(reasoning=None if level == "default" else level)
    return [*changed, Notice(f"reasoning: {level}", undo=undo)]
