"""A reply that OpenAI makes in the background outlives the server that asked for it."""

import asyncio

import pytest

from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

LONG = "\n\n".join(f"Paragraph **{n}** with `code`, 日本語 and émphasis." for n in range(60))


async def test_an_openai_reply_in_the_background_is_taken_up_again_after_a_restart(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    await house.stop()
    house.environment["LLM_ROUTER_OPENAI_BACKGROUND"] = "true"
    await house.start()
    phone.http.base_url = house.url
    upstream.script(Answer(text=LONG, hold_after=30))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    await house.stop()
    upstream.release()
    await house.start()
    phone.http.base_url = house.url
    reply = await phone.ended(sent["reply"]["id"])
    assert (reply["status"], reply["text"]) == ("done", LONG)
    assert (reply["usage"]["calls"], reply["usage"]["estimated"]) == (1, False)


async def test_a_reply_in_the_background_is_taken_up_with_the_credential_that_it_was_asked_with(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    """Another account does not know it."""
    await house.stop()
    house.environment["LLM_ROUTER_OPENAI_BACKGROUND"] = "true"
    await house.start()
    phone.http.base_url = house.url
    upstream.script(Answer(text=LONG, hold_after=30))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    mine = phone.session["user"]["id"]
    await house.services.credentials.create(mine, "openai", "sk-test-another-account-0009", upstream.openai)
    await house.stop()
    upstream.release()
    await house.start()
    phone.http.base_url = house.url
    assert (await phone.ended(sent["reply"]["id"]))["text"] == LONG
    assert len({asked.headers["authorization"] for asked in upstream.requests if "/responses" in asked.path}) == 1


async def test_stopping_a_reply_in_the_background_ends_it_at_the_provider_too(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    await house.stop()
    house.environment["LLM_ROUTER_OPENAI_BACKGROUND"] = "true"
    await house.start()
    phone.http.base_url = house.url
    upstream.script(Answer(text=LONG, hold_after=30))
    sent = await phone.send(await phone.conversation(), "hello")
    await phone.until(sent["reply"]["id"], lambda message: len(message["text"]) > 100)
    await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    while not any(asked.path.endswith("/cancel") for asked in upstream.requests):
        await asyncio.sleep(0.01)
    upstream.release()
