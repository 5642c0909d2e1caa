"""What the admin allows holds everywhere: in every list, for every kind of call, for the person's virtual keys."""

from typing import Any

import httpx2
import pytest

from server.accounts.roster import Change
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def allow(root: Phone, phone: Phone, *patterns: str, **more: Any) -> None:
    body = {"models": list(patterns), **more}
    await root.call("PATCH", f"/api/users/{phone.session['user']['id']}", body)


@pytest.fixture
async def only_mini(root: Phone, phone: Phone) -> None:
    """Ada may use one model."""
    await allow(root, phone, "gpt-5-mini")


async def test_only_what_is_allowed_is_listed(phone: Phone, root: Phone, house: House, only_mini: None) -> None:
    listed = await phone.get("/api/models")
    assert [model["id"] for model in listed["models"]] == ["gpt-5-mini"]
    assert listed["default"] == "gpt-5-mini"
    assert len((await root.get("/api/models"))["models"]) > 5
    key = (await phone.post("/api/virtual-keys", {"name": "laptop"}))["key"]
    await house.services.aliases.put("fast", "gpt-5-mini")
    await house.services.aliases.put("strong", "gpt-5.1")
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": key}) as http:
        ids = {model["id"] for model in (await http.get("/v1/models")).json()["data"]}
    assert ids == {"gpt-5-mini", "fast", "auto", "auto/cheapest", "auto/fastest"}


@pytest.mark.parametrize(
    "model", ["gpt-5.1", "openai/gpt-5.1", "gpt-never-heard-of", "GPT-5-MINI", "claude-sonnet-4-5"]
)
async def test_another_model_is_never_asked(phone: Phone, upstream: Upstream, only_mini: None, model: str) -> None:
    reply = await phone.ask("hello", model=model)
    assert (reply["status"], reply["error"]["code"]) == ("failed", "model_not_allowed")
    assert reply["error"]["message"].startswith("you may not use ")
    assert upstream.calls == []


async def test_the_allowed_one_answers_by_each_of_its_names(phone: Phone, upstream: Upstream, only_mini: None) -> None:
    for model in ("gpt-5-mini", "openai/gpt-5-mini", "auto"):
        assert (await phone.ask("hello", model=model))["status"] == "done"
    assert {asked.body["model"] for asked in upstream.calls} == {"gpt-5-mini"}


async def test_a_comparison_asks_only_what_is_allowed(phone: Phone, upstream: Upstream, only_mini: None) -> None:
    sent = await phone.send(await phone.conversation(), "hello", models=["gpt-5-mini", "gpt-5.1"])
    ended = [await phone.ended(reply["id"]) for reply in sent["replies"]]
    assert [reply["status"] for reply in ended] == ["done", "failed"]
    assert {asked.body["model"] for asked in upstream.calls} == {"gpt-5-mini"}


