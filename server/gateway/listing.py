"""``GET /v1/models``: what the key may use, in one shape that the clients of both families read."""

from datetime import UTC, datetime
from typing import Any

from server.calls.admission import Caller
from server.errors import NotFound
from server.gateway.asked import Asked
from server.gateway.desk import Desk
from server.providers.base import Model
from server.providers.models import ROUTED, public_id
from server.wire.sse import packed

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
"""The age of a model whose provider does not say: no client may take it for the newest."""


async def models(asked: Asked) -> None:
    """All of them, or the one of that id. Raises Forbidden, NotFound …"""
    desk, caller, wanted = asked.desk, asked.caller, asked.path.removeprefix("models").strip("/")
    admission = await desk.admissions.admit(caller, "models")
    try:
        found = await _entries(desk, caller)
        if not wanted:
            body = {
                "object": "list",
                "data": list(found.values()),
                "has_more": False,
                "first_id": next(iter(found), None),
                "last_id": next(reversed(found), None),
            }
        elif wanted in found:
            body = found[wanted]
        else:
            raise NotFound(f"there is no model {wanted[:200]} here: GET /v1/models lists what there is")
        await asked.outlet.answer(200, {"cache-control": "private, max-age=60"}, packed(body))
    finally:
        admission.settle()


async def _entries(desk: Desk, caller: Caller) -> dict[str, dict[str, Any]]:
    models = {public_id(model): model for model in await desk.targets.models(caller.user_id)}
    grant = await desk.pool.grants.of(caller.user_id)
    found = {
        name: _entry(name, model)
        for name, model in models.items()
        if caller.allows(name, model.name, f"{model.provider}/{model.name}")
    }
    if found:
        found |= {name: _entry(name, None, "llm-router") for name in ROUTED}
    for name, target in (await desk.targets.aliases()).items():
        model = models.get(target)
        if caller.allows(name, target) and (model is not None or grant.allows(target)):
            found[name] = _entry(name, model, target)
    return found


def _entry(name: str, model: Model | None, owner: str = "") -> dict[str, Any]:
    created = datetime.fromtimestamp(model.created, UTC) if model and model.created else _EPOCH
    return {
        "id": name,
        "object": "model",
        "created": int(created.timestamp()),
        "owned_by": model.provider if model else owner.partition("/")[0],
        "type": "model",
        "display_name": (model.title if model else "") or name,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": model.context if model else None,
        "max_tokens": model.max_output if model else None,
    }
