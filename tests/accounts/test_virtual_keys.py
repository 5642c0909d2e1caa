"""Virtual keys: shown once, stored as a keyed hash, revoked at once, believed for half a second."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from server import ids
from server.accounts import virtual_keys
from server.accounts.new_key import NewKey
from server.accounts.roster import Change
from server.accounts.users import Users
from server.accounts.virtual_keys import VirtualKey, VirtualKeys
from server.errors import BadRequest, NotFound
from server.store.engine import Database
from server.store.tables import User
from server.vault.vault import Vault

pytestmark = pytest.mark.anyio
OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


def key_with(**values: Any) -> VirtualKey:
    """A key that says nothing else."""
    nothing = dict.fromkeys(VirtualKey.__dataclass_fields__) | {"models": (), "endpoints": ()}
    return VirtualKey(**nothing | values)


@pytest.fixture
def keys(database: Database) -> VirtualKeys:
    return VirtualKeys(database, Vault([OLD]))


@pytest.fixture
def elsewhere(database: Database) -> VirtualKeys:
    """Another process over the same database."""
    return VirtualKeys(database, Vault([OLD]))


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the monotonic clock that keys are believed by."""
    real, moved = virtual_keys.time.monotonic, [0.0]
    monkeypatch.setattr(virtual_keys.time, "monotonic", lambda: real() + moved[0])

    def by(seconds: float) -> None:
        moved[0] += seconds

    return by


async def test_a_key_is_found_by_its_text_and_shown_by_its_ends(keys: VirtualKeys, ada: User) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop", project="home"))
    assert secret.startswith("sk-llmr-")
    assert len(secret) == len("sk-llmr-") + 43
    assert (key.prefix, key.last4, key.project) == ("sk-llmr-", secret[-4:], "home")
    assert await keys.find(secret) == key
    assert await keys.all(ada.id) == [key]


async def test_the_text_of_a_key_is_nowhere_in_the_database(
    keys: VirtualKeys, ada: User, database: Database, tmp_path: Path
) -> None:
    _, secret = await keys.create(ada.id, NewKey("laptop"))
    await keys.find(secret)
    await database.close()
    body = secret.removeprefix("sk-llmr-")
    assert not any(body.encode() in path.read_bytes() for path in tmp_path.iterdir())


async def test_a_hash_is_no_key(keys: VirtualKeys, ada: User, database: Database) -> None:
    await keys.create(ada.id, NewKey("laptop"))
    stored = await database.read(lambda connection: connection.execute(text("SELECT hash FROM virtual_keys")).scalar())
    assert await keys.find(str(stored)) is None


@pytest.mark.parametrize("shown", ["", "sk-llmr-", "' OR 1=1 --", "sk-llmr-%", "x" * 513, "sk-llmr-\ud800", "ключ"])
async def test_what_is_no_key_finds_nothing(keys: VirtualKeys, ada: User, shown: str) -> None:
    await keys.create(ada.id, NewKey("laptop"))
    assert await keys.find(shown) is None


async def test_a_revoked_key_ends_at_once_and_for_good(keys: VirtualKeys, ada: User) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop"))
    await keys.find(secret)
    first = await keys.revoke(key.id, ada.id)
    assert first.state(ids.now()) == "revoked"
    found = await keys.find(secret)
    assert found is not None
    assert found.state(ids.now()) == "revoked"
    assert (await keys.revoke(key.id, None)).revoked_at == first.revoked_at


async def test_what_another_process_revokes_ends_within_a_second(
    keys: VirtualKeys, elsewhere: VirtualKeys, ada: User, pass_time: Callable[[float], None]
) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop"))
    await keys.find(secret)
    await elsewhere.revoke(key.id, None)
    pass_time(0.9)
    found = await keys.find(secret)
    assert found is not None
    assert found.state(ids.now()) == "revoked"


