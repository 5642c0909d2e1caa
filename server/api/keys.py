"""Provider keys over HTTP: written, tested, replaced, deleted; never read back."""

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Services
from server.api.following import Following
from server.errors import BadRequest, Forbidden, NotFound
from server.ids import instant
from server.providers.base import Credential, ProviderError
from server.providers.carried import MARK
from server.providers.registry import PROVIDERS, recognise
from server.vault.credentials import Summary
from server.vault.rotation import unreadable

router = APIRouter(prefix="/api/settings/api-keys")


class NewKey(BaseModel):
    """``provider`` is recognised from the key where it is left out. ``everybody`` makes it the server's own."""

    model_config = ConfigDict(extra="forbid")

    provider: str | None = None
    key: str | None = Field(None, repr=False)
    base_url: str | None = None
    everybody: bool = False


class Replacement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str | None = Field(None, repr=False)
    base_url: str | None = None
    position: int | None = Field(None, ge=0, le=1000)
    weight: int | None = Field(None, ge=1, le=1000)


@router.get("")
async def list_keys(here: Here, me: Me) -> dict[str, Any]:
    stored = [_shown(row, me) for row in await here.credentials.all(me.user.id)]
    lost = await unreadable(here.database, here.vault)
    for shown in stored:
        if shown["id"] in lost:
            shown |= {"status": "failed", "status_message": "stored under another key file: enter it again"}
    environment = [_of_environment(credential) for credential in here.pool.environment]
    providers = [
        {
            "name": name,
            "title": info.title,
            "needs_key": info.needs_key,
            "default_base_url": info.base_url,
            "key_url": info.key_url,
            "prefixes": info.prefixes,
        }
        for name, info in PROVIDERS.items()
        if name != "demo"
    ]
    grant = await here.pool.grants.of(me.user.id)
    return {"keys": stored + environment, "providers": providers, "own": grant.own_keys}


@router.post("", status_code=201)
async def add_key(here: Here, me: Me, new: NewKey) -> dict[str, Any]:
    key = (new.key or "").strip() or None
    provider = new.provider or (recognise(key) if key else None)
    if provider is None:
        raise BadRequest("the key does not say whose it is: choose the provider", code="unknown_provider")
    if provider not in PROVIDERS or provider == "demo":
        raise BadRequest(f"provider is one of {', '.join(name for name in PROVIDERS if name != 'demo')}")
    if PROVIDERS[provider].needs_key and key is None:
        raise BadRequest(f"{PROVIDERS[provider].title} needs a key")
    if PROVIDERS[provider].base_url is None and not new.base_url:
        raise BadRequest("say where it listens: base_url, such as http://192.168.1.20:8000/v1")
    may_point(here, me, new.base_url)
    if new.everybody and me.user.role != "admin":
        raise Forbidden("only an admin adds keys for everybody")
    await may_own(here, me)
    row = await here.credentials.create(None if new.everybody else me.user.id, provider, key, new.base_url)
    Following(here).credentials_changed()
    return _shown(row, me)


@router.patch("/{id}")
async def replace_key(here: Here, me: Me, id: str, new: Replacement) -> dict[str, Any]:
    may_point(here, me, new.base_url)
    await may_own(here, me)
    row = await _find(here, me, id)
    changed = await here.credentials.replace(
        id, row.user_id, key=new.key, base_url=new.base_url, position=new.position, weight=new.weight
    )
    if new.key is not None or new.base_url is not None:
        Following(here).credential_changed(id)
    else:
        Following(here).credentials_changed()
    return _shown(changed, me)


@router.delete("/{id}", status_code=204)
async def delete_key(here: Here, me: Me, id: str) -> Response:
    row = await _find(here, me, id)
    await here.credentials.delete(id, row.user_id)
    Following(here).credential_changed(id)
    return Response(status_code=204)


@router.post("/{id}/test")
async def test_key(here: Here, me: Me, id: str) -> dict[str, Any]:
    """Asks the provider for its models: the cheapest question that needs a working key."""
    credential = next((one for one in await here.pool.credentials(me.user.id) if one.id == id), None)
    if credential is None:
        raise NotFound("there is no such key")
    try:
        listing = await here.directory.fetch(credential)
    except ProviderError as error:
        ok, message, count = False, error.message, 0
    else:
        here.pool.health.forget(id)
        ok, message, count = True, f"works: {len(listing.models)} models", len(listing.models)
    if not id.startswith(("env:", MARK)):
        await here.credentials.note(id, "ok" if ok else "failed", None if ok else message)
    return {"ok": ok, "message": message, "models": count}


async def _find(here: Services, me: SignedIn, id: str) -> Summary:
    """A stored key that the person may change. Raises NotFound."""
    rows = await here.credentials.all(me.user.id)
    row = next((row for row in rows if row.id == id and _editable(row, me)), None)
    if row is None:
        raise NotFound("there is no such key")
    return row


def _editable(row: Summary, me: SignedIn) -> bool:
    return row.user_id == me.user.id or (row.user_id is None and me.user.role == "admin")


async def may_own(here: Services, me: SignedIn) -> None:
    """A key that was stored before can still be deleted."""
    if not (await here.pool.grants.of(me.user.id)).own_keys:
        raise Forbidden("you use the keys of this server: ask the admin if you need your own", code="own_keys_off")


def may_point(here: Services, me: SignedIn, base_url: str | None) -> None:
    """Where the server sends requests to is the owner's to say: a member could reach into the house with it."""
    if base_url and me.user.role != "admin" and not here.settings.member_addresses:
        raise Forbidden("only an admin can set an address")


def _shown(row: Summary, me: SignedIn) -> dict[str, Any]:
    return {
        "id": row.id,
        "provider": row.provider,
        "last4": row.last4,
        "base_url": row.base_url,
        "position": row.position,
        "weight": row.weight,
        "owner": "you" if row.user_id else "server",
        "status": row.status,
        "status_message": row.status_message,
        "checked_at": instant(row.checked_at),
        "editable": _editable(row, me),
    }


def _of_environment(credential: Credential) -> dict[str, Any]:
    return {
        "id": credential.id,
        "provider": credential.provider,
        "last4": credential.last4,
        "base_url": credential.base_url,
        "position": None,
        "weight": credential.weight,
        "owner": "server",
        "status": "untested",
        "status_message": None,
        "checked_at": None,
        "editable": False,
    }
