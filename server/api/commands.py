"""The command table over HTTP: as data for the palette, with the values of an argument, and run."""

import asyncio
from collections import Counter
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from commands import registry, results
from commands.context import Context
from commands.registry import CommandError, Situation
from server.accounts.sessions import SignedIn
from server.api.deps import ClientId, Here, Me, Services
from server.chat import conversations, library, messages
from server.content import templates
from server.errors import BadRequest, NotFound
from server.money import dollars, recent, subjects
from server.money.price_book import PriceBook
from server.providers.base import Model
from server.providers.models import public_id
from server.routing.router import ROUTES
from server.wire.request import EFFORTS

router = APIRouter(prefix="/api/commands")

MAX_VALUES = 50
MAX_LINE = 120
"""Characters of a past prompt that are shown."""


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conversation: str | None = None
    line: str = Field(min_length=1, max_length=200_000)
    client_id: ClientId | None = None
    attachments: list[str] = []


@router.get("")
async def list_commands(here: Here, me: Me, conversation: str | None = None) -> dict[str, Any]:
    now = await _situation(here, me, conversation)
    return {"commands": [registry.as_json(entry, now) for entry in registry.table()]}


@router.get("/{name}/values")
async def list_values(
    here: Here, me: Me, name: str, conversation: str | None = None, q: str = "", argument: str | None = None
) -> dict[str, Any]:
    """What an argument can be, the first one unless another is named; ``current`` marks what holds now."""
    entry = registry.find(name)
    if entry is None:
        raise NotFound(f"there is no command /{name}")
    wanted_one = [one for one in entry.arguments if argument in (None, one.name)]
    values = wanted_one[0].values if wanted_one else None
    shown = await here.replies.feed.conversation(me.user.id, conversation) if conversation else None
    if values == "models":
        found = await _models(here, me, shown)
    elif values == "image_models":
        found = await _image_models(here, me)
    elif values == "efforts":
        found = await _efforts(here, me, shown)
    elif values == "bin":
        binned = await here.database.read(
            lambda connection: conversations.page(
                connection, me.user.id, None, MAX_VALUES, conversations.Choice(deleted=True)
            )
        )
        found = [_value(row.id, f"deleted {row.deleted_at:%d %b}".lower(), title=row.title) for row in binned]
    elif values == "templates":
        kept = await here.database.read(lambda connection: templates.every(connection, me.user.id))
        found = [_value(one.name, one.description) for one in kept]
    elif values == "prompts":
        past, _ = await here.database.read(
            lambda connection: library.prompts(connection, me.user.id, q, None, MAX_VALUES)
        )
        return {"values": [_value(one["message_id"], "", title=_first_line(one["text"])) for one in past]}
    elif values == "tags":
        counted = await here.database.read(lambda connection: conversations.tags(connection, me.user.id))
        mine = set(shown["tags"]) if shown else set()
        found = [
            _value(f"-{tag}" if tag in mine else tag, f"{count} conversations", title=tag, current=tag in mine)
            for tag, count in counted.items()
        ]
    elif values == "payers":
        found = await _payers(here, me)
    elif values == "commands":
        found = [_value(known.name, known.summary) for known in registry.table()]
    else:
        current = shown and shown.get("temperature")
        found = [_value(one, "", current=_same(one, current)) for one in values or ()]
    wanted = q.casefold().split()
    matching = [one for one in found if all(word in f"{one['value']} {one['title']}".casefold() for word in wanted)]
    return {"values": matching[:MAX_VALUES]}


@router.post("")
async def run(here: Here, me: Me, line: Line) -> dict[str, Any]:
    """Raises BadRequest for a line that is no command: it never goes to a model."""
    try:
        entry, arguments = registry.parse(line.line)
    except CommandError as error:
        raise BadRequest(str(error), code="unknown_command") from None
    if entry.run is None:
        raise BadRequest(f"/{entry.name} runs in the page", code="browser_command")
    if not entry.when(await _situation(here, me, line.conversation)):
        raise BadRequest(f"/{entry.name} makes no sense right now", code="not_now")
    context = Context(
        user_id=me.user.id,
        device_id=me.device.id,
        preferences=me.user.preferences,
        conversation_id=line.conversation,
        database=here.database,
        directory=here.directory,
        router=here.router,
        replies=here.replies,
        settings=here.settings,
        book=here.book,
        admin=me.user.role == "admin",
        line=line.line.strip(),
        client_id=line.client_id,
        files=line.attachments,
    )
    answers = await entry.run(context, **arguments)
    return {"results": [results.as_json(answer) for answer in answers]}


