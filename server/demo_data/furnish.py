"""Fills an empty database with the demo data: people, their keys and talks, and every call through the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from random import Random

from sqlalchemy import Connection, insert, update

from server.accounts import devices
from server.accounts.new_key import NewKey
from server.box import Box
from server.calls.reason import ALIAS, ASKED, once_more
from server.calls.settlement import frozen, price_of
from server.chat import conversations
from server.chat.messages import messages
from server.content import search
from server.demo_data.cast import FOLLOW_UPS, PEOPLE, DemoPerson, Talk
from server.demo_data.past import Event, past
from server.errors import Conflict
from server.ids import NANOS_PER_DOLLAR, derived_id
from server.money import budgets, cost, ledger
from server.money.prices import Price
from server.providers.base import ProviderError
from server.providers.known import PROVIDERS
from server.store.tables import Call, Conversation, Message

BATCH = 400
SEED = 1815
_conversations = Conversation.__table__  # type: ignore[attr-defined]


@dataclass(slots=True)
class Home:
    """What one person of the demo data has in the database. ``leaves`` are the last messages of the talks."""

    user_id: str
    devices: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    talks: dict[int, str] = field(default_factory=dict)
    leaves: dict[str, str] = field(default_factory=dict)
    turns: int = 0


async def furnish(box: Box, password: str, until: datetime, days: int) -> int:
    """How many calls were written. Raises Conflict when somebody lives here already."""
    if await box.users.count():
        raise Conflict("there are accounts in this folder already: demo data goes into an empty one")
    count = 0
    for number, person in enumerate(PEOPLE):
        home = await _move_in(box, person, password)
        events = past(person, Random(SEED + number), until, days)
        while batch := list(islice(events, BATCH)):
            known = {one.model for one in batch}
            prices = {each.name: await box.prices.price(each.provider, each.name) for each in known}
            await box.database.write(partial(_live, person=person, home=home, events=batch, prices=prices))
            count += len(batch)
    return count


async def _move_in(box: Box, person: DemoPerson, password: str) -> Home:
    if person is PEOPLE[0]:
        user = await box.users.create_first(person.name, password)
    else:
        user = await box.users.create(person.name, password, person.role)
    home = Home(user.id)
    for program in person.programs:
        key, _ = await box.keys.create(user.id, NewKey(program.name, program.project))
        home.keys[program.name] = key.id

    def work(connection: Connection) -> None:
        for agent in person.agents:
            home.devices.append(devices.adopt(connection, user.id, (), agent).id)
        budgets.put(connection, "user", user.id, "month", person.budget * NANOS_PER_DOLLAR)

    await box.database.write(work)
    return home


def _live(
    connection: Connection, person: DemoPerson, home: Home, events: Iterable[Event], prices: dict[str, Price | None]
) -> None:
    for event in events:
        message = None
        if event.talk is not None and event.kind == "chat" and event.status != "failed":
            message = _say(connection, home, person.talks[event.talk], event)
        _record(connection, home, event, message, prices[event.model.name])


def _say(connection: Connection, home: Home, talk: Talk, event: Event) -> str:
    """The id of the reply that this call made."""
    assert event.talk is not None
    home.turns += 1
    if event.talk not in home.talks:
        home.talks[event.talk] = conversations.create(connection, home.user_id, {"title": talk.title})
    id = home.talks[event.talk]
    before = home.leaves.get(id)
    prompt, answer = (talk.prompt, talk.answer) if before is None else FOLLOW_UPS[home.turns % len(FOLLOW_UPS)]
    model = event.model.name if event.model.provider in ("openai", "anthropic") else _full(event)
    ended = event.at + timedelta(milliseconds=event.duration_ms)
    asked = Message(
        id=derived_id(event.at, home.user_id, "asked", str(home.turns)),
        conversation_id=id,
        parent_id=before,
        role="user",
        text=prompt,
        created_at=event.at,
        finished_at=event.at,
    )
    answered = Message(
        id=derived_id(event.at, home.user_id, "answered", str(home.turns)),
        conversation_id=id,
        parent_id=asked.id,
        role="assistant",
        status=event.status,
        text=answer,
        model=model,
        first_token_ms=event.first_token_ms,
        duration_ms=event.duration_ms,
        created_at=event.at,
        finished_at=ended,
    )
    connection.execute(insert(messages), [asked.model_dump(), answered.model_dump()])
    search.index(connection, home.user_id, [asked, answered])
    times = {"updated_at": ended} | ({"created_at": event.at} if before is None else {})
    here = update(_conversations).where(_conversations.c.id == id)
    connection.execute(here.values(leaf_id=answered.id, model=model, **times))
    home.leaves[id] = answered.id
    return answered.id


def _full(event: Event) -> str:
    return f"{event.model.provider}/{event.model.name}"


def _record(connection: Connection, home: Home, event: Event, message: str | None, price: Price | None) -> None:
    at, model, program = event.at, event.model, event.program
    id = derived_id(at, home.user_id, str(event.request), str(event.attempt))
    source: cost.Source = "estimated" if event.status == "cut" else "provider"
    nanos, state = price_of(event.usage, price, source)
    row = Call(
        id=id,
        status="held",
        kind=event.kind,
        user_id=home.user_id,
        device_id=None if event.device is None else home.devices[event.device],
        conversation_id=None if event.talk is None else home.talks.get(event.talk),
        message_id=message,
        attempt=event.attempt,
        provider=model.provider,
        model=model.name,
        credential_id=f"env:{model.provider}",
        credential_last4=model.last4,
        started_at=at,
        reserved_nanos=nanos or 0,
        price=frozen(price, None),
        request_id=f"req_{derived_id(event.asked_at, home.user_id, str(event.request))}",
        key_id=home.keys[program.name] if program else None,
        project=(program.project or None) if program else None,
        endpoint=program.endpoint if program else None,
        asked_model=program.asks_for if program else None,
        route=_route(event),
        reason=_reason(event),
    )
    ledger.hold(connection, row)
    ledger.settle(
        connection,
        ledger.Settlement(
            id,
            event.status,
            event.usage,
            source,
            nanos,
            state,
            at + timedelta(milliseconds=event.duration_ms),
            saved_nanos=cost.saved(event.usage, price),
            first_token_ms=event.first_token_ms,
            duration_ms=event.duration_ms,
            model_served=model.name if event.status == "done" else None,
            error_kind=event.error_kind,
            error_status=event.error_status,
        ),
    )


_WIRES = {"messages": "messages", "responses": "responses", "chat/completions": "chat"}


def _route(event: Event) -> str | None:
    """As the gateway writes it: bytes through where both speak the same."""
    if event.program is None:
        return None
    wire, provider = _WIRES[event.program.endpoint], event.model.provider
    native = PROVIDERS[provider].wire
    return "same" if wire == native or (wire, native) == ("chat", "responses") else f"{wire} → {native}"


def _reason(event: Event) -> str:
    reason = ALIAS if event.program is not None and event.program.asks_for else ASKED
    if event.after is None:
        return reason
    kind, status = event.after
    return once_more(reason, ProviderError(kind, "", provider=event.model.provider, status=status), elsewhere=False)
