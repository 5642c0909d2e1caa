"""A reply that OpenAI makes in the background outlives the server that asked for it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, select

from server.calls.book import Book
from server.chat import messages
from server.money import estimate, ledger
from server.wire.events import Usage
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import LONG, Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def begun(house: House, phone: Phone, upstream: Upstream) -> str:
    """The id of a reply of which the beginning has come."""
    house.environment["LLM_ROUTER_OPENAI_BACKGROUND"] = "true"
    await _restart(house, phone)
    upstream.script(Answer(text=LONG, hold_after=30))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    return str(sent["reply"]["id"])


async def _restart(house: House, phone: Phone, upstream: Upstream | None = None) -> None:
    """The upstream goes on meanwhile."""
    await house.stop()
    if upstream is not None:
        upstream.release()
    await house.start()
    phone.http.base_url = house.url


async def _only_call(house: House) -> Any:
    """The one row of the ledger."""
    await house.services.database.write(lambda connection: None)  # after every write that nobody waits for
    return await house.services.database.read(lambda connection: connection.execute(select(ledger.calls)).one())


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)


def _responses(upstream: Upstream) -> int:
    """How often a response was asked for, or asked about."""
    return sum("/responses" in asked.path for asked in upstream.requests)


def _cancelled(upstream: Upstream) -> bool:
    return any(asked.path.endswith("/cancel") for asked in upstream.requests)


async def test_it_is_taken_up_again_after_a_restart_and_billed_as_the_provider_says(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    await _restart(house, phone, upstream)
    reply = await phone.ended(begun)
    assert (reply["status"], reply["text"]) == ("done", LONG)
    assert (reply["usage"]["calls"], reply["usage"]["estimated"]) == (1, False)


async def test_it_is_taken_up_with_the_credential_that_it_was_asked_with(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    """Another account does not know it."""
    mine = phone.session["user"]["id"]
    await house.services.credentials.create(mine, "openai", "sk-test-another-account-0009", upstream.openai)
    await _restart(house, phone, upstream)
    assert (await phone.ended(begun))["text"] == LONG
    assert len({asked.headers["authorization"] for asked in upstream.requests if "/responses" in asked.path}) == 1


async def test_stop_ends_it_at_the_provider_too(phone: Phone, upstream: Upstream, begun: str) -> None:
    await phone.post(f"/api/messages/{begun}/stop")
    await _until(lambda: _cancelled(upstream))
    upstream.release()


async def test_a_stop_after_a_restart_ends_it_at_the_provider_and_counts_what_had_come_before(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    await _restart(house, phone)
    replies = house.services.replies
    await _until(lambda: replies.running[begun].meter)
    stopped = await phone.post(f"/api/messages/{begun}/stop")
    await _until(lambda: _cancelled(upstream))
    upstream.release()
    call = await _only_call(house)
    assert (stopped["status"], call.status, call.first_token_ms) == ("stopped", "stopped", None)
    assert call.input > 0 and call.output >= estimate.tokens(stopped["text"]) > 20 and call.cost_nanos > 0


async def test_a_provider_that_is_out_of_reach_after_a_restart_is_paid_for_what_had_come(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    house.environment["OPENAI_BASE_URL"] = "http://127.0.0.1:9/v1"
    await _restart(house, phone, upstream)
    reply, call = await phone.ended(begun), await _only_call(house)
    assert (reply["status"], reply["error"]["code"]) == ("failed", "network")
    assert call.status == "cut" and call.input > 0 and call.cost_nanos > 0
    assert call.output >= estimate.tokens(reply["text"]) > 20


async def test_a_call_that_cannot_be_gone_on_with_is_settled_by_what_had_come(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    del house.environment["OPENAI_API_KEY"], house.environment["OPENAI_BASE_URL"]
    await _restart(house, phone, upstream)
    reply, call = await phone.ended(begun), await _only_call(house)
    assert (reply["status"], reply["error"]["code"]) == ("failed", "no_key")
    assert (call.status, call.usage_source) == ("killed", "estimated")
    assert call.cost_nanos > 0 and call.output == estimate.tokens(reply["text"]) > 20
    assert reply["usage"]["calls"] == 1


async def test_a_stop_before_it_is_taken_up_settles_it_and_a_restart_before_that_does_not(
    house: House, phone: Phone, upstream: Upstream, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()

    async def never(*_: Any, **__: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("server.providers.models.Directory.choose", never)
    for _ in range(2):
        reached.clear()
        await _restart(house, phone)
        await _until(reached.is_set)
        assert (await _only_call(house)).status == "held"
    stopped, call = await phone.post(f"/api/messages/{begun}/stop"), await _only_call(house)
    assert (stopped["status"], call.status) == ("stopped", "killed")
    assert call.output == estimate.tokens(stopped["text"]) > 20
    upstream.release()


async def test_a_call_that_is_settled_already_when_it_is_taken_up_is_not_spent_twice(
    house: House, phone: Phone, upstream: Upstream, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[Any] = []
    held = await _only_call(house)
    end = ledger.new_settlement(held.id, "cut", Usage(input=9, output=9), "estimated", (1000, "estimated"))
    await house.services.database.write(lambda connection: ledger.settle(connection, end))
    monkeypatch.setattr(Book, "spend", lambda _book, _who, nanos, _at: spent.append(nanos))
    await _restart(house, phone, upstream)
    assert (await phone.ended(begun))["text"] == LONG
    call = await _only_call(house)
    assert (call.status, call.cost_nanos, spent) == ("cut", 1000, [])


@pytest.mark.parametrize("end", ["stop", "finish"])
async def test_what_ends_while_the_server_does_is_not_taken_up_again(
    house: House, phone: Phone, upstream: Upstream, begun: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = house.services.replies
    reply, showing, go_on = replies.running[begun], asyncio.Event(), asyncio.Event()
    stop_showing = reply.stop_showing

    async def slowly(pages: Any) -> None:
        showing.set()
        await go_on.wait()
        await stop_showing(pages)

    monkeypatch.setattr(reply, "stop_showing", slowly)
    if end == "finish":
        upstream.release()
        stopping = None
    else:
        stopping = asyncio.create_task(replies.stop(reply.user_id, begun))
    await _until(showing.is_set)
    closing = asyncio.create_task(replies.close())
    await _until(lambda: replies._closing)
    go_on.set()
    await closing
    if stopping is not None:
        await stopping
        assert _cancelled(upstream), "the end of the server waits until the provider has heard of it"
    asked = _responses(upstream)
    await _restart(house, phone, upstream)
    ended = await phone.message(begun)
    assert ended["status"] == ("done" if end == "finish" else "stopped")
    assert _responses(upstream) == asked, "nobody asks for it again"


async def test_a_response_of_a_model_that_failed_is_not_taken_up_for_the_one_after_it(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    house.environment["LLM_ROUTER_OPENAI_BACKGROUND"] = "true"
    await _restart(house, phone)
    upstream.script(Answer(match="/responses", error_after=3), Answer(match="/messages", text=LONG, hold_after=30))
    sent = await phone.send(await phone.conversation(model="auto"), "hello")
    reply = await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    assert len(reply["route"]["tried"]) == 1

    def resume(connection: Connection) -> Any:
        wanted = messages.messages.c.resume
        return connection.execute(select(wanted).where(messages.messages.c.id == reply["id"])).scalar_one()

    assert await house.services.database.read(resume) is None
    upstream.release()


async def test_what_the_provider_does_not_keep_is_interrupted_and_settled_and_not_asked_again(
    house: House, phone: Phone, upstream: Upstream, begun: str
) -> None:
    model = "claude-sonnet-4-5"
    await house.services.database.write(lambda connection: messages.save(connection, begun, model=model))
    await _restart(house, phone, upstream)
    reply, call = await phone.ended(begun), await _only_call(house)
    assert (reply["status"], call.status) == ("interrupted", "killed")
    assert LONG.startswith(reply["text"]) and len(upstream.calls) == 1
