"""Templates over HTTP: list, keep, change, delete, fill in; and as a file, out and in."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from server.api.deps import ClientId, Here, Me
from server.content import template_file, templates, variables

router = APIRouter(prefix="/api/templates")

Text = Annotated[str, Field(max_length=2 * templates.MAX_TEXT)]


class Changes(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=2000)
    description: str | None = Field(None, max_length=2000)
    text: Text | None = None


class NewTemplate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=2000)
    description: str = Field("", max_length=2000)
    text: Text
    client_id: ClientId | None = None


class Values(BaseModel):
    model_config = ConfigDict(extra="forbid")

    values: dict[str, Text] = {}


class File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    content: str


@router.get("")
async def list_templates(here: Here, me: Me) -> dict[str, Any]:
    """The person's own by name, then the built-in ones."""
    kept = await here.database.read(lambda connection: templates.every(connection, me.user.id))
    return {"templates": [templates.as_json(one) for one in kept]}


@router.post("", status_code=201)
async def create_template(here: Here, me: Me, new: NewTemplate) -> dict[str, Any]:
    return templates.as_json(
        await here.database.write(
            lambda connection: templates.create(
                connection, me.user.id, new.name, new.text, new.description, client_id=new.client_id
            )
        )
    )


@router.get("/export")
async def export(here: Here, me: Me) -> Response:
    """The person's own templates as a file."""
    kept = await here.database.read(lambda connection: templates.own(connection, me.user.id))
    headers = {"Content-Disposition": 'attachment; filename="templates.json"', "Cache-Control": "no-store"}
    return Response(template_file.write(kept), media_type="application/json", headers=headers)


@router.post("/import")
async def take(here: Here, me: Me, file: File) -> dict[str, Any]:
    """All of the file or nothing of it; what is there already stays as it is."""
    entries = template_file.read(file.content)
    taken = await here.database.write(lambda connection: template_file.take(connection, me.user.id, entries))
    return {"added": taken.added, "unchanged": taken.unchanged, "renamed": list(taken.renamed)}


@router.patch("/{id}")
async def change_template(here: Here, me: Me, id: str, changes: Changes) -> dict[str, Any]:
    given = changes.model_dump(exclude_unset=True)
    return templates.as_json(
        await here.database.write(lambda connection: templates.change(connection, me.user.id, id, **given))
    )


@router.delete("/{id}", status_code=204)
async def delete_template(here: Here, me: Me, id: str) -> Response:
    await here.database.write(lambda connection: templates.delete(connection, me.user.id, id))
    return Response(status_code=204)


@router.post("/{id}/restore")
async def restore_template(here: Here, me: Me, id: str) -> dict[str, Any]:
    return templates.as_json(
        await here.database.write(lambda connection: templates.restore(connection, me.user.id, id))
    )


@router.post("/{id}/fill")
async def fill(here: Here, me: Me, id: str, given: Values) -> dict[str, Any]:
    """The template's text with its variables filled in."""
    kept = await here.database.read(lambda connection: templates.find(connection, me.user.id, id))
    return {"text": variables.fill(kept.text, given.values)}
