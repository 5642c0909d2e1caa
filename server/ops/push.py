"""Tells a person's devices that a reply ended, when no page of theirs is in front.

Whether one is in front is asked at that moment: every connected page hears ``ended``, and one that can be seen
answers at once. A phone that was locked, or lost the network, answers nothing, whatever its connection looks like.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from sqlmodel import col, select

from server import counters
from server.errors import BadRequest, NotFound, Unavailable
from server.live.ring import Live
from server.ops import note
from server.ops.note import Note
from server.ops.subscriptions import Subscription, Subscriptions
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import Conversation
from server.vault.vault import Vault

if TYPE_CHECKING:
    from server.ops.courier import Courier, Outcome

MAX_ENDPOINT = 2048
"""Characters of the address that a browser gives."""
TOLD = ("done", "failed", "interrupted")
"""What a person stopped, they know about."""
KEPT = 24 * 3600
"""Seconds that a push service keeps a message for a device that is switched off."""
LAST_WORDS = 3.0
"""Seconds that messages under way get when the server ends."""
NOBODY = "mailto:llm-router@example.com"
"""Stands where no contact is known. Apple refuses names that mean nothing on the internet."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """A reply that is over. ``text`` is Markdown; ``problem`` says why where it failed."""

    user_id: str
    conversation_id: str
    reply_id: str
    status: str
    text: str
    problem: str | None = None


class Push:
    def __init__(
        self, database: Database, vault: Vault, live: Live, settings: Settings, words: Callable[[str], str]
    ) -> None:
        """``words`` makes the plain beginning of a Markdown text."""
        self.subscriptions = Subscriptions(database, vault)
        self._database, self._live, self._settings, self._words = database, live, settings, words
        self._courier: Courier | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: dict[tuple[str, str], asyncio.Event] = {}

    @property
    def available(self) -> bool:
        return self._settings.push

    async def prepare(self) -> None:
        """Makes the key pair with the first sign-in: a server that idles does without what it takes."""
        if self.available:
            await self.subscriptions.ensure_key()

    async def close(self) -> None:
        """What is under way gets a moment, the rest ends."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST_WORDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._courier is not None:
            await self._courier.close()

    async def public_key(self) -> str:
        """What a browser subscribes with, base64url."""
        from server.ops import webpush

        return webpush.text(webpush.public_key(webpush.data(await self.subscriptions.key())))

    async def subscribe(
        self, user_id: str, device_id: str, endpoint: str, p256dh: str, auth: str, *, preview: bool
    ) -> None:
        """Raises BadRequest when this cannot be a browser's subscription, Unavailable where push is switched off."""
        if not self.available:
            raise Unavailable("notifications are switched off on this server", code="push_off")
        from server.ops import webpush

        try:
            webpush.check_keys(webpush.data(p256dh), webpush.data(auth))
        except ValueError:
            raise BadRequest("the keys of the subscription cannot be read") from None
        await self._messenger().check(endpoint)
        await self.subscriptions.put(user_id, device_id, endpoint, p256dh, auth, preview=preview)

    async def test(self, user_id: str, device_id: str) -> "Outcome":
        """Sends a notification to this device now. Raises NotFound when it did not ask for any."""
        found = await self.subscriptions.of(user_id, device_id) if self.available else []
        if not found:
            raise NotFound("this device gets no notifications yet: switch them on first")
        sent = Note("test", "LLM Router", "notifications work on this device", "/#/settings", always=True)
        return await self._deliver(found[0], sent)

    def reply_ended(self, ending: Ending) -> None:
        if self.available and ending.status in TOLD:
            self._start(self._tell(ending))

    def announce(self, user_id: str, tag: str, words: str, discreet: str, url: str) -> None:
        """Tells every device of a person, whether or not a page is in front; ``discreet`` where there is no preview."""
        if self.available:
            self._start(self._announce(user_id, tag, words, discreet, url))

    def seen(self, user_id: str, reply_id: str) -> None:
        """A page in front of the person has shown the end of this reply."""
        if (asked := self._asked.get((user_id, reply_id))) is not None:
            asked.set()

    async def _tell(self, ending: Ending) -> None:
        try:
            found = await self.subscriptions.of(ending.user_id)
            if not found or await self._in_front(ending):
                return
            title = await self._title(ending)
            if title is None:
                return
            words = ending.problem or ""
            if ending.status == "done" and any(one.preview for one in found):
                words = await asyncio.to_thread(self._words, ending.text)
            await asyncio.gather(*(self._deliver(one, _note(ending, title, words, one)) for one in found))
        except Exception:
            log.exception("nobody could be told that reply %s ended", ending.reply_id)

    async def _announce(self, user_id: str, tag: str, words: str, discreet: str, url: str) -> None:
        try:
            for one in await self.subscriptions.of(user_id):
                body = note.cut(words if one.preview else discreet, note.MAX_BODY)
                await self._deliver(one, Note(tag, "LLM Router", body, url))
        except Exception:
            log.exception("%s could not be announced", tag)

    async def _in_front(self, ending: Ending) -> bool:
        """Asks the pages, and gives one that is seen a moment to say so."""
        if not self._live.present(ending.user_id):
            return False
        key = (ending.user_id, ending.reply_id)
        seen = self._asked[key] = asyncio.Event()
        data = json.dumps({"reply": ending.reply_id, "conversation": ending.conversation_id})
        self._live.publish(ending.user_id, "ended", data)
        try:
            async with asyncio.timeout(self._settings.push_wait):
                await seen.wait()
            return True
        except TimeoutError:
            return False
        finally:
            del self._asked[key]

    async def _title(self, ending: Ending) -> str | None:
        """None when the conversation is in the bin."""
        here = (col(Conversation.id) == ending.conversation_id, col(Conversation.deleted_at).is_(None))
        query = select(Conversation.title).where(*here)

        def work(connection: Connection) -> str | None:
            return connection.execute(query).scalar_one_or_none()

        return await self._database.read(work)

    async def _deliver(self, to: Subscription, sent: Note) -> "Outcome":
        from server.ops import webpush

        key = webpush.data(await self.subscriptions.key())
        body = webpush.seal(note.encoded(sent), webpush.data(to.p256dh), webpush.data(to.auth))
        # The service sees that two messages are about the same thing, but not about which.
        topic = webpush.text(hashlib.sha256(f"{to.auth}{sent.tag}".encode()).digest()[:24])

        def headers(origin: str) -> Mapping[str, str]:
            expires = int(time.time()) + 12 * 3600
            return {
                "Authorization": webpush.authorization(key, origin, contact(self._settings), expires),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(KEPT),
                "Urgency": "high",
                "Topic": topic,
            }

        outcome = await self._messenger().send(to.endpoint, headers, body)
        counters.pushes[outcome.state] += 1
        if outcome.state != "ok":
            log.info("push to %s: %s", urlsplit(to.endpoint).hostname, outcome.message)
        await self.subscriptions.note(to.id, outcome.state)
        return outcome

    def _messenger(self) -> "Courier":
        if self._courier is None:
            from server.ops.courier import Courier

            self._courier = Courier(self._settings)
        return self._courier

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def contact(settings: Settings) -> str:
    """Whom push services are told to turn to."""
    if settings.push_contact:
        return settings.push_contact
    parts = urlsplit(settings.public_url or "")
    host = parts.hostname or ""
    return f"https://{host}" if parts.scheme == "https" and _is_known_outside(host) else NOBODY


def _is_known_outside(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        top = host.rpartition(".")[2]
        private = ("local", "lan", "home", "internal", "localhost", "invalid", "test", "example", "arpa")
        return "." in host and top not in private
    return False


def _note(ending: Ending, title: str, words: str, to: Subscription) -> Note:
    return note.of_reply(ending.conversation_id, ending.reply_id, title, ending.status, words, preview=to.preview)
