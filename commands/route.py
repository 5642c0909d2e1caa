"""Which model the router picks: /route shows the rules, tests them on a text, and leaves the choice to it."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, command
from commands.results import Notice, Result, Table
from server.errors import BadRequest
from server.money import estimate
from server.providers.base import ProviderError
from server.providers.models import ROUTED
from server.routing import facts

MODES = {"on": "auto", "cheapest": "auto/cheapest", "fastest": "auto/fastest"}


@command(
    "route",
    "let the router pick the model for each message",
    Argument(
        "what",
        "on, cheapest, fastest: leave the choice to it; off: back to your model; test: what it would pick for a text",
        values=(*MODES, "off", "test"),
    ),
    Argument("text", "with test: the message", rest=True),
)
async def route(context: Context, what: str | None, text: str | None) -> Sequence[Result]:
    if what == "test":
        if not text:
            raise BadRequest("/route test <text>: write the message that is to be tested")
        return [await _tested(context, text)]
    if text:
        raise BadRequest("/route takes a text only after test")
    if what is None:
        return [await _shown(context)]
    before = None if context.conversation_id is None else (await context.conversation())["model"]
    undo = f"/model {before}" if before else None
    if what == "off":
        default, _ = await context.directory.default(context.user_id, context.own_model)
        return [*await context.change(model=default), Notice(f"model: {default}", undo=undo)]
    return [*await context.change(model=MODES[what]), Notice(f"model: {MODES[what]}", undo=undo)]


async def _tested(context: Context, text: str) -> Table:
    about = facts.of(text, estimate.tokens(text), tags=await _tags(context))
    rows: list[tuple[str, ...]] = []
    for asked in ROUTED:
        try:
            first, *others = await context.router.picks(context.user_id, asked, about)
            then = f"; then {', '.join(one.id for one in others)}" if others else ""
            rows.append((asked, first.id, f"{first.reason}{then}"))
        except ProviderError as error:
            rows.append((asked, "none", error.message))
    return Table(f"picked for: {about}", ("asked", "model", "why"), tuple(rows))


async def _shown(context: Context) -> Table:
    rules = await context.router.rules(context.user_id)
    rows = [
        (str(number), str(rule.when), " → ".join((rule.model, *rule.fallbacks))) for number, rule in enumerate(rules, 1)
    ]
    default, _ = await context.directory.default(context.user_id, context.own_model)
    return Table("routes of auto", ("", "when", "then"), (*rows, ("", "otherwise", default)))


async def _tags(context: Context) -> Sequence[str]:
    return [] if context.conversation_id is None else (await context.conversation()).get("tags") or []
