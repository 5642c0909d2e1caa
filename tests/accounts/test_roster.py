import asyncio

import pytest

from server.accounts.roster import DELETED, Change
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.errors import BadRequest, Conflict, NotFound
from server.store.engine import Database
from server.store.tables import User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("change", [Change(role="member"), Change(disabled=True)])
async def test_the_last_admin_stays_one(users: Users, root: User, change: Change) -> None:
    with pytest.raises(Conflict, match="last admin"):
        await users.change(root.id, change)
    second = await users.create("second", PASSWORD, "admin")
    await users.change(second.id, Change(disabled=True))
    with pytest.raises(Conflict, match="last admin"):
        await users.change(root.id, change)
    await users.change(second.id, Change(disabled=False))
    await users.change(root.id, change)


async def test_the_last_admin_cannot_be_deleted(users: Users, root: User) -> None:
    with pytest.raises(Conflict, match="last admin"):
        await users.give_up(root.id)


async def test_two_admins_who_remove_each_other_at_once_leave_one(users: Users, root: User) -> None:
    second = await users.create("second", PASSWORD, "admin")
    work = (users.change(root.id, Change(role="member")), users.give_up(second.id))
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in outcomes) == 1
    assert sum(user.role == "admin" and user.disabled_at is None for user in await users.all()) == 1


async def test_what_is_not_said_stays_as_it_is(users: Users, ada: User) -> None:
    await users.change(ada.id, Change(models=("gpt-*", "gpt-*", "claude-*"), own_keys="no"))
    changed = await users.change(ada.id, Change(role="admin"))
    assert (changed.role, changed.models, changed.own_keys) == ("admin", ["gpt-*", "claude-*"], "no")
    assert (await users.change(ada.id, Change(models=()))).models == []


@pytest.mark.parametrize(
    "change",
    [Change(role="owner"), Change(own_keys="perhaps"), Change(models=("two words",)), Change(models=("",))],
)
async def test_what_cannot_be_is_refused(users: Users, ada: User, change: Change) -> None:
    with pytest.raises(BadRequest):
        await users.change(ada.id, change)


async def test_whoever_is_deleted_is_nobody_at_once_and_their_name_is_free(
    users: Users, sessions: Sessions, ada: User
) -> None:
    _, cookie = await sessions.start(ada, [], "")
    await users.give_up(ada.id)
    assert await sessions.resolve(cookie) is None
    assert await users.find("ada") is None
    assert [user.username for user in await users.all()] == ["root"]
    row = await users.get(ada.id)
    assert row is not None
    assert (row.username, row.password_hash, row.preferences) == (DELETED, "", {})
    for gone in (users.change(ada.id, Change(disabled=False)), users.give_up(ada.id)):
        with pytest.raises(NotFound):
            await gone
    await users.create("ada", PASSWORD)


async def test_a_disabled_session_no_longer_holds(
    users: Users, sessions: Sessions, ada: User, database: Database
) -> None:
    signed_in, _ = await sessions.start(ada, [], "")
    assert await sessions.holds(signed_in.session)
    await users.change(ada.id, Change(disabled=True))
    assert not await sessions.holds(signed_in.session)
    await users.change(ada.id, Change(disabled=False))
    assert not await sessions.holds(signed_in.session)
