"""What happened lately, in order, for everyone who watches one user's conversations.

A ring per user: events get a sequence number, readers wait for what comes after theirs. Events are projections that can
be made again from the database, so the ring forgets freely: a cursor it cannot honour is told so, never guessed at.
Memory now; the same face can stand before Redis or Valkey later.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from server.ids import new_id

MAX_EVENTS = 4000
MAX_BYTES = 2_000_000
MAX_GAPS = 256


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    type: str
    conversation: str | None
    """None concerns every page of the user."""
    data: str
    """JSON."""
    reply: str | None = None
    reply_seq: int = 0


@dataclass(slots=True)
class Ring:
    seq: int = 0
    bytes: int = 0
    events: deque[Event] = field(default_factory=deque)
    gaps: dict[str, int] = field(default_factory=dict)
    """Conversation → the sequence number up to which its events are incomplete."""
    floor: int = 0
    """No cursor before this one is honoured, whatever its conversation."""
    watchers: dict[str, int] = field(default_factory=dict)
    """Conversation → how many pages have it open."""
    readers: int = 0
    waiting: "dict[str | None, Wake]" = field(default_factory=dict)
    """By what they have open: the readers that have seen everything. None: nothing."""

    @property
    def oldest(self) -> int:
        """The earliest cursor that can be honoured."""
        return max(self.floor, self.events[0].seq - 1 if self.events else self.seq)

    def wake(self, conversation: str | None) -> None:
        """Whoever the newest event concerns; None: everybody."""
        if conversation is not None:
            woken = [self.waiting.pop(conversation)] if conversation in self.waiting else []
        else:
            woken = list(self.waiting.values())
            self.waiting.clear()
        for wake in woken:
            wake.seq = self.seq - 1
            wake.set()

    def after(self, seq: int, conversation: str | None) -> Iterator[Event]:
        """The events after ``seq`` that a page with ``conversation`` open should see."""
        fresh = list(takewhile(lambda event: event.seq > seq, reversed(self.events)))
        for event in reversed(fresh):
            if event.conversation is None or event.conversation == conversation:
                yield event


class Wake(asyncio.Event):
    """``seq`` is the position of those who were woken: nothing before it was left for them."""

    seq = 0


class Live:
    """Publish and wait, per user."""

    def __init__(self) -> None:
        self.boot = new_id()[-8:]
        self._rings: dict[str, Ring] = {}

    def publish(
        self,
        user: str,
        type: str,
        data: str,
        *,
        conversation: str | None = None,
        reply: str | None = None,
        reply_seq: int = 0,
    ) -> None:
        ring = self._ring(user)
        ring.seq += 1
        ring.events.append(Event(ring.seq, type, conversation, data, reply, reply_seq))
        ring.bytes += len(data)
        while len(ring.events) > MAX_EVENTS or ring.bytes > MAX_BYTES:
            ring.bytes -= len(ring.events.popleft().data)
        ring.wake(conversation)

    def skip(self, user: str, conversation: str) -> None:
        """Says that something of this conversation was not published, since nobody watched."""
        ring = self._ring(user)
        ring.seq += 1
        ring.gaps[conversation] = ring.seq
        if len(ring.gaps) > MAX_GAPS:
            ring.floor, ring.gaps = ring.seq, {}

    def reset(self, user: str) -> None:
        """What was published no longer leads to what is: every page of the user needs a snapshot."""
        ring = self._ring(user)
        ring.seq += 1
        ring.floor = ring.seq
        ring.wake(None)

    def broadcast(self, type: str, data: str) -> None:
        """To every page of every user."""
        for user in list(self._rings):
            self.publish(user, type, data)

    @property
    def readers(self) -> int:
        """How many pages are connected."""
        return sum(ring.readers for ring in self._rings.values())

    def watched(self, user: str, conversation: str) -> bool:
        ring = self._rings.get(user)
        return ring is not None and conversation in ring.watchers

    def present(self, user: str) -> bool:
        """Whether any page of the user is connected."""
        ring = self._rings.get(user)
        return ring is not None and ring.readers > 0

    def attach(self, user: str, conversation: str | None) -> "Reader":
        return Reader(self, self._ring(user), user, conversation)

    def _ring(self, user: str) -> Ring:
        return self._rings.setdefault(user, Ring())


class Reader:
    """One connected page. Use as a context manager: while it is open the conversation counts as watched."""

    def __init__(self, live: Live, ring: Ring, user: str, conversation: str | None) -> None:
        self._live, self._ring = live, ring
        self.user, self.conversation = user, conversation
        self._seq = ring.seq
        self._wake: Wake | None = None
        self._stopped = False

    def __enter__(self) -> "Reader":
        self._ring.readers += 1
        if self.conversation is not None:
            self._ring.watchers[self.conversation] = self._ring.watchers.get(self.conversation, 0) + 1
        return self

    def __exit__(self, *_: object) -> None:
        self._ring.readers -= 1
        if self.conversation is not None:
            left = self._ring.watchers[self.conversation] - 1
            if left:
                self._ring.watchers[self.conversation] = left
            else:
                del self._ring.watchers[self.conversation]
                self._ring.waiting.pop(self.conversation, None)

    @property
    def cursor(self) -> str:
        waits = self._wake is not None and not self._wake.is_set()
        return f"{self._live.boot}.{self._ring.seq if waits else self._seq}"

    def resume(self, cursor: str | None) -> bool:
        """Goes back to ``cursor`` if everything after it is still here; says whether it is."""
        boot, _, number = (cursor or "").partition(".")
        if boot != self._live.boot or not number.isascii() or not number.isdigit() or len(number) > 15:
            return False
        seq, ring = int(number), self._ring
        if not ring.oldest <= seq <= ring.seq or seq < ring.gaps.get(self.conversation or "", 0):
            return False
        self._seq = seq
        return True

    def restart(self) -> None:
        """Goes to the end: what follows a snapshot."""
        self._seq = self._ring.seq

    async def next(self) -> list[Event]:
        """The events after the position, at least one; advances the position past them. No more once it is stopped."""
        while not self._stopped:
            if not self._ring.oldest <= self._seq:
                raise LostPosition
            found = list(self._ring.after(self._seq, self.conversation))
            self._seq = self._ring.seq
            if found:
                return found
            # Only what concerns it wakes it: of many pages each would else look at what all the others get.
            self._wake = self._ring.waiting.setdefault(self.conversation, Wake())
            await self._wake.wait()
            self._seq = self._wake.seq
        return []

    def stop(self) -> None:
        """Lets ``next`` return at once, and from then on."""
        self._stopped = True
        if self._wake is not None and self._ring.waiting.get(self.conversation) is self._wake:
            del self._ring.waiting[self.conversation]
            self._wake.seq = self._ring.seq
            self._wake.set()


class LostPosition(Exception):
    """The reader was slower than the ring is long: it needs a snapshot."""
