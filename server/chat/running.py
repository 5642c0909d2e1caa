"""A reply while it is being made: everything that came in, and what the pages that watch are told of it.

Text is rendered only while somebody watches, once for all of them, in a worker thread. A page that comes later gets a
snapshot; ``seq`` says which deltas the snapshot already holds.
"""

import asyncio
import json
import time
from typing import Any

from server.calls.calls import Attempt
from server.calls.meter import Meter
from server.chat.views import Renderer
from server.content.markdown import Delta, Stream
from server.live.ring import Live
from server.providers.base import Credential

UNSAVED = {
    "code": "unsaved",
    "message": "the reply could not be saved: keep what you need of it; the server's log says why",
    "action": "retry",
}


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class RunningReply:
    def __init__(
        self,
        id: str,
        conversation_id: str,
        user_id: str,
        device_id: str | None,
        model: str,
        live: Live,
        renderer: Renderer,
        opening: str = "",
    ) -> None:
        self.id = id
        self.conversation_id = conversation_id
        self.user_id = user_id
        self.device_id = device_id
        self.model = model
        self.route: dict[str, Any] | None = None
        """Which model the router chose, and why, where it was left to it."""
        self.status = "pending"
        self.queued = False
        self.stopping = False
        self.ending = False
        """Nothing more comes in; what is left is to show and to save it, and no Stop breaks that off."""
        self.saving = False
        """All of it is on its way into its row: a checkpoint would come after it."""
        self.finished = asyncio.Event()
        self.underway = asyncio.Event()
        """The provider has been asked, or that has to wait: what is less urgent can be done now."""
        self.activity: dict[str, Any] = {"state": "waiting"}
        self.resumable = False
        """Whether the next process can take the upstream's response up again."""
        self.meter: Meter | None = None
        self.credential: Credential | None = None
        """With which it was asked: nobody else's account knows the response."""
        self.position: int | None = None
        self.preview: tuple[str, bytes] | None = None
        """Media type and bytes of the picture that is being made, as far as it is."""
        self.seq = 0
        self._live, self._renderer = live, renderer
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self.saved = (0, 0)
        """How many pieces of text and of reasoning are in the database."""
        self._shown = [0, 0]
        """How many were given to the pages."""
        self._opening = opening
        self._stream = self._new_stream()
        self._rendering = asyncio.Lock()
        self._fresh = asyncio.Event()
        self._told_at = 0.0
        self._lost: dict[str, Any] = {}
        """What stands in no row because the last write failed."""

    @property
    def text(self) -> str:
        return "".join(self._text)

    @property
    def reasoning(self) -> str:
        return "".join(self._reasoning)

    def add(self, text: str = "", reasoning: str = "") -> None:
        if text:
            self._text.append(text)
        if reasoning:
            self._reasoning.append(reasoning)
        if text or reasoning:
            self._fresh.set()

    def restore(self, text: str, reasoning: str) -> None:
        """Takes up what an earlier process had stored."""
        self.add(text, reasoning)
        self.saved = (len(self._text), len(self._reasoning))

    def replace(self, text: str) -> None:
        """The provider's whole text, where the stream cannot be taken up again; what was there is its beginning."""
        had = self.text
        if text.startswith(had):
            self.add(text[len(had) :])
        else:
            self._text, self.saved, self._shown[0] = [text], (0, self.saved[1]), 0
            self._stream = self._new_stream()
            self._live.reset(self.user_id)
            self._fresh.set()

    def _new_stream(self) -> Stream:
        stream = Stream()
        stream.append(self._opening)
        return stream

    def unsaved(self) -> dict[str, Any] | None:
        """What came in since it was last asked, as a checkpoint row."""
        text, reasoning = self._text[self.saved[0] :], self._reasoning[self.saved[1] :]
        if not text and not reasoning:
            return None
        self.saved = (len(self._text), len(self._reasoning))
        return {
            "message_id": self.id,
            "text": "".join(text),
            "reasoning": "".join(reasoning),
            "position": self.position,
        }

    def live_view(self) -> dict[str, Any]:
        """What the API knows better than the row while it runs."""
        view: dict[str, Any] = {
            "status": self.status,
            "activity": self.activity,
            "model": self.model,
            "route": self.route,
        }
        if self._text or self._reasoning:
            view |= {"text": self.text, "reasoning": self.reasoning}
        return view | self._lost

    async def show(self, interval: float) -> None:
        """Keeps the watching pages up to date, at most once per ``interval`` seconds, until cancelled."""
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            async with self._rendering:
                if self._live.watched(self.user_id, self.conversation_id):
                    await self._publish()
                else:
                    self._live.skip(self.user_id, self.conversation_id)
            await asyncio.sleep(interval)
            if self._stream.behind:
                self._fresh.set()

    async def stop_showing(self, showing: asyncio.Task[None]) -> None:
        """Ends ``show``, between two of its publications, and publishes what it had not."""
        async with self._rendering:
            showing.cancel()
            if self._live.watched(self.user_id, self.conversation_id):
                await self._publish()

    async def snapshot(self) -> dict[str, Any]:
        """All of it so far, taken in the same instant as ``seq``."""
        async with self._rendering:
            await self._publish()
            closed, open_ = self._stream.snapshot()
            return {
                "id": self.id,
                "status": self.status,
                "seq": self.seq,
                "blocks": closed,
                "open": open_,
                "reasoning": "".join(self._reasoning[: self._shown[1]]),
                "model": self.model,
                "activity": self.activity,
            }

    @property
    def lost(self) -> bool:
        """Whether it has ended and its end is not saved."""
        return bool(self._lost)

    async def lose(self) -> None:
        """Its end could not be saved: only this object knows what it was."""
        shown = await self.snapshot()
        self.status = "failed"
        self._lost = {"html": "".join(shown["blocks"]) + (shown["open"] or ""), "error": UNSAVED}

    def found(self) -> None:
        """It is saved after all."""
        self._lost = {}

    def asked(self, attempt: Attempt, state: str) -> None:
        """The provider is asked, or will be again in a while; ``state`` is what it does then."""
        self.meter, self.credential = attempt.meter, attempt.credential
        self.underway.set()
        if attempt.error is None:
            self.tell(state=state)
        else:
            self.tell(state="retrying", until_seconds=round(attempt.wait, 1), message=attempt.error.message)

    def tell(self, **activity: Any) -> None:
        """Says what it is doing now."""
        self.activity = activity
        if self._live.watched(self.user_id, self.conversation_id):
            data = dumps({"reply": self.id, "status": self.status, "activity": activity})
            self._live.publish(self.user_id, "reply", data, conversation=self.conversation_id)

    async def _publish(self) -> None:
        thoughts = self._reasoning[self._shown[1] :]
        if thoughts:
            self._shown[1] = len(self._reasoning)
            self._push("reasoning", {"append": "".join(thoughts)})
        pieces = self._text[self._shown[0] :]
        if pieces or self._stream.behind:
            self._shown[0] = len(self._text)
            loop = asyncio.get_running_loop()
            delta = await loop.run_in_executor(self._renderer.threads, self._advance, "".join(pieces))
            if delta is not None:
                self._push("delta", _delta(delta))
        self._tell_progress()

    def _advance(self, text: str) -> Delta | None:
        self._stream.append(text)
        return self._stream.take()

    def _push(self, type: str, data: dict[str, Any]) -> None:
        self.seq += 1
        data = {"reply": self.id, "seq": self.seq} | data
        self._live.publish(
            self.user_id, type, dumps(data), conversation=self.conversation_id, reply=self.id, reply_seq=self.seq
        )

    def _tell_progress(self) -> None:
        if self.activity.get("state") == "drawing":  # says itself how far it is
            return
        if self.meter is None or not self.meter.said or time.monotonic() - self._told_at < 1:
            return
        self._told_at = time.monotonic()
        tokens = self.meter.output_tokens
        # Of a reply that was taken up again nobody knows how long its first tokens took.
        first = self.meter.first_token_ms
        seconds = (self.meter.elapsed_ms - first) / 1000 if first is not None else 0
        self.tell(
            state="writing" if self._text else "thinking",
            tokens=tokens,
            tokens_per_second=round(tokens / seconds, 1) if seconds > 0.5 else None,
            cost_nanos=self.meter.cost_so_far(),
        )


def _delta(delta: Delta) -> dict[str, Any]:
    shown: dict[str, Any] = {"closed": [{"index": index, "html": html} for index, html in delta.closed], "open": None}
    if delta.open is not None:
        index, kind, content = delta.open
        shown["open"] = {"index": index, kind: content}
    return shown
