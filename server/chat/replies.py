"""Replies: started, stopped, tried again, gone on with. The app owns their tasks; a closed connection ends none."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Row

from server.calls.calls import Calls, Purpose, settle_leftovers
from server.chat import conversations, messages, titles, turns, views
from server.chat.feed import Feed
from server.chat.runner import Outcome, Runner, ending
from server.chat.running import RunningReply
from server.chat.views import Renderer
from server.errors import AppError
from server.live.ring import Live
from server.ops.push import Ending
from server.providers.models import Choice, Directory
from server.settings import Settings
from server.store.engine import Database

log = logging.getLogger(__name__)

FIRST = 0.05
"""Seconds for which asking the provider goes before everything else that a new turn brings."""


class Replies:
    def __init__(
        self, db: Database, live: Live, calls: Calls, directory: Directory, renderer: Renderer, settings: Settings
    ) -> None:
        self.running: dict[str, RunningReply] = {}
        self.feed = Feed(db, live, renderer, self.running)
        self.on_end: Callable[[Ending], None] = lambda _: None
        self._db, self._live, self._calls, self._directory = db, live, calls, directory
        self._renderer, self._settings = renderer, settings
        self._runner = Runner(db, calls, directory, background=settings.openai_background)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._chores: set[asyncio.Task[None]] = set()
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
        model: str | None = None,
        preferred: str | None = None,
    ) -> tuple[str, str]:
        """Stores the prompt and starts its reply: (message id, reply id). Raises NotFound, BadRequest."""
        default = await self._directory.default(user_id, preferred)
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
                model=model,
                default=default,
                reasoning=self._settings.default_reasoning,
            ),
        )
        return turn.prompt_id, turn.reply_id

    async def retry(
        self, user_id: str, device_id: str, message_id: str, client_id: str, *, model: str | None = None
    ) -> str:
        """The id of another reply beside this one. Raises NotFound."""
        default, reasoning = self._settings.default_model, self._settings.default_reasoning
        turn = await self._begin(
            user_id,
            device_id,
            lambda connection: turns.retry(
                connection, user_id, message_id, client_id, model=model, default=default, reasoning=reasoning
            ),
        )
        return turn.reply_id

    async def go_on(self, user_id: str, device_id: str, message_id: str, client_id: str) -> str:
        """The id of a reply that goes on where this one broke off. Raises NotFound, BadRequest, Conflict."""
        reasoning = self._settings.default_reasoning
        turn = await self._begin(
            user_id,
            device_id,
            lambda connection: turns.go_on(connection, user_id, message_id, client_id, reasoning=reasoning),
        )
        return turn.reply_id

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

    async def start_up(self) -> None:
        """Ends, or takes up again, what a dead process left running; then keeps the running replies safe."""
        rows = await self._db.write(messages.left_running)
        again = {row.id for row in rows if row.resume and self._settings.openai_background}
        await settle_leftovers(self._db, frozenset(row.resume["call_id"] for row in rows if row.id in again))
        for row in rows:
            if row.id in again:
                self._start(row.user_id, None, row, None)
            else:
                outcome = Outcome("interrupted", notes=row.notes or [])
                await self._end(self._running_reply(row.user_id, None, row), outcome)
        self._chore(self._keep_safe())

    async def close(self) -> None:
        """Ends the tasks: what was being written is interrupted, with everything that had come in."""
        self._closing = True
        await self._checkpoint()
        tasks = [*self._tasks.values(), *self._chores]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self, user_id: str, device_id: str, work: Callable[[Connection], turns.Turn]) -> turns.Turn:
        turn = await self._db.write(work)
        if turn.reply is not None:
            reply = self._start(user_id, device_id, turn.reply, self.running.get(turn.ahead_id or ""))
            with suppress(TimeoutError):
                await asyncio.wait_for(reply.underway.wait(), FIRST)
            self._chore(self._announce(user_id, turn.reply.conversation_id, [turn.prompt_id, turn.reply_id]))
        return turn

    def _running_reply(self, user_id: str, device_id: str | None, row: Row[Any]) -> RunningReply:
        reply = RunningReply(
            row.id,
            row.conversation_id,
            user_id,
            device_id,
            row.model,
            self._live,
            self._renderer,
            views.opening(row),
        )
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
        with suppress(asyncio.CancelledError):  # stopped, or the server ends: the outcome says which
            await self._runner.run(reply, row, ahead, outcome)
        reply.underway.set()
        await reply.stop_showing(pages)
        if reply.stopping and outcome.resumable:
            self._chore(self._runner.abandon(reply, outcome))
        if not (self._closing and outcome.resumable):
            await self._end(reply, outcome)
        self._tasks.pop(reply.id, None)
        if outcome.status == "done" and outcome.choice is not None and not self._closing:
            self._chore(self._title(reply, outcome.choice))

    async def _stop(self, replies: list[RunningReply]) -> None:
        for reply in replies:
            reply.stopping = True
            self._tasks[reply.id].cancel()
        for reply in replies:
            await reply.finished.wait()

    async def _end(self, reply: RunningReply, outcome: Outcome) -> None:
        values = ending(reply, outcome)

        def work(connection: Connection) -> None:
            messages.save(connection, reply.id, **values)
            messages.drop_checkpoints(connection, reply.id)

        await self._db.write(work)
        self.running.pop(reply.id, None)
        reply.status = outcome.status
        reply.finished.set()
        await self._announce(reply.user_id, reply.conversation_id, [reply.id])
        await self.feed.tell_statistics(reply.user_id, reply.device_id)
        self.on_end(_ended(reply, values))

    async def _announce(self, user_id: str, conversation_id: str, rows: list[str]) -> None:
        """Tells the pages; a conversation that was deleted meanwhile is nobody's failure."""
        try:
            await self.feed.tell_conversation(user_id, conversation_id)
            await self.feed.tell_messages(user_id, rows)
        except AppError as error:
            log.info("nobody to tell: %s", error.message)

    async def _title(self, reply: RunningReply, choice: Choice) -> None:
        def read(connection: Connection) -> tuple[str, str] | None:
            conversation = conversations.get(connection, reply.user_id, reply.conversation_id)
            path = messages.path(connection, reply.id, 3)
            first = len(path) == 2 and conversation.titled_by == "nobody"
            return (path[0].text, path[1].text) if first else None

        if not self._settings.titles or choice.model.provider == "demo":
            return
        try:
            exchange = await self._db.read(read)
            if exchange is None:
                return
            offered = await self._directory.models(reply.user_id)
            model = await asyncio.to_thread(titles.cheapest_small, offered, choice.model)
            purpose = Purpose("title", reply.user_id, reply.device_id, reply.conversation_id)
            title = await titles.write(self._calls, purpose, Choice(model, choice.credential), *exchange)
            if title:
                await self._db.write(lambda connection: conversations.title(connection, reply.conversation_id, title))
            await self.feed.tell_conversation(reply.user_id, reply.conversation_id)
            await self.feed.tell_statistics(reply.user_id, reply.device_id)
        except AppError as error:
            log.info("no title: %s", error.message)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _keep_safe(self) -> None:
        while True:
            await asyncio.sleep(self._settings.checkpoint_interval)
            try:
                await self._checkpoint()
            except Exception:
                log.exception("the running replies could not be saved; trying again")

    async def _checkpoint(self) -> None:
        rows = [row for reply in list(self.running.values()) if (row := reply.unsaved()) is not None]
        if rows:
            await self._db.write(lambda connection: messages.append_checkpoints(connection, rows), durable=False)


def _ended(reply: RunningReply, values: dict[str, Any]) -> Ending:
    problem = values["error"] and values["error"]["message"]
    return Ending(reply.user_id, reply.conversation_id, reply.id, values["status"], values["text"], problem)
