"""Backups over HTTP, for admins: which there are, one more now, one to take away. Putting one back is a command."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from server.api.attachments import safe
from server.api.deps import Here, MeAsAdmin, with_room
from server.ops.backup import shelf

router = APIRouter(prefix="/api/backups")


@router.get("")
async def list_backups(here: Here, _me: MeAsAdmin) -> dict[str, Any]:
    return await here.backups.list()


@router.post("", status_code=202, dependencies=with_room)
async def make_backup(here: Here, _me: MeAsAdmin) -> dict[str, Any]:
    """Begins to make one; the list says how far it is."""
    here.backups.start()
    return await here.backups.list()


@router.get("/{name}")
async def take_backup(here: Here, _me: MeAsAdmin, name: str) -> Response:
    path = shelf.path(here.backups.folder, name)
    headers = safe("attachment", name) | {"Content-Encoding": "identity", "Cache-Control": "no-store"}
    return FileResponse(path, media_type="application/octet-stream", headers=headers)


@router.delete("/{name}", status_code=204)
async def delete_backup(here: Here, _me: MeAsAdmin, name: str) -> Response:
    await here.backups.delete(name)
    return Response(status_code=204)