async def test_pictures_are_models_too(phone: Phone, root: Phone, upstream: Upstream, only_mini: None) -> None:
    refused = await phone.post("/api/commands", {"line": "/image a red fox"}, expect=400)
    assert "makes pictures" in refused["error"]["message"]
    refused = await phone.post("/api/commands", {"line": "/image a red fox --model gpt-image-2"}, expect=403)
    assert refused["error"]["code"] == "model_not_allowed"
    assert upstream.calls == []
    await allow(root, phone, "gpt-image-*")
    results = await phone.run("/image a red fox --quality low")
    reply = (await phone.get(f"/api/conversations/{results[0]['id']}"))["messages"][-1]
    assert (await phone.ended(reply["id"]))["status"] == "done"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", {"model": "gpt-5.1", "messages": [{"role": "user", "content": "hi"}]}),
        ("responses", {"model": "openai/gpt-5.1", "input": "hi"}),
        ("messages", {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
        ("messages/count_tokens", {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hi"}]}),
        ("embeddings", {"model": "text-embedding-3-small", "input": "hi"}),
        ("images/generations", {"model": "gpt-image-2", "prompt": "a fox"}),
        ("files", {"purpose": "nothing"}),
        ("chat/completions", {"model": "strong", "messages": [{"role": "user", "content": "hi"}]}),
        (
            "chat/completions",
            {"model": "gpt-5-mini", "models": ["gpt-5.1"], "messages": [{"role": "user", "content": "hi"}]},
        ),
    ],
)
async def test_a_virtual_key_may_no_more_than_its_owner(
    phone: Phone, house: House, upstream: Upstream, only_mini: None, path: str, body: dict[str, Any]
) -> None:
    await house.services.aliases.put("strong", "gpt-5.1")
    key = (await phone.post("/api/virtual-keys", {"name": "laptop", "models": ["*"]}))["key"]
    async with httpx2.AsyncClient(base_url=house.url, headers={"authorization": f"Bearer {key}"}) as http:
        refused = await http.post(f"/v1/{path}", json=body)
    assert refused.status_code == 403, refused.text
    assert upstream.calls == []


async def test_what_is_taken_away_holds_for_the_next_call(phone: Phone, root: Phone, upstream: Upstream) -> None:
    assert (await phone.ask("hello", model="gpt-5.1"))["status"] == "done"
    await allow(root, phone, "claude-*")
    assert (await phone.ask("hello", model="gpt-5.1"))["error"]["code"] == "model_not_allowed"
    await allow(root, phone)
    assert (await phone.ask("hello", model="gpt-5.1"))["status"] == "done"


async def test_a_persons_own_key_is_used_for_them_alone(
    house: House, root: Phone, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    ada = phone.session["user"]["id"]
    await house.services.credentials.create(ada, "openai", "sk-proj-adas-own-key-1234", upstream.openai)
    assert (await phone.ask("hello", model="gpt-5.1"))["status"] == "done"
    for other in (bob, root):
        upstream.script(Answer(status=429), Answer(text="at last"))
        assert (await other.ask("hello", model="gpt-5.1"))["text"] == "at last"
    used = [asked.headers["authorization"].removeprefix("Bearer ") for asked in upstream.calls]
    assert used == ["sk-proj-adas-own-key-1234"] + ["sk-test-openai-0001"] * 4
    listed = [await one.get("/api/settings/api-keys") for one in (phone, bob, root)]
    mine, *others = ([key["id"] for key in one["keys"]] for one in listed)
    assert others == [mine[1:]] * 2
    pool = house.services.pool
    for one in (bob, root):
        ids = {credential.id for credential in await pool.credentials(one.session["user"]["id"])}
        assert ids == {"env:openai", "env:anthropic"}


async def test_keys_of_ones_own_are_for_the_admin_to_allow(
    root: Phone, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    added = await phone.post("/api/settings/api-keys", {"key": "sk-proj-adas-own-key-1234"})
    await allow(root, phone, own_keys="no")
    listed = await phone.get("/api/settings/api-keys")
    assert listed["own"] is False
    await phone.ask("hello", model="gpt-5.1")
    assert upstream.calls[0].headers["authorization"] == "Bearer sk-test-openai-0001"
    refused = await phone.post("/api/settings/api-keys", {"key": "sk-proj-another-key-5678"}, expect=403)
    assert refused["error"]["code"] == "own_keys_off"
    await phone.call("PATCH", f"/api/settings/api-keys/{added['id']}", {"key": "sk-proj-x-123456789"}, expect=403)
    await phone.call("DELETE", f"/api/settings/api-keys/{added['id']}")
    assert (await bob.get("/api/settings/api-keys"))["own"] is True


async def test_what_is_changed_while_it_is_looked_up_is_not_believed(
    house: House, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = phone.session["user"]["id"]
    await phone.post("/api/settings/api-keys", {"key": "sk-proj-adas-own-key-1234"})
    database, pool, users = house.services.database, house.services.pool, house.services.users
    read = database.read

    async def overtaken(work: Any) -> Any:
        found = await read(work)
        monkeypatch.setattr(database, "read", read)
        await users.change(ada, Change(models=("gpt-5-mini",), own_keys="no"))
        pool.forget()
        return found

    pool.forget()
    monkeypatch.setattr(database, "read", overtaken)
    assert "1234" in [one.last4 for one in await pool.credentials(ada)]
    assert "1234" not in [one.last4 for one in await pool.credentials(ada)]
    assert (await pool.grants.of(ada)).models == ("gpt-5-mini",)
