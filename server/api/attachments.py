"""Files that go with messages: taken in as they stream, given to their owner only, never as something that runs."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from server.api.deps import Here, Me, with_room
from server.content import attachments, kinds
from server.errors import BadRequest, NotFound

router = APIRouter(prefix="/api")

PATH = "/api/attachments"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Whatever a file contains, as a page of its own it can do nothing."""
KEPT = "private, max-age=31536000, immutable"
"""By the browser of its owner: what an id stands for never changes."""
PREVIEW_TYPE = "image/webp"


@router.post("/attachments", status_code=201, dependencies=with_room)
async def upload(request: Request, here: Here, me: Me, name: Annotated[str, Query(max_length=1000)]) -> dict[str, Any]:
    """The body is the file itself. Sending it again under the same name gives the same attachment."""
    row = await here.intake.take(me.user.id, name, _chunks(request))
    return attachments.as_json(row)


@router.get("/attachments/{id}")
@router.head("/attachments/{id}")
async def download(here: Here, me: Me, id: str, thumb: bool = False, save: bool = False) -> Response:
    """``thumb`` gives the small version of a picture; ``save`` is for keeping instead of showing."""
    row = await here.database.read(lambda connection: attachments.get(connection, me.user.id, id))
    path, media_type = here.intake.files.path(row.sha256), row.type
    if thumb and row.type in kinds.PICTURES:
        path, media_type = here.intake.files.thumb(row.sha256), PREVIEW_TYPE
    if not path.is_file():
        raise NotFound("this file is missing on the server", code="file_missing")
    shown = row.type in kinds.PICTURES and not save
    if media_type == kinds.TEXT:
        media_type += "; charset=utf-8"
    return FileResponse(path, media_type=media_type, headers=safe("inline" if shown else "attachment", row.name))


@router.get("/messages/{id}/preview")
async def preview(here: Here, me: Me, id: str) -> Response:
    """The picture of a running reply as far as it is. Raises NotFound when there is none (any more)."""
    reply = here.replies.running.get(id)
    if reply is None or reply.user_id != me.user.id or reply.preview is None:
        raise NotFound("there is no picture yet")
    media_type, data = reply.preview
    if media_type not in kinds.PICTURES:
        raise NotFound("there is no picture yet")
    return Response(data, media_type=media_type, headers=safe("inline", "preview") | {"Cache-Control": "no-store"})


def safe(disposition: str, name: str) -> dict[str, str]:
    """The headers under which a stranger's bytes can be served."""
    plain = "".join(each if (each.isascii() and each.isalnum()) or each in "._- " else "_" for each in name)
    return {
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": KEPT,
    }


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BadRequest("the file was cut off on its way: send it again", code="cut_off") from None
