"""The command table over HTTP: as data for the palette, with the values of an argument, and run."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from commands import registry, results
from commands.context import Context
from commands.registry import CommandError, Situation
from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Services
from server.chat import conversations, messages
from server.errors import BadRequest, NotFound
from server.ids import now
from server.money import prices, recent
from server.providers.base import Model
from server.providers.models import public_id
from server.wire.request import EFFORTS

router = APIRouter(prefix="/api/commands")

MAX_VALUES = 50


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    conversation: str | None = None
    line: str = Field(min_length=1, max_length=200_000)


@router.get("")
async def list_commands(here: Here, me: Me, conversation: str | None = None) -> dict[str, Any]:
    now = await _situation(here, me, conversation)
    return {"commands": [registry.as_json(entry, now) for entry in registry.table()]}


@router.get("/{name}/values")
async def list_values(here: Here, me: Me, name: str, conversation: str | None = None, q: str = "") -> dict[str, Any]:
    """What the first argument can be; ``current`` marks what holds now."""
    entry = registry.find(name)
    if entry is None:
        raise NotFound(f"there is no command /{name}")
    values = entry.arguments[0].values if entry.arguments else None
    shown = await here.replies.feed.conversation(me.user.id, conversation) if conversation else None
    if values == "models":
        found = await _models(here, me, shown)
    elif values == "efforts":
        found = await _efforts(here, me, shown)
    elif values == "bin":
        binned = await here.database.read(lambda connection: conversations.binned(connection, me.user.id, MAX_VALUES))
        found = [_value(row.id, f"deleted {row.deleted_at:%d %b}".lower(), title=row.title) for row in binned]
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
        preferred_model=me.user.preferences.get("default_model"),
        conversation_id=line.conversation,
        database=here.database,
        directory=here.directory,
        replies=here.replies,
        settings=here.settings,
    )
    answers = await entry.run(context, **arguments)
    return {"results": [results.as_json(answer) for answer in answers]}


async def _situation(here: Services, me: SignedIn, conversation: str | None) -> Situation:
    admin = me.user.role == "admin"
    if conversation is None:
        return Situation(admin=admin)

    def work(connection: Connection) -> bool:
        leaf = conversations.get(connection, me.user.id, conversation).leaf_id
        return leaf is not None and messages.get(connection, me.user.id, leaf).role in ("user", "assistant")

    answered = await here.database.read(work)
    running = any(reply.conversation_id == conversation for reply in here.replies.running.values())
    return Situation(conversation=True, running=running, answered=answered, admin=admin)


async def _models(here: Services, me: SignedIn, conversation: dict[str, Any] | None) -> list[dict[str, Any]]:
    models = [model for model in await here.directory.models(me.user.id) if model.kind == "chat"]
    default, _ = await here.directory.default(me.user.id, me.user.preferences.get("default_model"))
    current = (conversation and conversation["model"]) or default
    speeds = await here.database.read(lambda connection: recent.speeds(connection, me.user.id))
    details = await asyncio.to_thread(
        lambda: [_detail(model, speeds.get((model.provider, model.name))) for model in models]
    )
    return [
        _value(public_id(model), detail, title=model.title, current=public_id(model) == current)
        for model, detail in zip(models, details, strict=True)
    ]


def _detail(model: Model, speed: float | None) -> str:
    price = prices.find(model.provider, model.name, now())
    parts = []
    if price is not None and price.input is not None:
        parts.append("free" if price.free else f"{_dollars(price.input)}/{_dollars(price.output or 0)}")
    if model.context:
        parts.append(f"{model.context // 1000}k" if model.context < 1_000_000 else f"{model.context / 1e6:.3g}M")
    if speed is not None:
        parts.append(f"{speed:.0f} t/s")
    return " · ".join(parts)


def _dollars(nanos: int) -> str:
    amount = f"{nanos / 1e9:.2f}" if nanos >= 10_000_000 or not nanos else f"{nanos / 1e9:.3g}"
    return f"${amount.removesuffix('.00')}"


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


def _same(value: str, current: object) -> bool:
    return value == "default" if current is None else value == f"{current:g}"