async def _situation(here: Services, me: SignedIn, conversation: str | None) -> Situation:
    admin = me.user.role == "admin"
    if conversation is None:
        return Situation(admin=admin)

    def work(connection: Connection) -> tuple[bool, bool]:
        leaf = conversations.get(connection, me.user.id, conversation).leaf_id
        row = None if leaf is None else messages.get(connection, me.user.id, leaf)
        return row is not None and row.role in ("user", "assistant"), row is not None and row.comparison is not None

    answered, compared = await here.database.read(work)
    running = any(reply.conversation_id == conversation for reply in here.replies.running.values())
    return Situation(conversation=True, running=running, answered=answered, compared=compared, admin=admin)


async def _models(here: Services, me: SignedIn, conversation: dict[str, Any] | None) -> list[dict[str, Any]]:
    models = [model for model in await here.directory.models(me.user.id) if model.kind == "chat"]
    default, _ = await here.directory.default(me.user.id, me.user.preferences.get("default_model"))
    current = (conversation and conversation["model"]) or default
    measured = await here.database.read(lambda connection: recent.speeds(connection, me.user.id))
    speeds = {model: speed for model, (_, speed) in measured.items()}
    details = await asyncio.to_thread(
        lambda: [_detail(here.prices, model, speeds.get((model.provider, model.name))) for model in models]
    )
    routed = [_value(id, detail, current=id == current) for id, detail in ROUTES.items()]
    return [
        _value(public_id(model), detail, title=model.title, current=public_id(model) == current)
        for model, detail in zip(models, details, strict=True)
    ] + (routed if models else [])


async def _image_models(here: Services, me: SignedIn) -> list[dict[str, Any]]:
    models = [model for model in await here.directory.models(me.user.id) if model.kind == "image"]
    default = await here.directory.image_default(me.user.id) if models else None
    return [_value(public_id(model), model.title, current=public_id(model) == default) for model in models]


async def _payers(here: Services, me: SignedIn) -> list[dict[str, Any]]:
    """Whose budgets the person may set."""
    owner = None if me.user.role == "admin" else me.user.id
    may = await here.database.read(lambda connection: subjects.settable(connection, owner))
    owners = Counter(name for name, _ in {(one.name, one.owner) for one in may if one.owner})
    found = []
    for one in may:
        at = f"@{one.owner}" if one.owner and owners[one.name] > 1 else ""
        found.append(f"{one.scope}:{one.name}{at}" if one.name else one.scope)
    return [_value(name, "") for name in dict.fromkeys(found) if " " not in name]


def _detail(prices: PriceBook, model: Model, speed: float | None) -> str:
    price = prices.find(model.provider, model.name)
    parts = []
    if price is not None and price.input is not None:
        parts.append("free" if price.free else f"{dollars.price(price.input)}/{dollars.price(price.output or 0)}")
    if model.context:
        parts.append(f"{model.context // 1000}k" if model.context < 1_000_000 else f"{model.context / 1e6:.3g}M")
    if speed is not None:
        parts.append(f"{speed:.0f} t/s")
    return " · ".join(parts)


async def _efforts(here: Services, me: SignedIn, conversation: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The levels that the conversation's model takes, where that is known."""
    wanted = conversation and conversation["model"]
    models = await here.directory.models(me.user.id)
    model = next((model for model in models if public_id(model) == wanted), None)
    levels = model.efforts if model and model.efforts is not None else EFFORTS
    current = (conversation and conversation["reasoning"]) or "default"
    return [_value(one, "", current=one == current) for one in ("default", *levels)]


def _value(value: str, detail: str, *, title: str = "", current: bool = False) -> dict[str, Any]:
    return {"value": value, "title": title or value, "detail": detail, "current": current}


def _first_line(text: str) -> str:
    line = text.strip().split("\n", 1)[0]
    return line if len(line) <= MAX_LINE else f"{line[:MAX_LINE]}…"


def _same(value: str, current: object) -> bool:
    return value == "default" if current is None else value == f"{current:g}"
