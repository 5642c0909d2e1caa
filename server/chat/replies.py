"""Replies: started, stopped, tried again, gone on with. The app owns their tasks; a closed connection ends none."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Row

from server import counters
from server.calls.calls import Calls, settle_leftovers
from server.chat import conversations, enclosed, messages, turns, views
from server.chat.feed import Feed
from server.chat.keeping import checkpoint, save_bare_end, save_end, save_end_again
from server.chat.outcome import Outcome, ending, told
from server.chat.runner import Runner
from server.chat.running import RunningReply
from server.chat.titles import Titles
from server.chat.views import Renderer
from server.content import attachments, markdown
from server.content.intake import Intake
from server.errors import AppError, Unavailable
from server.live.ring import Live
from server.ops.push import Ending
from server.ops.room import Room
from server.providers import catalog
from server.providers.base import ProviderError
from server.providers.models import ROUTED, Directory, public_id
from server.routing.router import Router
from server.settings import Settings
from server.store.engine import Database

log = logging.getLogger(__name__)

FIRST = 0.05
"""Seconds for which asking the provider goes before everything else that a new turn brings."""


FAREWELL = 2.0
"""Seconds for which the end of the server waits for a provider to hear that a response is not wanted any more."""


class Replies:
    def __init__(
        self,
        db: Database,
        live: Live,
        calls: Calls,
        directory: Directory,
        router: Router,
        intake: Intake,
        renderer: Renderer,
        settings: Settings,
        room: Room,
    ) -> None:
        self.running: dict[str, RunningReply] = {}
        self.feed = Feed(db, live, renderer, self.running, settings.timezone)
        self.on_end: Callable[[Ending], None] = lambda _: None
        self._db, self._live, self._calls, self._directory = db, live, calls, directory
        self._renderer, self._settings, self._room = renderer, settings, room
        self._runner = Runner(
            db, calls, directory, router, intake, self._announce, background=settings.openai_background
        )
        self._titles = Titles(db, calls, directory, self.feed) if settings.titles else None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._abandoning: set[asyncio.Task[None]] = set()
        """What tells a provider that nobody listens any more: the end of the server does not break it off."""
        self._closing = False

    async def send(
        self,
        user_id: str,
        device_id: str,
        conversation_id: str,
        client_id: str,
        text: str,
        *,
        parent_id: object = turns.NEWEST,
        models: Sequence[str] = (),
        preferred: str | None = None,
        files: Sequence[str] = (),
    ) -> tuple[str, tuple[str, ...]]:
        """Stores the prompt and starts its replies: (message id, reply ids). Raises NotFound, BadRequest."""
        default = await self._directory.default(user_id, preferred)
        if files:
            await self._refuse_blind(user_id, conversation_id, files, models, default[0])
        turn = await self._begin(
            user_id,
            device_id,
            lambda connection: turns.send(
                connection,
                user_id,
                conversation_id,
                client_id,
                text,
                parent_id=parent_id,
                models=models,
                files=files,
                default=default,
                reasoning=self._settings.default_reasoning,
            ),
        )
        return turn.prompt_id, turn.reply_ids

    async def draw(
        self,
        user_id: str,
        device_id: str,
        conversation_id: str,
        client_id: str,
        line: str,
        wish: dict[str, Any],
        *,
        model: str,
        files: Sequence[str] = (),
    ) -> tuple[str, str]:
        """Stores a prompt for a picture and starts it: (message id, reply id). Raises NotFound, BadRequest."""
        turn = await self._begin(
            user_id,
            device_id,
            lambda connection: turns.draw(
                connection, user_id, conversation_id, client_id, line, wish, model=model, files=files
            ),
        )
        return turn.prompt_id, turn.reply_ids[0]

    async def _refuse_blind(
        self, user_id: str, conversation_id: str, files: Sequence[str], models: Sequence[str], default: str
    ) -> None:
        """Raises BadRequest before anything is stored when a model cannot see what is sent to it."""

        def work(connection: Connection) -> tuple[list[Row[Any]], str | None]:
            rows = attachments.wanted(connection, user_id, files)
            return rows, conversations.get(connection, user_id, conversation_id).model

        rows, usual = await self._db.read(work)
        for wanted in models or (usual or default,):
            if wanted in ROUTED:
                continue
            try:
                choice = await self._directory.choose(user_id, wanted)
            except ProviderError:
                continue  # the reply will say so
            seeing = [one for one in await self._directory.models(user_id) if one.vision and one.kind == "chat"]
            general = catalog.newest_general(seeing)
            enclosed.refuse_blind(rows, choice.model, [public_id(general)] if general else [])

    async def again(
        self,
        turn: Callable[..., turns.Turn],
        user_id: str,
        device_id: str,
        message_id: str,
        client_id: str,
        *,
        preferred: str | None,
        **wanted: str | None,
    ) -> str:
        """The id of another reply: ``turn`` is ``turns.retry``, ``turns.merge`` or ``turns.go_on``.

        ``preferred`` is the model where there is none. Raises what ``turn`` raises.
        """
        default, _ = await self._directory.default(user_id, preferred)
        given = {"default": default, "reasoning": self._settings.default_reasoning, **wanted}
        if turn is turns.go_on:
            text = await self._db.read(lambda connection: turns.ended(connection, user_id, message_id))
            given["opening"] = await asyncio.to_thread(markdown.reopening, text)
        begun = await self._begin(
            user_id, device_id, lambda connection: turn(connection, user_id, message_id, client_id, **given)
        )
        return begun.reply_ids[0]

    async def stop(self, user_id: str, message_id: str) -> None:
        """Ends a reply and keeps what it said; one that has ended stays as it is. Raises NotFound."""
        await self._db.read(lambda connection: messages.get(connection, user_id, message_id))
        reply = self.running.get(message_id)
        if reply is not None:
            await self._stop([reply])

    async def stop_all(self, conversation_id: str) -> None:
        """Ends every reply of a conversation, those that wait for another first."""
        here = [reply for reply in self.running.values() if reply.conversation_id == conversation_id]
        await self._stop(sorted(here, key=lambda reply: reply.id, reverse=True))

    async def stop_user(self, user_id: str) -> None:
        """Ends every reply that is being made for somebody."""
        theirs = [reply for reply in self.running.values() if reply.user_id == user_id]
        await self._stop(sorted(theirs, key=lambda reply: reply.id, reverse=True))

    async def start_up(self) -> None:
        """Ends, or takes up again, what a dead process left running; then keeps the running replies safe."""
        rows = await self._db.write(messages.left_running)
        again = {row.id for row in rows if row.resume and self._settings.openai_background}
        await settle_leftovers(self._db, frozenset(row.resume["call_id"] for row in rows if row.id in again))
        for row in rows:
            if row.id in again:
                self._start(row.user_id, None, row, None).resumable = True
            else:
                outcome = Outcome("interrupted", notes=row.notes or [])
                await self._end(self._running_reply(row.user_id, None, row), outcome)
        self._chore(self._keep_safe())

    async def close(self) -> None:
        """Ends the tasks: what was being written is interrupted, with everything that had come in."""
        self._closing = True
        try:
            await checkpoint(self._db, self.running.values())
        except Exception:
            log.exception("the running replies could not be saved")
        for reply in self.running.values():
            if reply.resumable and reply.meter is not None and not reply.stopping:
                reply.meter.left = True
        tasks = [*self._tasks.values(), *self._chores]
        written = {self._tasks[id] for id, reply in self.running.items() if reply.ending}
        for task in tasks:
            if task not in written:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await asyncio.gather(*self._abandoning, return_exceptions=True)

    async def _begin(self, user_id: str, device_id: str, work: Callable[[Connection], turns.Turn]) -> turns.Turn:
        self._room.check()
        turn = await self._db.write(work)
        if turn.replies:
            ahead = self.running.get(turn.ahead_id or "")
            started = [self._start(user_id, device_id, row, ahead) for row in turn.replies]
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST):
                    for reply in started:
                        await reply.underway.wait()
            rows = [turn.prompt_id, *turn.reply_ids]
            self._chore(self._announce(user_id, started[0].conversation_id, rows))
        return turn

    def _running_reply(self, user_id: str, device_id: str | None, row: Row[Any]) -> RunningReply:
        reply = RunningReply(
            row.id, row.conversation_id, user_id, device_id, row.model, self._live, self._renderer, views.opening(row)
        )
        reply.route = row.route
        reply.restore(row.text, row.reasoning)
        return reply

    def _start(self, user_id: str, device_id: str | None, row: Row[Any], ahead: RunningReply | None) -> RunningReply:
        reply = self._running_reply(user_id, device_id, row)
        self.running[row.id] = reply
        self._tasks[row.id] = asyncio.create_task(self._make(reply, row, ahead), name=f"reply {row.id}")
        return reply

    async def _make(self, reply: RunningReply, row: Row[Any], ahead: RunningReply | None) -> None:
        outcome = Outcome()
        pages = asyncio.create_task(reply.show(self._settings.coalesce_interval))
        try:
            with suppress(asyncio.CancelledError):  # stopped, or the server ends: the outcome says which
                await self._runner.run(reply, row, ahead, outcome)
            reply.ending = True
            reply.underway.set()
            with _logged(reply):
                await reply.stop_showing(pages)
            if not (self._closing and reply.resumable and outcome.status == "interrupted"):
                if reply.stopping and reply.resumable:
                    self._keep(self._abandoning, self._runner.abandon(reply, row, outcome))
                if row.resume and reply.meter is None:
                    with _logged(reply):
                        await self._calls.give_up(reply.user_id, row.resume["call_id"])
                await self._end(reply, outcome)
        finally:
            self._let_go(reply)
            self._tasks.pop(reply.id, None)
        if self._titles and outcome.status == "done" and outcome.choice is not None and not self._closing:
            self._chore(self._titles.give(reply, outcome.choice))

    async def _stop(self, replies: list[RunningReply]) -> None:
        # A task that is cancelled before its first step never takes one, and its reply would never finish.
        await asyncio.sleep(0)
        for reply in replies:
            if not (reply.stopping or reply.ending):
                reply.stopping = True
                self._tasks[reply.id].cancel()
        for reply in replies:
            await reply.finished.wait()

    async def _end(self, reply: RunningReply, outcome: Outcome) -> None:
        values = ending(reply, outcome)
        try:
            await save_end(self._db, reply, values, outcome.attachments)
        except Exception as error:
            log.exception("the end of reply %s could not be saved", reply.id)
            if not isinstance(error, Unavailable):
                with _logged(reply):
                    await save_bare_end(self._db, reply)
            await reply.lose()
            await self._announce(reply.user_id, reply.conversation_id, [reply.id])
            if not isinstance(error, Unavailable):
                self._let_go(reply)
                await self._announce(reply.user_id, reply.conversation_id, [])
                return
            self.running[reply.id] = reply
            reply.finished.set()
            while reply.lost and not self._closing:
                await save_end_again(self._db, reply, values, outcome.attachments)
            if reply.lost:
                return  # the next start takes up its checkpoints
        reply.status = outcome.status
        counters.replies[outcome.status] += 1
        self._let_go(reply)
        await self._announce(reply.user_id, reply.conversation_id, [reply.id])
        await self.feed.tell_statistics(reply.user_id, reply.device_id)
        self.on_end(told(reply, values))

    def _let_go(self, reply: RunningReply) -> None:
        self.running.pop(reply.id, None)
        reply.finished.set()

    async def _announce(self, user_id: str, conversation_id: str, rows: list[str]) -> None:
        """Tells the pages; a conversation that was deleted meanwhile is nobody's failure."""
        try:
            await self.feed.tell_conversation(user_id, conversation_id)
            await self.feed.tell_messages(user_id, rows)
        except AppError as error:
            log.info("nobody to tell: %s", error.code)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        self._keep(self._chores, work)

    def _keep(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def _keep_safe(self) -> None:
        while True:
            await asyncio.sleep(self._settings.checkpoint_interval)
            try:
                await checkpoint(self._db, self.running.values())
            except Exception:
                log.exception("the running replies could not be saved; trying again")


@contextmanager
def _logged(reply: RunningReply) -> Iterator[None]:
    """What happens in it keeps no reply from ending."""
    try:
        yield
    except Exception:
        log.exception("reply %s ends all the same", reply.id)
