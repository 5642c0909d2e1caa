"""One's provider keys taken along as a file under a passphrase, brought back, and a new key for the server."""

from base64 import b64decode
from binascii import Error
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from server.accounts.users import name_key
from server.api.attachments import safe
from server.api.deps import Here, Me, MeAsAdmin, address_of
from server.api.following import Following
from server.api.keys import may_own, may_point
from server.errors import BadRequest, Forbidden, NotSignedIn
from server.ids import now
from server.ops import keyring
from server.vault import rotation

router = APIRouter(prefix="/api")

Secret = Annotated[str, Field(max_length=2048, repr=False)]


class Export(BaseModel):
    """``password`` is the person's own: a page that was left open gives no keys away."""

    model_config = ConfigDict(extra="forbid")

    password: Secret
    passphrase: Secret


class Import(BaseModel):
    model_config = ConfigDict(extra="forbid")

    passphrase: Secret
    content: Annotated[str, Field(max_length=2 * keyring.LARGEST, repr=False)]
    """The file, as base64."""


@router.post("/settings/api-keys/export")
async def export_keys(body: Export, request: Request, here: Here, me: Me) -> Response:
    address, name = address_of(request), name_key(me.user.username)[:64]
    here.throttle.attempt(address, name)
    try:
        await here.users.check(me.user.username, body.password)
    except NotSignedIn:
        # Not 401: that would say that the person is not signed in.
        raise Forbidden("this is not your password", code="wrong_password") from None
    here.throttle.success(address, name)
    packed = await keyring.pack(here.credentials, me.user.id, body.passphrase)
    told = {"X-Keys": str(packed.keys), "Cache-Control": "no-store"}
    headers = safe("attachment", f"llm-router {now():%Y-%m-%d}.keys") | told
    return Response(packed.content, media_type="application/octet-stream", headers=headers)


@router.post("/settings/api-keys/import")
async def import_keys(body: Import, here: Here, me: Me) -> dict[str, Any]:
    await may_own(here, me)
    try:
        content = b64decode(body.content, validate=True)
    except Error:
        raise BadRequest("the file did not arrive whole: try again") from None
    keys = await keyring.unpack(content, body.passphrase)
    for each in keys:
        may_point(here, me, each.base_url)
    added = await keyring.add(here.credentials, me.user.id, keys)
    Following(here).credentials_changed()
    return {"added": added, "known": len(keys) - added}


@router.post("/admin/rotate-key")
async def rotate_key(here: Here, _me: MeAsAdmin) -> dict[str, int]:
    rotated = await rotation.rotate(here.database, here.vault)
    Following(here).credentials_changed()
    return {"renewed": rotated.renewed, "unreadable": rotated.unreadable}
