"""Keys at the running gateway: revoked within a second, held to their limits, counted, and explained."""

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from server.accounts.virtual_keys import VirtualKeys
from server.calls.explain import explain, lines
from server.store.engine import Database, connect
from server.vault.vault import Vault
from tests.gateway.conftest import new_key, rows
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio
PATIENCE = 10.0
MODEL = "claude-sonnet-5-5"
OLD_KEY = "the-one-old-key-of-this-house"


async def ask(house: House, key: str, model: str = MODEL, **more: Any) -> httpx2.Response:
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": "hello"}], **more}
    async with httpx2.AsyncClient(base_url=house.url, timeout=20) as http:
        return await http.post("/v1/messages", json=body, headers={"x-api-key": key})


async def test_revoking_a_key_ends_what_goes_on_with_it_and_nothing_else(
    house: House, root: Phone, phone: Phone, upstream: Upstream
) -> None:
    ada = str(phone.session["user"]["id"])
    lost, kept = await new_key(house, ada), await new_key(house, ada)
    upstream.default(Answer(text="never said as a whole", chunk=1, hold_after=12))
    body = {"model": MODEL, "max_tokens": 50, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
    found = {one["shown"][-4:]: one["id"] for one in (await root.get("/admin/virtual-keys"))["keys"]}
    async with AsyncExitStack() as streams:
        http = await streams.enter_async_context(httpx2.AsyncClient(base_url=house.url, timeout=PATIENCE))
        pieces = []
        for key in (lost, kept):
            stream = http.stream("POST", "/v1/messages", json=body, headers={"x-api-key": key})
            pieces.append((await streams.enter_async_context(stream)).aiter_text())
            await anext(pieces[-1])
        await root.call("DELETE", f"/admin/virtual-keys/{found[lost[-4:]]}")
        rest = "".join([piece async for piece in pieces[0]])
        assert "this key has been revoked" in rest
        assert lost not in rest
        upstream.release()
        assert "message_stop" in "".join([piece async for piece in pieces[1]])
    assert sorted(row.status for row in await rows(house)) == ["done", "stopped"]


async def test_a_key_that_another_process_revokes_lets_nothing_in_within_a_second(house: House, ada: str) -> None:
    key = await new_key(house, ada)
    assert (await ask(house, key)).status_code == 200
    elsewhere = Database(connect(house.services.settings.database))
    keys = VirtualKeys(elsewhere, Vault.open(house.data))
    await keys.revoke((await keys.all(ada))[0].id, None)
    await elsewhere.close()
    loop = asyncio.get_running_loop()
    revoked = loop.time()
    while (answer := await ask(house, key)).status_code == 200:
        assert loop.time() - revoked < 1
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert key not in answer.text


async def test_a_key_of_the_page_is_used_at_once_and_ends_at_once(house: House, ada: str, upstream: Upstream) -> None:
    phone = await Phone(house.url).sign_in("ada", "lovelace engine")
    made = await phone.post("/api/virtual-keys", {"name": "laptop", "models": ["claude-*"]})
    assert (await ask(house, made["key"])).status_code == 200
    refused = await ask(house, made["key"], "gpt-5.1")
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "permission_error")
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": made["key"]}) as http:
        listed = (await http.get("/v1/models")).json()["data"]
    assert listed
    assert all(model["id"].startswith(("claude-", "auto")) for model in listed)
    await phone.call("DELETE", f"/api/virtual-keys/{made['id']}")
    assert (await ask(house, made["key"])).status_code == 401
    await rows(house)
    shown = (await phone.get("/api/virtual-keys"))["keys"][0]
    assert shown["figures"]["calls"] == shown["lately"] == 1
    assert shown["figures"]["cost_nanos"] > 0
    await phone.close()


async def test_a_key_is_out_of_money_when_its_limit_is_spent_also_after_a_restart(
    house: House, ada: str, upstream: Upstream
) -> None:
    upstream.default(Answer(usage={"input": 1000, "output": 1000}))
    key = await new_key(house, ada, limit_nanos=20_000_000)
    answers = [(await ask(house, key)).status_code for _ in range(3)]
    assert answers[0] == 200
    assert answers[-1] == 402
    spent = sum(row.cost_nanos for row in await rows(house))
    await house.stop()
    await house.start()
    answer = await ask(house, key)
    assert answer.status_code == 402
    assert f"${spent / 1e9:.4f}" in answer.json()["error"]["message"]


