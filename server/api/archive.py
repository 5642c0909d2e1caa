"""Take away and bring along over HTTP: exports as they stream, PDFs and imports with their progress."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from server.api.attachments import safe
from server.api.deps import Here, Me, with_room
from server.archive import json, markdown, reading
from server.archive.names import file_name
from server.errors import BadRequest
from server.ids import now

router = APIRouter(prefix="/api")

PATH = "/api/import"
PLAIN = {"Content-Encoding": "identity", "Cache-Control": "no-store"}
"""What is packed already is not packed again on its way."""

Leaf = Annotated[str | None, Query(max_length=64)]


@router.get("/export")
async def export_everything(here: Here, me: Me) -> Response:
    """A ZIP of every conversation that is not in the bin, with its files."""
    user = {"id": me.user.id, "username": me.user.username}
    name = f"llm-router {now():%Y-%m-%d}.zip"
    return StreamingResponse(
        json.everything(here.database, here.intake.files, user),
        media_type="application/zip",
        headers=safe("attachment", name) | PLAIN,
    )


@router.get("/export/{id}")
async def export_conversation(
    here: Here, me: Me, id: str, format: Literal["json", "markdown"] = "json", leaf: Leaf = None
) -> Response:
    """The whole conversation as JSON, or as Markdown what is read up to the message ``leaf``."""
    row = await reading.conversation(here.database, me.user.id, id)
    if format == "json":
        user = {"id": me.user.id, "username": me.user.username}
        pieces = json.conversation(here.database, here.intake.files, user, id)
        kind, name = "application/json", file_name(row.title, "json")
    else:
        pieces = markdown.document(here.database, me.user.id, id, leaf)
        kind, name = "text/markdown; charset=utf-8", file_name(row.title, "md")
    first = await anext(pieces)  # what cannot be exported says so before the status is sent
    headers = safe("attachment", name) | {"Cache-Control": "no-store"}
    return StreamingResponse(_resumed(first, pieces), media_type=kind, headers=headers)


@router.post("/export/{id}/pdf", status_code=202, dependencies=with_room)
async def start_pdf(here: Here, me: Me, id: str, leaf: Leaf = None) -> dict[str, Any]:
    """Begins to set what is read up to the message ``leaf``; asking again while it is being made gives the same."""
    return (await here.papers.start(me.user.id, id, leaf)).as_json()


@router.get("/pdf/{id}")
async def look_at_pdf(here: Here, me: Me, id: str) -> dict[str, Any]:
    return here.papers.get(me.user.id, id).as_json()


@router.get("/pdf/{id}/file")
async def take_pdf(here: Here, me: Me, id: str) -> Response:
    path, name = here.papers.file(me.user.id, id)
    return FileResponse(path, media_type="application/pdf", headers=safe("attachment", name) | PLAIN)


@router.post("/import", status_code=202, dependencies=with_room)
async def start_import(
    request: Request, here: Here, me: Me, name: Annotated[str, Query(max_length=1000)] = ""
) -> dict[str, Any]:
    """The body is the file itself. What it holds is looked at in the background."""
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else None
    return (await here.imports.receive(me.user.id, name, size, _chunks(request))).as_json()


@router.get("/import/{id}")
async def look_at_import(here: Here, me: Me, id: str) -> dict[str, Any]:
    return here.imports.get(me.user.id, id).as_json()


async def _resumed(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise BadRequest("the file was cut off on its way: send it again", code="cut_off") from None
