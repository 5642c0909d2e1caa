"""One connection per page: what happened since its cursor, or everything as it is now, and then what happens."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response

from server.accounts.sessions import SignedIn
from server.api.deps import Here, Me, Services
from server.chat.running import dumps
from server.live.ring import LostPosition, Reader

router = APIRouter(prefix="/api")

Sent = dict[str, str | int]
"""An event as the stream's response takes it."""

LIFETIME = 300
"""Seconds after which a page is asked to connect again, so that a session that ran out does not listen on."""

SIGNED_OUT = "signed_out"
"""Published with the id of a session that was ended: for the streams that belong to it, not for the pages."""
EVERY_SESSION = ""
"""… and instead of an id when all of a user's were."""
RESTARTING = "restarting"
"""Published to everybody when the server is about to end."""
COME_BACK = 1000
"""Milliseconds after which a page tries again then; each waits a little more or less."""
RECHECK = 10.0
"""Seconds after which a stream asks again whether its session still holds: a command may have ended it."""


@router.get("/stream")
async def stream(request: Request, here: Here, me: Me, conversation: str | None = None) -> Response:
    from sse_starlette import EventSourceResponse  # 3 MB that a server without a page open does without

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
) -> AsyncIterator[Sent]:
    """``covered`` says up to which delta of each reply the last snapshot already holds everything."""
    covered: dict[str, int] = {}
    over = asyncio.create_task(_over(here, me, ending))
    try:
        with here.live.attach(me.user.id, conversation) as reader:
            over.add_done_callback(lambda _: reader.stop())
            if not reader.resume(cursor):
                yield await _snapshot(here, reader, covered)
            while not over.done():
                try:
                    events = await reader.next()
                except LostPosition:
                    yield await _snapshot(here, reader, covered)
                    continue
                for event in events:
                    if event.type == SIGNED_OUT:
                        if event.data in (me.session.id, EVERY_SESSION):
                            yield _bye(reader)
                            return
                    elif event.type == RESTARTING:
                        yield _bye(reader, COME_BACK)
                        return
                    elif event.reply is None or event.reply_seq > covered.get(event.reply, 0):
                        id = f"{here.live.boot}.{event.seq}"
                        yield _sent(event.type, event.data, id)
            await over
            yield _bye(reader, COME_BACK if ending.is_set() else None)
    finally:
        over.cancel()


def _bye(reader: Reader, retry: int | None = None) -> Sent:
    """``retry`` where the server goes away for a moment: the page says nothing of it, and comes back by itself."""
    if retry is None:
        return _sent("bye", dumps({}), reader.cursor)
    return _sent("bye", dumps({"retry": retry}), reader.cursor) | {"retry": retry}


async def _over(here: Services, me: SignedIn, ending: anyio.Event) -> None:
    """Ends when the page is to connect again, or not to listen any more: also while events flow all the time."""
    with anyio.move_on_after(LIFETIME):
        while True:
            with anyio.move_on_after(RECHECK):
                await ending.wait()
                return
            if not await here.sessions.holds(me.session):
                return


async def _snapshot(here: Services, reader: Reader, covered: dict[str, int]) -> Sent:
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
    data = {
        "conversation": reader.conversation,
        "revision": revision,
        "replies": replies,
        "models": here.directory.version,
    }
    return _sent("sync", dumps(data), position)


def _sent(type: str, data: str, id: str) -> Sent:
    return {"event": type, "data": data, "id": id, "sep": "\n"}
