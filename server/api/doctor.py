"""How the server is, for an admin: what was found last, and one more look, with or without asking the providers."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from server.api.deps import Here, MeAsAdmin, is_secure
from server.ops.health.finding import Seen

router = APIRouter(prefix="/api/doctor")


class Wish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    providers: bool = False


@router.get("")
async def show(here: Here, _me: MeAsAdmin) -> dict[str, Any]:
    return here.doctor.as_json()


@router.post("", status_code=202)
async def look(request: Request, here: Here, _me: MeAsAdmin, wish: Wish) -> dict[str, Any]:
    seen = Seen(
        host=request.headers.get("host", ""),
        secure=is_secure(request, here.settings),
        forwarded="x-forwarded-for" in request.headers,
        trusted=getattr(request.state, "proxy", None) is not None,
    )
    here.doctor.start(seen, here.backups.failed, ask=wish.providers)
    return here.doctor.as_json()
