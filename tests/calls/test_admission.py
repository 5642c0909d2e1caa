"""The door of the gateway: whose key, for what, how often, and for how much."""

from datetime import timedelta
from typing import Any

import pytest

from server.accounts.new_key import NewKey
from server.accounts.virtual_keys import VirtualKeys
from server.calls.admission import Admissions, Caller
from server.calls.book import Book
from server.calls.quote import Quote
from server.errors import BudgetExceeded, Forbidden, NotSignedIn, TooManyRequests
from server.ids import NANOS_PER_DOLLAR, now
from server.settings import Settings
from server.store.engine import Database

pytestmark = pytest.mark.anyio

OLD_KEY = "the-one-old-key-of-this-house"
CENT = NANOS_PER_DOLLAR // 100


async def caller(door: Admissions, keys: VirtualKeys, **values: Any) -> Caller:
    _, text = await keys.create("ada", NewKey("tool", **values))
    return await door.authenticate({"x-api-key": text})


@pytest.mark.parametrize("mode", ["users", "legacy", "both"])
@pytest.mark.parametrize("shown", ["user", "legacy", "none", "garbage", "revoked", "expired"])
@pytest.mark.parametrize("how", ["bearer", "x-api-key", "both", "one of two"])
async def test_every_key_in_every_mode_by_every_header(
    database: Database, keys: VirtualKeys, monkeypatch: pytest.MonkeyPatch, mode: Any, shown: str, how: str
) -> None:
    old = mode != "users"
    await keys.put_legacy("legacy", OLD_KEY if old else None, None)
    door = Admissions(Book(database, "UTC"), keys, Settings(auth_mode=mode, legacy_key=OLD_KEY if old else None))
    _, text = await keys.create("ada", NewKey("tool", expires_at=now() + timedelta(hours=1)))
    if shown == "revoked":
        await keys.revoke((await keys.all("ada"))[0].id, "ada")
    if shown == "expired":
        later = now() + timedelta(hours=2)
        monkeypatch.setattr("server.ids.now", lambda: later)
    secret = {"legacy": OLD_KEY, "none": "", "garbage": "sk-llmr-nothing"}.get(shown, text)
    bearer = "garbage" if how == "one of two" else secret
    headers = {"authorization": f"Bearer {bearer}"} if how != "x-api-key" else {}
    if how != "bearer":
        headers["x-api-key"] = secret
    if (shown == "user" and mode != "legacy") or (shown == "legacy" and mode != "users"):
        found = await door.authenticate(headers)
        assert found.user_id == ("ada" if shown == "user" else "legacy")
    else:
        with pytest.raises(NotSignedIn) as refused:
            await door.authenticate(headers)
        assert not secret or secret not in refused.value.message


async def test_what_is_wrong_with_a_key_is_said_without_repeating_it(door: Admissions, keys: VirtualKeys) -> None:
    key, text = await keys.create("ada", NewKey("tool"))
    await keys.revoke(key.id, None)
    said = []
    for shown in ("", text, text[:-1], "sk-ant-oat01-of-a-subscription", "hunter2-hunter2"):
        with pytest.raises(NotSignedIn) as refused:
            await door.authenticate({"authorization": f"bearer  {shown}"})
        said.append(refused.value.message)
    assert [message.partition(":")[0] for message in said] == [
        "this needs a key",
        "this key has been revoked",
        "there is no such key",
        "this is the sign-in of a Claude subscription",
        "this is not a key of this server, which begins with sk-llmr-",
    ]
    assert "hunter2" not in str(said)


async def test_a_key_for_the_admin_is_none_for_the_models_and_the_other_way_round(
    door: Admissions, keys: VirtualKeys
) -> None:
    _, admin = await keys.create("ada", NewKey("script", scope="admin"))
    _, tool = await keys.create("ada", NewKey("tool"))
    with pytest.raises(Forbidden):
        await door.authenticate({"x-api-key": admin})
    with pytest.raises(Forbidden):
        await door.authenticate({"x-api-key": tool}, scope="admin")
    assert (await door.authenticate({"x-api-key": admin}, scope="admin")).user_id == "ada"


async def test_only_the_models_and_endpoints_of_a_key_are_admitted(door: Admissions, keys: VirtualKeys) -> None:
    who = await caller(door, keys, models=("gpt-5*",), endpoints=("chat/*", "models"))
    await door.admit(who, "chat/completions", "gpt-5.1")
    await door.admit(who, "chat/completions", "fast", names=("gpt-5-mini", "openai/gpt-5-mini"))
    await door.admit(who, "models")
    with pytest.raises(Forbidden, match="may not use claude") as refused:
        await door.admit(who, "chat/completions", "claude-sonnet-4-5", names=("anthropic/claude-sonnet-4-5",))
    assert refused.value.code == "model_not_allowed"
    with pytest.raises(Forbidden, match="may not use /v1/messages") as refused:
        await door.admit(who, "messages", "gpt-5.1")
    assert refused.value.code == "endpoint_not_allowed"


async def test_a_settled_request_makes_room_for_the_next_once(door: Admissions, keys: VirtualKeys) -> None:
    who = await caller(door, keys, streams=1)
    first = await door.admit(who, "messages", "gpt-5.1")
    with pytest.raises(TooManyRequests):
        await door.admit(who, "messages", "gpt-5.1")
    first.settle()
    first.settle()
    await door.admit(who, "messages", "gpt-5.1")
    with pytest.raises(TooManyRequests):
        await door.admit(who, "messages", "gpt-5.1")


async def test_a_request_that_is_limited_gives_the_money_back(
    door: Admissions, keys: VirtualKeys, database: Database
) -> None:
    who = await caller(door, keys, limit_nanos=CENT, rpm=1)
    (await door.admit(who, "messages", "gpt-5.1", quote=Quote(CENT, CENT))).settle()
    for _ in range(3):
        with pytest.raises(TooManyRequests):
            await door.admit(who, "messages", "gpt-5.1", quote=Quote(CENT, CENT))


async def test_another_model_is_let_in_for_its_own_price(door: Admissions, keys: VirtualKeys) -> None:
    who = await caller(door, keys, limit_nanos=CENT)
    admission = await door.admit(who, "messages", "gpt-5.1", quote=Quote(CENT, CENT))
    with pytest.raises(BudgetExceeded):
        await admission.change(Quote(2 * CENT, 2 * CENT))
    await admission.change(Quote(CENT, CENT))
    admission.settle()
    admission.settle()
    (await door.admit(who, "messages", "gpt-5.1", quote=Quote(CENT, CENT))).settle()


async def test_a_key_without_limits_says_nothing_of_them(door: Admissions, keys: VirtualKeys) -> None:
    assert (await door.admit(await caller(door, keys), "models")).left == ()
    limited = await door.admit(await caller(door, keys, rpm=10, tpm=1000), "messages", "gpt-5.1", tokens=100)
    assert [(each.kind, each.limit, each.remaining) for each in limited.left] == [
        ("requests", 10, 9),
        ("tokens", 1000, 900),
    ]
