"""What belongs to somebody else does not exist: 404, never 403, and nothing happens to it."""

import uuid

import pytest

from tests.phone import Phone

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/conversations/{conversation}", None),
        ("GET", "/api/conversations/{conversation}?since=0", None),
        ("PATCH", "/api/conversations/{conversation}", {"title": "mine now"}),
        ("DELETE", "/api/conversations/{conversation}", None),
        ("POST", "/api/conversations/{conversation}/restore", {}),
        ("POST", "/api/conversations/{conversation}/clone", {}),
        ("GET", "/api/conversations/{conversation}/branches", None),
        ("POST", "/api/conversations/{conversation}/messages", {"client_id": "{uuid}", "text": "hi"}),
        ("GET", "/api/messages/{reply}", None),
        ("POST", "/api/messages/{reply}/stop", {}),
        ("POST", "/api/messages/{reply}/retry", {"client_id": "{uuid}"}),
        ("POST", "/api/messages/{reply}/continue", {"client_id": "{uuid}"}),
        ("GET", "/api/stream?conversation={conversation}", None),
        ("GET", "/api/statistics?conversation={conversation}", None),
        ("GET", "/api/commands?conversation={conversation}", None),
        ("POST", "/api/commands", {"conversation": "{conversation}", "line": "/title stolen"}),
        ("PATCH", "/api/settings/api-keys/{key}", {"key": "sk-proj-replaced0001"}),
        ("DELETE", "/api/settings/api-keys/{key}", None),
        ("POST", "/api/settings/api-keys/{key}/test", {}),
    ],
)
async def test_somebody_elses_things_are_not_found(
    phone: Phone, bob: Phone, method: str, path: str, body: dict[str, str] | None
) -> None:
    reply = await phone.ask("private")
    key = await phone.post("/api/settings/api-keys", {"key": "sk-proj-adas-own-key-1234"})
    names = {
        "conversation": reply["conversation_id"],
        "reply": reply["id"],
        "key": key["id"],
        "uuid": str(uuid.uuid4()),
    }
    filled = {name: value.format(**names) for name, value in body.items()} if body is not None else None
    before = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    answer = await bob.call(method, path.format(**names), filled, expect=404)
    assert answer["error"]["code"] == "not_found"
    assert await phone.get(f"/api/conversations/{reply['conversation_id']}") == before
    assert len((await phone.get("/api/settings/api-keys"))["keys"]) == 3


async def test_a_message_cannot_hang_below_one_of_another_conversation(phone: Phone, bob: Phone) -> None:
    theirs = await bob.ask("private")
    body = {"client_id": str(uuid.uuid4()), "text": "hi", "parent_id": theirs["id"]}
    await phone.post(f"/api/conversations/{await phone.conversation()}/messages", body, expect=404)


async def test_a_page_hears_nothing_of_other_people(phone: Phone, bob: Phone) -> None:
    async with bob.listening() as stream:
        await stream.next()
        await phone.ask("private")
        await bob.conversation(title="mine")
        event = await stream.until(lambda event: event.type not in ("sync", "models"))
    assert (event.type, event.data["title"]) == ("conversation", "mine")


@pytest.mark.parametrize(
    "path", ["/api/conversations", "/api/models", "/api/stream", "/api/settings/api-keys", "/api/commands", "/api/push"]
)
async def test_nothing_is_told_to_who_is_not_signed_in(phone: Phone, path: str) -> None:
    phone.http.cookies.clear()
    answer = await phone.get(path, expect=401)
    assert answer["error"]["code"] == "not_signed_in"


async def test_a_members_address_for_a_provider_is_refused(phone: Phone) -> None:
    body = {"provider": "compatible", "base_url": "http://127.0.0.1:1/v1"}
    await phone.post("/api/settings/api-keys", body, expect=403)
