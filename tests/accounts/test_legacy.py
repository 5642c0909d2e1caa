"""The one old key: an account of its own, no admin, counted, gone when it is not wanted any more."""

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from server.accounts import legacy, virtual_keys
from server.accounts.new_key import NewKey
from server.accounts.passwords import Passwords
from server.accounts.users import Users
from server.accounts.virtual_keys import VirtualKeys
from server.errors import Conflict
from server.ids import now
from server.money.budgets import key_limits
from server.settings import Settings
from server.store.engine import Database
from server.store.tables import User
from server.vault.vault import Vault

pytestmark = pytest.mark.anyio
OLD = Settings(auth_mode="both", legacy_key="the-one-old-key-of-this-house", legacy_limit=20)


@pytest.fixture
def keys(database: Database) -> VirtualKeys:
    return VirtualKeys(database, Vault([Fernet.generate_key()]))


async def test_the_old_key_belongs_to_a_member_with_a_budget(
    database: Database, keys: VirtualKeys, users: Users, root: User
) -> None:
    await legacy.apply(database, Passwords(), keys, OLD)
    owner = await users.find("legacy")
    assert owner is not None
    assert (owner.id, owner.role) == ("legacy", "member")
    key = await keys.find("the-one-old-key-of-this-house")
    assert key is not None
    assert (key.user_id, key.last4, key.prefix) == ("legacy", "ouse", "")
    assert await database.read(lambda connection: key_limits(connection, [key.id])) == {key.id: 20_000_000_000}


async def test_it_keeps_its_id_when_it_is_changed_turned_off_and_on(
    database: Database, keys: VirtualKeys, root: User
) -> None:
    for settings in (OLD, OLD, Settings(), OLD, Settings(auth_mode="legacy", legacy_key="another-old-key-0001")):
        await legacy.apply(database, Passwords(), keys, settings)
        stored = await keys.all(None)
        assert [key.user_id for key in stored] == ["legacy"]
        limits = await database.read(lambda connection, id=stored[0].id: list(key_limits(connection, [id])))
        assert limits == ([stored[0].id] if settings.legacy_limit or settings.legacy_key is None else [])
        assert stored[0].state(now()) == ("active" if settings.legacy_key else "revoked")
    assert await keys.find("the-one-old-key-of-this-house") is None
    assert await keys.find("another-old-key-0001") is not None


async def test_it_has_one_key_and_no_password_whoever_asks(
    database: Database, keys: VirtualKeys, users: Users, root: User
) -> None:
    await legacy.apply(database, Passwords(), keys, OLD)
    with pytest.raises(Conflict, match="LLM_ROUTER_LEGACY_KEY"):
        await keys.create("legacy", NewKey("second"))
    with pytest.raises(Conflict, match="no password"):
        await users.set_password("legacy", "correct horse")


async def test_a_second_key_of_before_does_not_stop_the_start(
    database: Database, keys: VirtualKeys, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await legacy.apply(database, Passwords(), keys, OLD)
    with monkeypatch.context() as before:
        before.setattr(virtual_keys, "LEGACY", "nobody")
        await keys.create("legacy", NewKey("second"))
    await legacy.apply(database, Passwords(), keys, OLD.model_copy(update={"legacy_key": SecretStr("another-old-key")}))
    found = await keys.find("another-old-key")
    assert found is not None
    assert found.name == "legacy"


async def test_it_is_not_the_first_account(database: Database, keys: VirtualKeys, users: Users) -> None:
    await legacy.apply(database, Passwords(), keys, OLD)
    assert await users.count() == 0
    assert (await users.create_first("root", "correct horse")).role == "admin"


async def test_a_person_of_that_name_is_never_given_the_traffic(
    database: Database, keys: VirtualKeys, users: Users, root: User
) -> None:
    await users.create("Legacy", "correct horse", "admin")
    with pytest.raises(Conflict, match="a person is called legacy"):
        await legacy.apply(database, Passwords(), keys, OLD)
    await legacy.apply(database, Passwords(), keys, Settings())
    assert await keys.all(None) == []


async def test_a_server_that_never_had_one_gets_no_account_for_it(
    database: Database, keys: VirtualKeys, users: Users, root: User
) -> None:
    await legacy.apply(database, Passwords(), keys, Settings())
    assert await users.find("legacy") is None