async def test_requests_per_minute_are_told_before_they_run_out(house: House, ada: str) -> None:
    key = await new_key(house, ada, rpm=2)
    first, second, third = [await ask(house, key) for _ in range(3)]
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert 1 <= int(third.headers["retry-after"]) <= 30
    assert first.headers["anthropic-ratelimit-requests-limit"] == "2"


async def test_an_alias_serves_another_model(house: House, ada: str) -> None:
    key = await new_key(house, ada, models=("fast",))
    await house.services.aliases.put("fast", MODEL)
    assert (await ask(house, key, "fast")).status_code == 200
    assert (await ask(house, key, MODEL)).status_code == 403
    (row,) = await rows(house)
    assert (row.asked_model, row.model) == ("fast", MODEL)


async def test_the_second_credential_answers_when_the_first_is_limited_and_the_request_explains_it(
    house: House, ada: str, upstream: Upstream
) -> None:
    for number in (1, 2):
        await house.services.credentials.create(None, "anthropic", f"sk-ant-canary-000{number}", upstream.anthropic)
    house.services.pool.forget()
    upstream.script(Answer(status=429), Answer(text="from the other"))
    key = await new_key(house, ada)
    answer = await ask(house, key)
    assert answer.json()["content"][0]["text"] == "from the other"
    failed, done = await rows(house)
    assert (failed.status, failed.error_status, done.status) == ("failed", 429, "done")
    assert failed.credential_id != done.credential_id
    found = await house.services.database.read(lambda connection: explain(connection, answer.headers["request-id"]))
    assert [attempt["status"] for attempt in found["attempts"]] == ["failed", "done"]
    assert (found["user"], found["key"], found["endpoint"]) == ("ada", "laptop", "messages")
    told = "\n".join(lines(found))
    assert "rate_limit (429)" in told
    assert [attempt["reason"] for attempt in found["attempts"]] == [
        "as asked",
        "as asked; another credential after rate_limit (429)",
    ]
    assert f"…{done.credential_last4}" in told
    assert "canary" not in told
    # The one that was limited rests.
    await ask(house, key)
    assert (await rows(house))[-1].credential_id == done.credential_id


async def test_a_credential_that_is_refused_is_shown_as_failed_and_left_alone(
    house: House, ada: str, upstream: Upstream
) -> None:
    stored = await house.services.credentials.create(None, "anthropic", "sk-ant-refused-0001", upstream.anthropic)
    house.services.pool.forget()
    upstream.script(Answer(status=401), Answer())
    key = await new_key(house, ada)
    assert [(await ask(house, key)).status_code for _ in range(2)] == [200, 200]
    first, second, third = await rows(house)
    assert (first.credential_id, first.error_status) == (stored.id, 401)
    assert {second.credential_id, third.credential_id} == {"env:anthropic"}
    shown = [one for one in await house.services.credentials.all(None) if one.id == stored.id]
    assert shown[0].status == "failed"


async def test_the_old_key_is_counted_for_the_account_of_its_own(house: House, ada: str, upstream: Upstream) -> None:
    await house.stop()
    house.environment |= {"AUTH_MODE": "both", "LLM_ROUTER_LEGACY_KEY": OLD_KEY}
    await house.start()
    assert (await ask(house, OLD_KEY)).status_code == 200
    (row,) = await rows(house)
    assert row.user_id == "legacy"
    root = await Phone(house.url).sign_in("root", "correct horse battery")
    shown = next(key for key in (await root.get("/admin/virtual-keys"))["keys"] if key["legacy"])
    assert (shown["lately"], shown["username"], shown["shown"]) == (1, "legacy", "…ouse")
    async with httpx2.AsyncClient(base_url=house.url, headers={"x-api-key": OLD_KEY}) as http:
        assert (await http.get("/admin/virtual-keys")).status_code == 403
    await root.close()


async def test_neither_key_nor_credential_is_in_the_log_or_the_data_folder(
    house: House, ada: str, upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = await new_key(house, ada)
    upstream.script(Answer(status=401), Answer(status=500), Answer(), Answer(cut_after=2))
    said = [(await ask(house, shown)).text for shown in (key, key, key, f"{key}x", "sk-llmr-canary-canary")]
    await house.stop()
    for secret in (key, "sk-llmr-canary-canary", "sk-ant-test-0002"):
        assert secret not in caplog.text
        assert not any(secret in text for text in said)
        for path in house.data.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    await house.start()
