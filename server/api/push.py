"""Notifications over HTTP: this device asks for them, chooses what they tell, tries one, and takes it back."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Services
from server.ops.push import MAX_ENDPOINT

router = APIRouter(prefix="/api/push")

Key = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]+=*$", repr=False)]


class Keys(BaseModel):
    p256dh: Key
    auth: Key


class Subscription(BaseModel):
    """As the browser writes it (``PushSubscription.toJSON``); what else it says does not concern us."""

    endpoint: str = Field(max_length=MAX_ENDPOINT, repr=False)
    keys: Keys


class Wish(BaseModel):
    """``preview``: the notification tells the conversation's title and the first words of the reply."""

    model_config = ConfigDict(extra="forbid")

    subscription: Subscription
    preview: bool = False


class Seen(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reply: str = Field(max_length=64)


@router.get("")
async def show(here: Here, me: Me) -> dict[str, Any]:
    return await _state(here, me)


@router.put("")
async def subscribe(here: Here, me: Me, wish: Wish) -> dict[str, Any]:
    given = wish.subscription
    await here.push.subscribe(
        me.user.id, me.device.id, given.endpoint, given.keys.p256dh, given.keys.auth, preview=wish.preview
    )
    return await _state(here, me)


@router.delete("", status_code=204)
async def unsubscribe(here: Here, me: Me) -> Response:
    await here.push.subscriptions.remove(me.user.id, me.device.id)
    return Response(status_code=204)


@router.post("/test")
async def test(here: Here, me: Me) -> dict[str, Any]:
    """Sends a notification to this device and says how it went."""
    outcome = await here.push.test(me.user.id, me.device.id)
    return {"ok": outcome.state == "ok", "message": outcome.message or "sent"}


@router.post("/seen", status_code=204)
async def seen(here: Here, me: Me, what: Seen) -> Response:
    """A page that can be seen answers the stream's ``ended`` with this: nobody has to be told."""
    here.push.seen(me.user.id, what.reply)
    return Response(status_code=204)


async def _state(here: Services, me: SignedIn) -> dict[str, Any]:
    available = here.push.available
    preview = await here.push.subscriptions.preview(me.user.id, me.device.id) if available else None
    return {
        "available": available,
        "public_key": await here.push.public_key() if available else None,
        "subscribed": preview is not None,
        "preview": bool(preview),
    }
