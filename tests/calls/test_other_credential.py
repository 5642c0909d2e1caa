"""A reply in the chat goes on with another credential when one fails before it has said anything."""

import pytest

from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def two_keys(house: House, upstream: Upstream) -> None:
    for number in (1, 2):
        await house.services.credentials.create(None, "openai", f"sk-test-openai-100{number}", upstream.openai)
    house.services.pool.forget()


def keys_asked(upstream: Upstream) -> list[str]:
    return [asked.headers["authorization"] for asked in upstream.requests if asked.path == "/v1/responses"]


@pytest.mark.parametrize("status", [401, 403, 429, 500])
async def test_another_credential_answers_at_once(
    phone: Phone, upstream: Upstream, two_keys: None, status: int
) -> None:
    upstream.script(Answer(status=status, retry_after="30" if status == 429 else None), Answer(text="from the other"))
    reply = await phone.ask("hello", model="gpt-5.1")
    assert (reply["status"], reply["text"]) == ("done", "from the other")
    first, second = keys_asked(upstream)
    assert first != second
    # The one that failed rests, so the next turn does not begin with it.
    await phone.ended((await phone.send(reply["conversation_id"], "again"))["reply"]["id"])
    assert keys_asked(upstream)[2] == second


async def test_one_conversation_stays_with_its_credential(phone: Phone, upstream: Upstream, two_keys: None) -> None:
    reply = await phone.ask("hello", model="gpt-5.1")
    for _ in range(3):
        await phone.ended((await phone.send(reply["conversation_id"], "again"))["reply"]["id"])
    assert len(set(keys_asked(upstream))) == 1


async def test_what_the_request_did_wrong_is_not_tried_elsewhere(
    phone: Phone, upstream: Upstream, two_keys: None
) -> None:
    upstream.script(Answer(status=400))
    reply = await phone.ask("hello", model="gpt-5.1")
    assert reply["status"] == "failed"
    assert len(keys_asked(upstream)) == 1


async def test_a_reply_that_has_begun_stays_with_its_credential(
    phone: Phone, upstream: Upstream, two_keys: None
) -> None:
    upstream.script(Answer(cut_after=8))
    reply = await phone.ask("hello", model="gpt-5.1")
    assert reply["status"] in ("failed", "interrupted")
    assert len(keys_asked(upstream)) == 1