async def test_a_known_key_is_not_looked_up_for_every_request(
    keys: VirtualKeys, ada: User, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await keys.create(ada.id, NewKey("laptop"))
    found = await keys.find(secret)
    monkeypatch.setattr(database, "read", None)
    assert await keys.find(secret) is found


async def test_the_key_of_somebody_who_is_shut_out_is_nobodys(
    keys: VirtualKeys, ada: User, users: Users, pass_time: Callable[[float], None]
) -> None:
    _, secret = await keys.create(ada.id, NewKey("laptop"))
    assert await keys.find(secret) is not None
    await users.change(ada.id, Change(disabled=True))
    pass_time(0.9)
    assert await keys.find(secret) is None


async def test_keys_outlive_a_new_server_secret(keys: VirtualKeys, ada: User, database: Database) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop"))
    renewed = VirtualKeys(database, Vault([NEW, OLD]))
    assert await renewed.find(secret) == key
    assert await VirtualKeys(database, Vault([NEW])).find(secret) is None


async def test_a_key_of_another_user_is_not_found(keys: VirtualKeys, ada: User, root: User) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop"))
    with pytest.raises(NotFound, match="there is no such key"):
        await keys.revoke(key.id, root.id)
    assert await keys.all(root.id) == []
    assert await keys.find(secret) == key


def test_patterns_say_which_models_and_endpoints_a_key_may_use() -> None:
    key = key_with(models=("gpt-5*", "ollama/*"), endpoints=("chat/*", "models"))
    assert key.allows_model("gpt-5.1")
    assert key.allows_model("qwen3", "ollama/qwen3")
    assert not key.allows_model("claude-sonnet-4-5")
    assert not key.allows_model("GPT-5.1")
    assert key.allows_endpoint("chat/completions")
    assert not key.allows_endpoint("messages")
    assert key_with().allows_model("anything")
    assert key_with().allows_endpoint("anything")


def test_a_key_is_over_from_the_instant_it_expires() -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)
    key = key_with(expires_at=at)
    assert key.state(at - timedelta(seconds=1)) == "active"
    assert key.state(at) == "expired"


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (NewKey(""), "a key has a name"),
        (NewKey(" x"), "a key has a name"),
        (NewKey("x" * 65), "a key has a name"),
        (NewKey("x\ny"), "a key has a name"),
        (NewKey("x", project="y" * 65), "a project has"),
        (NewKey("x", scope="god"), "scope is one of"),
        (NewKey("x", models=("two words",)), "models are at most"),
        (NewKey("x", models=("",)), "models are at most"),
        (NewKey("x", endpoints=("a",) * 51), "endpoints are at most"),
        (NewKey("x", rpm=0), "rpm is 1 or more"),
        (NewKey("x", tpm=-1), "tpm is 1 or more"),
        (NewKey("x", streams=10**10), "streams is 1 or more"),
        (NewKey("x", limit_nanos=0), "a spending limit is more than"),
        (NewKey("x", expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "expired already"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(keys: VirtualKeys, ada: User, new: NewKey, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        await keys.create(ada.id, new)
    assert await keys.all(None) == []


async def test_many_requests_at_once_look_a_known_key_up_once(
    keys: VirtualKeys,
    ada: User,
    database: Database,
    pass_time: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, secret = await keys.create(ada.id, NewKey("laptop"))
    await keys.find(secret)
    pass_time(0.6)
    looked: list[object] = []
    read = database.read

    async def counting(work: Any) -> Any:
        looked.append(work)
        return await read(work)

    monkeypatch.setattr(database, "read", counting)
    assert None not in await asyncio.gather(*(keys.find(secret) for _ in range(50)))
    assert len(looked) == 1


async def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_believed(
    keys: VirtualKeys, ada: User, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = await keys.create(ada.id, NewKey("laptop"))
    read = database.read

    async def overtaken(work: Any) -> Any:
        found = await read(work)
        monkeypatch.setattr(database, "read", read)
        await keys.revoke(key.id, None)
        return found

    monkeypatch.setattr(database, "read", overtaken)
    await keys.find(secret)
    found = await keys.find(secret)
    assert found is not None
    assert found.revoked_at is not None
