"""The task that makes one reply: waits its turn, asks the model, takes what comes in, says how it ended."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from server.calls.calls import Attempt, Calls, Purpose
from server.calls.failover import Turn, first_answer
from server.calls.reason import ASKED
from server.chat import conversations, enclosed, merge, messages, prompt
from server.chat.drawing import Draughtsman
from server.chat.outcome import Outcome
from server.chat.running import RunningReply
from server.content.intake import Intake
from server.errors import AppError
from server.money import estimate
from server.providers.base import Model, ProviderError, Resumable
from server.providers.carried import is_carried
from server.providers.models import DEMO, ROUTED, Choice, Directory
from server.routing import facts
from server.routing.router import Router, Target
from server.store.engine import Database
from server.wire.events import Event, Finish, Reasoning, Replace, Start, Text
from server.wire.request import ImagePart, Request

log = logging.getLogger(__name__)

ANY = Choice(Model("", "", vision=True), DEMO)
"""Takes everything: what would be sent is looked at before a model is chosen for it."""


class Runner:
    def __init__(
        self,
        db: Database,
        calls: Calls,
        directory: Directory,
        router: Router,
        intake: Intake,
        announce: Callable[[str, str, list[str]], Awaitable[None]],
        *,
        background: bool,
    ) -> None:
        """``announce`` tells the pages of a user that messages of a conversation changed."""
        self._db, self._calls, self._directory, self._router = db, calls, directory, router
        self._announce, self._background = announce, background
        self._intake = intake
        self._draughtsman = Draughtsman(db, calls, directory, intake)

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

    async def abandon(self, reply: RunningReply, row: Row[Any], outcome: Outcome) -> None:
        """Ends a response that goes on at the provider although nobody listens any more."""
        response_id = reply.meter.response_id if reply.meter else row.resume and row.resume["response_id"]
        if outcome.choice is None or response_id is None:
            return
        provider = self._calls.provider(outcome.choice.model.provider)
        if isinstance(provider, Resumable):
            with suppress(ProviderError):  # it may have ended by itself
                await provider.cancel(response_id, reply.credential or outcome.choice.credential)

    async def _answer(self, reply: RunningReply, row: Row[Any], outcome: Outcome) -> None:
        if await self._is_drawing(reply, row):
            outcome.notes = [*(row.notes or [])]
            await self._draughtsman.draw(reply, row, outcome)
            return
        targets = await self._targets(reply, row)
        asked = row.model if row.model in ROUTED else None
        purpose = Purpose("chat", reply.user_id, reply.device_id, reply.conversation_id, reply.id, asked)

        async def write(choice: Choice) -> Request:
            request, notes = await self._request(row, choice, self._intake.read)
            reply.resumable = request.background
            outcome.notes = [*(row.notes or []), *outcome.moves, *notes]
            return request

        choice = outcome.choice = targets[0].choice
        provider, resume = self._calls.provider(choice.model.provider), row.resume
        if resume:
            if not isinstance(provider, Resumable):
                outcome.status = "interrupted"
                return
            choice = outcome.choice = _asked_with(choice, resume["credential_id"])
            response_id = resume["response_id"]
            again = provider.resume(response_id, resume.get("position"), choice.credential)
            events = self._calls.resume(purpose, choice, await write(choice), resume["call_id"], response_id, again)
            async with aclosing(events) as stream:
                await self._take(reply, stream, outcome, targets)
        else:
            choices = [(target.choice, target.reason or ASKED) for target in targets]
            async with aclosing(first_answer(self._calls, purpose, choices, write)) as answers:
                await self._take(reply, answers, outcome, targets)

    async def _is_drawing(self, reply: RunningReply, row: Row[Any]) -> bool:
        """A picture was asked for, and not of a model that would rather talk about it."""
        if "image" not in (row.settings or {}) or row.model in ROUTED:
            return False
        return (await self._directory.choose(reply.user_id, row.model)).model.kind == "image"

    async def _targets(self, reply: RunningReply, row: Row[Any]) -> Sequence[Target]:
        """The model that was asked for, or those that the router says, the first one first. Raises ProviderError."""
        if row.model not in ROUTED:
            return [Target(row.model, await self._directory.choose(reply.user_id, row.model, reply.conversation_id))]
        request, _ = await self._request(row, ANY, enclosed.blank)

        def read(connection: Connection) -> tuple[str, list[str]]:
            conversation = conversations.get(connection, reply.user_id, row.conversation_id)
            return messages.get(connection, reply.user_id, row.parent_id).text, conversation.tags or []

        text, tags = await self._db.read(read)
        image = any(isinstance(part, ImagePart) for message in request.messages for part in message.parts)
        about = facts.of(text, estimate.request_tokens(request), has_image=image, tags=tags)
        return await self._router.route(reply.user_id, row.model, about)

    async def _turn_to(
        self, reply: RunningReply, outcome: Outcome, target: Target, before: Target | None, error: AppError | None
    ) -> None:
        """Says which model is asked now, where that was left to the router, and why the one before is not any more."""
        outcome.choice = target.choice
        if not target.reason:
            return
        tried = list(reply.route["tried"]) if reply.route else []
        if before is not None and error is not None:
            tried.append({"model": before.id, "error": error.message})
            outcome.moves.append(f"{before.id} did not answer ({error.message}): {target.id} instead")
        asked = reply.route["asked"] if reply.route else reply.model
        reply.model = target.id
        reply.route = {"asked": asked, "picked": target.id, "reason": target.reason, "tried": tried}
        # A response of the one before is nothing to take up again.
        values = {"model": reply.model, "route": reply.route, "resume": None}
        await self._db.write(lambda connection: messages.save(connection, reply.id, **values), durable=False)
        await self._announce(reply.user_id, reply.conversation_id, [reply.id])

    async def _request(self, row: Row[Any], choice: Choice, read: enclosed.Read) -> tuple[Request, list[str]]:
        def work(connection: Connection) -> tuple[list[Row[Any]], list[Row[Any]]]:
            return messages.path(connection, row.parent_id), messages.combined(connection, row)

        path, sources = await self._db.read(work)
        asked = {name: value for name, value in (row.settings or {}).items() if name != "image"}
        files, left_out = await enclosed.load(self._db, read, [turn.id for turn in path], choice.model)
        request, notes = prompt.build(
            path,
            prompt.Settings(**asked),
            choice.model,
            go_on=row.continues_id is not None,
            cache_key=row.conversation_id,
            files=files,
        )
        notes += left_out
        if sources:
            request = merge.combine(request, [merge.Answer(one.model, one.text) for one in sources])
        # What came with a request is gone after a restart, so that nobody could ask for the rest then.
        if self._background and choice.model.provider == "openai" and not is_carried(choice.credential.id):
            request = replace(request, background=True)
        return request, notes

    async def _take(
        self,
        reply: RunningReply,
        events: AsyncGenerator[Event | Attempt | Turn, None] | AsyncGenerator[Event | Attempt, None],
        outcome: Outcome,
        targets: Sequence[Target],
    ) -> None:
        call_id = ""
        async for event in events:
            if isinstance(event, Turn):
                before = targets[event.number - 1] if event.number else None
                await self._turn_to(reply, outcome, targets[event.number], before, event.error)
            elif isinstance(event, Attempt):
                call_id = event.call_id
                reply.asked(event, "waiting")
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
            elif isinstance(event, Start) and reply.resumable and event.response_id:
                await self._make_resumable(reply, event.response_id, call_id)
            elif isinstance(event, Finish):
                outcome.status, outcome.finish_reason = "done", event.reason
                if event.detail:
                    outcome.notes.append(event.detail)

    async def _make_resumable(self, reply: RunningReply, response_id: str, call_id: str) -> None:
        credential_id = reply.credential.id if reply.credential else None
        resume = {"response_id": response_id, "position": 0, "call_id": call_id, "credential_id": credential_id}
        await self._db.write(lambda connection: messages.save(connection, reply.id, resume=resume), durable=False)


def _asked_with(choice: Choice, credential_id: str | None) -> Choice:
    """``choice`` with this credential, where there still is one."""
    given = next((one for one in choice.others if one.id == credential_id), choice.credential)
    return replace(choice, credential=given)
