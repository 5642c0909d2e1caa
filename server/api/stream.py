"""One connection per page: what happened since its cursor, or everything as it is now, and then what happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Services
from server.chat.running import dumps
from server.live.ring import Event, LostPosition, Reader

router = APIRouter(prefix="/api")

LIFETIME = 300
"""Seconds after which a page is asked to connect again, so that a session that ran out does not listen on."""

SIGNED_OUT = "signed_out"
"""Published with the id of a session that was ended: for the streams that belong to it, not for the pages."""
EVERY_SESSION = ""
"""… and instead of an id when all of a user's were."""
RECHECK = 10.0
"""Seconds of silence after which a stream asks whether its session still holds: a command may have ended it."""


@router.get("/stream")
async def stream(request: Request, here: Here, me: Me, conversation: str | None = None) -> EventSourceResponse:
    if conversation is not None:
        await here.replies.feed.conversation(me.user.id, conversation)
    ending = anyio.Event()
    cursor = request.headers.get("last-event-id") or request.query_params.get("cursor")
    return EventSourceResponse(
        _events(here, me, conversation, cursor, ending),
        ping=here.settings.heartbeat_interval,
        sep="\n",
        send_timeout=30,
        shutdown_event=ending,
        shutdown_grace_period=2,
    )


async def _events(
    here: Services, me: SignedIn, conversation: str | None, cursor: str | None, ending: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    """``covered`` says up to which delta of each reply the last snapshot already holds everything."""
    covered: dict[str, int] = {}
    over = asyncio.create_task(_over(ending))
    following: asyncio.Task[list[Event]] | None = None
    try:
        with here.live.attach(me.user.id, conversation) as reader:
            if not reader.resume(cursor):
                yield await _snapshot(here, reader, covered)
            while True:
                following = asyncio.create_task(reader.next())
                while not await _waited(following, over) and await here.sessions.holds(me.session):
                    pass
                if not following.done():
                    yield _bye(reader)
                    return
                try:
                    events = following.result()
                except LostPosition:
                    yield await _snapshot(here, reader, covered)
                    continue
                for event in events:
                    if event.type == SIGNED_OUT:
                        if event.data in (me.session.id, EVERY_SESSION):
                            yield _bye(reader)
                            return
                    elif event.reply is None or event.reply_seq > covered.get(event.reply, 0):
                        id = f"{here.live.boot}.{event.seq}"
                        yield ServerSentEvent(event.data, event=event.type, id=id, sep="\n")
    finally:
        over.cancel()
        if following is not None:
            following.cancel()


async def _waited(*tasks: asyncio.Task[Any]) -> bool:
    """Whether one of them is done within ``RECHECK``."""
    done, _ = await asyncio.wait(tasks, timeout=RECHECK, return_when=asyncio.FIRST_COMPLETED)
    return bool(done)


def _bye(reader: Reader) -> ServerSentEvent:
    return ServerSentEvent(dumps({}), event="bye", id=reader.cursor, sep="\n")


async def _over(ending: anyio.Event) -> None:
    with anyio.move_on_after(LIFETIME):
        await ending.wait()


async def _snapshot(here: Services, reader: Reader, covered: dict[str, int]) -> ServerSentEvent:
    """The position is taken first: whatever happens while the rest is read is sent again, or known to be covered."""
    reader.restart()
    position, revision = reader.cursor, None
    replies: list[dict[str, Any]] = []
    if reader.conversation is not None:
        shown = await here.replies.feed.conversation(reader.user, reader.conversation)
        revision = shown["revision"]
        for reply in list(here.replies.running.values()):
            if reply.conversation_id == reader.conversation:
                replies.append(await reply.snapshot())
    covered.clear()
    covered.update({reply["id"]: reply["seq"] for reply in replies})
    data = {"conversation": reader.conversation, "revision": revision, "replies": replies}
    return ServerSentEvent(dumps(data), event="sync", id=position, sep="\n")
