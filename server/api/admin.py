"""What an admin sees and sets of the gateway: other names for models, what became of a request."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from server.api.deps import Here
from server.api.virtual_keys import Admin
from server.calls.explain import explain

router = APIRouter(prefix="/admin")


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str


@router.get("/aliases")
async def list_aliases(here: Here, _admin: Admin) -> dict[str, Any]:
    return {"aliases": await here.aliases.all()}


@router.put("/aliases/{name:path}", status_code=204)
async def set_alias(here: Here, _admin: Admin, name: str, target: Target) -> Response:
    await here.aliases.put(name, target.model)
    return Response(status_code=204)


@router.delete("/aliases/{name:path}", status_code=204)
async def remove_alias(here: Here, _admin: Admin, name: str) -> Response:
    await here.aliases.remove(name)
    return Response(status_code=204)


@router.get("/requests/{request_id}")
async def explain_request(here: Here, _admin: Admin, request_id: str) -> dict[str, Any]:
    return await here.database.read(lambda connection: explain(connection, request_id))
