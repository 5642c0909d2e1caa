"""A reply that OpenAI makes in the background outlives the server that asked for it."""

import asyncio

import pytest

from tests.house import House
from tests.phone import Phone
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
    while not any(asked.path.endswith("/cancel") for asked in upstream.requests):
        await asyncio.sleep(0.01)
    upstream.release()
