"""Provider keys: recognised, tested, replaced, deleted; in the database only encrypted; never read back."""

import pytest

from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

KEY = "sk-proj-canary-0123456789-wxyz"


async def test_a_key_is_recognised_by_its_beginning_and_shown_by_its_end(phone: Phone) -> None:
    key = await phone.post("/api/settings/api-keys", {"key": f"  {KEY}\n"}, expect=201)
    assert (key["provider"], key["last4"], key["owner"], key["status"]) == ("openai", "wxyz", "you", "untested")
    listed = await phone.get("/api/settings/api-keys")
    assert listed["keys"][0] == key
    assert [entry["id"] for entry in listed["keys"][1:]] == ["env:openai", "env:anthropic"]


async def test_a_stored_key_is_nowhere_in_the_data_folder(house: House, phone: Phone) -> None:
    await phone.post("/api/settings/api-keys", {"key": KEY})
    await phone.ask("hello")
    await house.stop()
    for path in house.data.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    await house.start()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"key": "whose-is-this"}, "unknown_provider"),
        ({}, "unknown_provider"),
        ({"provider": "nobody", "key": "x"}, "bad_request"),
        ({"provider": "demo", "key": "x"}, "bad_request"),
        ({"provider": "openai"}, "bad_request"),
        ({"provider": "compatible"}, "bad_request"),
        ({"provider": "openai", "key": "two words"}, "bad_request"),
        ({"provider": "openai", "key": "sk-€"}, "bad_request"),
    ],
)
async def test_a_key_that_cannot_be_one_is_refused(phone: Phone, body: dict[str, str], code: str) -> None:
    answer = await phone.post("/api/settings/api-keys", body, expect=400)
    assert answer["error"]["code"] == code


@pytest.mark.parametrize("address", ["ftp://x", "javascript:alert(1)", "//x", "http://", "x.y"])
async def test_an_address_that_cannot_be_one_is_refused(root: Phone, address: str) -> None:
    await root.post("/api/settings/api-keys", {"provider": "compatible", "base_url": address}, expect=400)


async def test_a_key_is_tested_by_asking_for_the_models(root: Phone, upstream: Upstream) -> None:
    body = {"provider": "openai", "key": KEY, "base_url": upstream.openai}
    key = await root.post("/api/settings/api-keys", body)
    good = await root.post(f"/api/settings/api-keys/{key['id']}/test")
    assert good["ok"] and good["models"] > 0
    assert (await root.get("/api/settings/api-keys"))["keys"][0]["status"] == "ok"
    upstream.script(Answer(status=401, match="/models"))
    bad = await root.post(f"/api/settings/api-keys/{key['id']}/test")
    assert not bad["ok"] and "key" in bad["message"] and KEY not in bad["message"]
    shown = (await root.get("/api/settings/api-keys"))["keys"][0]
    assert (shown["status"], shown["status_message"]) == ("failed", bad["message"])


async def test_a_persons_own_key_is_used_before_the_servers(root: Phone, upstream: Upstream) -> None:
    body = {"provider": "openai", "key": KEY, "base_url": upstream.openai}
    key = await root.post("/api/settings/api-keys", body)
    await root.ask("hello")
    assert upstream.calls[-1].headers["authorization"] == f"Bearer {KEY}"
    await root.call("PATCH", f"/api/settings/api-keys/{key['id']}", {"key": "sk-proj-another-0002"})
    await root.ask("hello")
    assert upstream.calls[-1].headers["authorization"] == "Bearer sk-proj-another-0002"
    await root.call("DELETE", f"/api/settings/api-keys/{key['id']}", expect=204)
    await root.ask("hello")
    assert upstream.calls[-1].headers["authorization"] == "Bearer sk-test-openai-0001"


async def test_a_key_for_everybody_is_the_admins_to_give(root: Phone, phone: Phone) -> None:
    await phone.post("/api/settings/api-keys", {"key": KEY, "everybody": True}, expect=403)
    key = await root.post("/api/settings/api-keys", {"key": KEY, "everybody": True})
    seen = next(entry for entry in (await phone.get("/api/settings/api-keys"))["keys"] if entry["id"] == key["id"])
    assert (seen["owner"], seen["editable"]) == ("server", False)
    await phone.call("DELETE", f"/api/settings/api-keys/{key['id']}", expect=404)
