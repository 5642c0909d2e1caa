"""The task that makes one reply: waits its turn, asks the model, takes what comes in, says how it ended."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row

from server.calls.calls import Attempt, Calls, Purpose
from server.chat import messages, prompt
from server.chat.running import RunningReply
from server.errors import AppError
from server.ids import now
from server.providers.base import ProviderError, Resumable
from server.providers.models import Choice, Directory
from server.store.engine import Database
from server.wire.events import Event, Finish, Reasoning, Replace, Start, Text
from server.wire.request import Request

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outcome:
    """How a reply ended, as columns of its row."""

    status: str = "failed"
    error: dict[str, Any] | None = None
    finish_reason: str | None = None
    notes: list[str] = field(default_factory=list)
    reasoning_ms: int | None = None
    choice: Choice | None = None
    resumable: bool = False
    """Whether the next process can take the upstream's response up again."""


class Runner:
    def __init__(self, db: Database, calls: Calls, directory: Directory, *, background: bool) -> None:
        self._db, self._calls, self._directory = db, calls, directory
        self._background = background

    async def run(self, reply: RunningReply, row: Row[Any], ahead: RunningReply | None, outcome: Outcome) -> None:
        """Fills ``outcome``; raises nothing but what cancels it."""
        try:
            if ahead is not None:
                reply.queued = True
                reply.underway.set()
                await ahead.finished.wait()
                reply.queued = False
            await self._answer(reply, row, outcome)
        except asyncio.CancelledError:
            outcome.status = "stopped" if reply.stopping else "interrupted"
            raise
        except ProviderError as error:
            outcome.status, outcome.error = "failed", {"code": error.kind, "message": error.message}
        except AppError as error:
            outcome.status, outcome.error = "failed", {"code": error.code, "message": error.message}
        except Exception:
            log.exception("reply %s failed", reply.id)
            message = "something went wrong inside the server; its log says what"
            outcome.status, outcome.error = "failed", {"code": "internal", "message": message}

    async def abandon(self, reply: RunningReply, outcome: Outcome) -> None:
        """Ends a response that goes on at the provider although nobody listens any more."""
        response_id = reply.meter.response_id if reply.meter else None
        if outcome.choice is None or response_id is None:
            return
        provider = self._calls.provider(outcome.choice.model.provider)
        if isinstance(provider, Resumable):
            with suppress(ProviderError):  # it may have ended by itself
                await provider.cancel(response_id, outcome.choice.credential)

    async def _answer(self, reply: RunningReply, row: Row[Any], outcome: Outcome) -> None:
        choice = await self._directory.choose(reply.user_id, row.model)
        outcome.choice = choice
        resume = row.resume or {}
        request, notes = await self._request(row, choice)
        outcome.resumable = request.background
        outcome.notes = [*(row.notes or []), *notes]
        purpose = Purpose("chat", reply.user_id, reply.device_id, reply.conversation_id, reply.id)
        provider = self._calls.provider(choice.model.provider)
        if resume and isinstance(provider, Resumable):
            again = provider.resume(resume["response_id"], resume.get("position"), choice.credential)
            events = self._calls.resume(purpose, choice, request, resume["call_id"], again)
        else:
            events = self._calls.stream(purpose, choice, request)
        async with aclosing(events) as stream:
            await self._take(reply, stream, outcome, resumable=request.background)

    async def _request(self, row: Row[Any], choice: Choice) -> tuple[Request, list[str]]:
        def work(connection: Connection) -> list[Row[Any]]:
            return messages.path(connection, row.parent_id)

        path = await self._db.read(work)
        settings = prompt.Settings(**(row.settings or {}))
        request, notes = prompt.build(
            path, settings, choice.model, go_on=row.continues_id is not None, cache_key=row.conversation_id
        )
        if self._background and choice.model.provider == "openai":
            request = replace(request, background=True)
        return request, notes

    async def _take(
        self, reply: RunningReply, events: AsyncGenerator[Event | Attempt, None], outcome: Outcome, *, resumable: bool
    ) -> None:
        call_id = ""
        async for event in events:
            if isinstance(event, Attempt):
                reply.meter, call_id = event.meter, event.call_id
                reply.underway.set()
                if event.error is None:
                    reply.tell(state="waiting")
                else:
                    reply.tell(state="retrying", until_seconds=round(event.wait, 1), message=event.error.message)
            elif isinstance(event, Text):
                if outcome.reasoning_ms is None and reply.reasoning and reply.meter:
                    outcome.reasoning_ms = reply.meter.elapsed_ms
                reply.status = "streaming"
                reply.position = event.position if event.position is not None else reply.position
                reply.add(text=event.text)
            elif isinstance(event, Reasoning):
                reply.status = "streaming"
                reply.position = event.position if event.position is not None else reply.position
                reply.add(reasoning=event.text)
            elif isinstance(event, Replace):
                reply.replace(event.text)
            elif isinstance(event, Start) and resumable and event.response_id:
                await self._make_resumable(reply.id, event.response_id, call_id)
            elif isinstance(event, Finish):
                outcome.status, outcome.finish_reason = "done", event.reason
                if event.detail:
                    outcome.notes.append(event.detail)

    async def _make_resumable(self, reply_id: str, response_id: str, call_id: str) -> None:
        resume = {"response_id": response_id, "position": 0, "call_id": call_id}
        await self._db.write(lambda connection: messages.save(connection, reply_id, resume=resume), durable=False)


def ending(reply: RunningReply, outcome: Outcome) -> dict[str, Any]:
    """The columns that end the row."""
    meter, error = reply.meter, outcome.error
    if outcome.status == "interrupted":
        error = {"code": "interrupted", "message": "the server stopped while this was being written"}
    elif outcome.status == "done" and not reply.text:
        why = "refused to answer" if outcome.finish_reason == "refusal" else "sent an empty reply"
        error = {"code": "empty", "message": f"{reply.model} {why}: ask again, or in other words"}
        outcome.status = "failed"
    return {
        "text": reply.text,
        "reasoning": reply.reasoning,
        "status": outcome.status,
        "error": error,
        "finish_reason": outcome.finish_reason,
        "finished_at": now(),
        "notes": outcome.notes or None,
        "reasoning_ms": outcome.reasoning_ms,
        "first_token_ms": meter.first_token_ms if meter else None,
        "duration_ms": meter.elapsed_ms if meter else None,
        "resume": None,
    }
