"""A title for a new conversation: its first words at once, then a short one from a small model."""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import aclosing
from functools import partial

from server.calls.calls import Calls, Purpose
from server.chat import conversations, messages
from server.chat.feed import Feed
from server.chat.running import RunningReply
from server.errors import AppError
from server.money.price_book import PriceBook
from server.providers.base import Model, brief
from server.providers.models import Choice, Directory
from server.store.engine import Database
from server.wire.events import Text
from server.wire.request import Message, Request, TextPart

log = logging.getLogger(__name__)

MAX_FIRST_WORDS = 60
MAX_EXCERPT = 2000

INSTRUCTION = (
    "Write a title for the conversation below: two to five words, in the language of the conversation, "
    "lower case unless it is a name, without quotes or a full stop. Answer with the title only."
)


def first_words(text: str) -> str:
    """The beginning of the first line, cut at a word."""
    line = " ".join(text.strip().split("\n", 1)[0].split()).lstrip("#>*-` ")
    if len(line) <= MAX_FIRST_WORDS:
        return line
    return line[:MAX_FIRST_WORDS].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


def tidy(answer: str) -> str:
    """A model's answer as a title; empty when it is none."""
    line = answer.strip().split("\n", 1)[0].strip(" \"'`*#.“”«»「」")
    return line if len(line) <= 80 else ""


def cheapest_small(prices: PriceBook, offered: Iterable[Model], beside: Model) -> Model:
    """The small model with the lowest known price at the same provider; ``beside`` itself where there is none."""

    def price(model: Model) -> int | None:
        found = prices.find(model.provider, model.name)
        return found.input if found else None

    small = [
        model
        for model in offered
        if model.provider == beside.provider and model.tier == "small" and model.kind == "chat"
    ]
    priced = [(cost, model) for model in small if (cost := price(model)) is not None]
    return min(priced, key=lambda pair: pair[0])[1] if priced else beside


class Titles:
    """Gives conversations that nobody has named a title, once their first answer has come."""

    def __init__(self, db: Database, calls: Calls, directory: Directory, feed: Feed) -> None:
        self._db, self._calls, self._directory, self._feed = db, calls, directory, feed
        self._underway: set[str] = set()
        """The conversations that are being given one."""

    async def give(self, reply: RunningReply, choice: Choice) -> None:
        """``choice`` is who answered."""
        if choice.model.kind == "image" or choice.model.provider == "demo" or reply.conversation_id in self._underway:
            return
        self._underway.add(reply.conversation_id)
        try:
            exchange = await self._db.read(partial(messages.first_exchange, user_id=reply.user_id, reply_id=reply.id))
            if exchange is None:
                return
            offered = await self._directory.models(reply.user_id)
            model = await asyncio.to_thread(cheapest_small, self._calls.prices, offered, choice.model)
            purpose = Purpose(
                "title", reply.user_id, reply.device_id, reply.conversation_id, reason="a small model names it"
            )
            title = await write(self._calls, purpose, Choice(model, choice.credential), *exchange)
            if title:
                await self._db.write(lambda connection: conversations.title(connection, reply.conversation_id, title))
            await self._feed.tell_conversation(reply.user_id, reply.conversation_id)
            await self._feed.tell_statistics(reply.user_id, reply.device_id)
        except AppError as error:
            log.info("no title: %s", brief(error))
        finally:
            self._underway.discard(reply.conversation_id)


async def write(calls: Calls, purpose: Purpose, target: Choice, prompt: str, reply: str) -> str:
    """The title, or nothing when the model could not be asked: a title is never worth an error."""
    efforts = target.model.efforts
    exchange = (
        f"{INSTRUCTION}\n\n<prompt>\n{prompt[:MAX_EXCERPT]}\n</prompt>\n<answer>\n{reply[:MAX_EXCERPT]}\n</answer>"
    )
    request = Request(
        model=target.model.name,
        messages=(Message("user", (TextPart(exchange),)),),
        max_output_tokens=400,
        effort=efforts[0] if efforts else None,
        show_reasoning=False,
    )
    pieces: list[str] = []
    try:
        async with aclosing(calls.stream(purpose, target, request)) as events:
            async for event in events:
                if isinstance(event, Text):
                    pieces.append(event.text)
    except AppError as error:
        log.info("no title: %s", brief(error))
        return ""
    return tidy("".join(pieces))
