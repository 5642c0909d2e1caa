import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from server import ids
from server.accounts.invitations import LINK_HOURS, Invitations
from server.accounts.roster import Change
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.errors import BadRequest, Conflict, NotFound, NotSignedIn
from server.store.engine import Database
from server.store.tables import Invitation, User
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.anyio
NEW = "a better password"


@pytest.fixture
def invitations(database: Database, users: Users) -> Invitations:
    return Invitations(database, users)


async def test_a_link_sets_the_password_once_and_ends_every_session(
    invitations: Invitations, users: Users, sessions: Sessions, ada: User
) -> None:
    _, cookie = await sessions.start(ada, [], "")
    _, secret = await invitations.link(ada.id, None)
    assert (await invitations.look(secret)).username == "Ada"
    await invitations.set_password(secret, NEW)
    assert await sessions.resolve(cookie) is None
    assert (await users.check("ada", NEW)).id == ada.id
    with pytest.raises(NotFound, match="not valid"):
        await invitations.set_password(secret, "yet another one")


async def test_two_who_use_one_link_at_once_are_one(invitations: Invitations, ada: User) -> None:
    _, secret = await invitations.link(ada.id, None)
    uses = (invitations.set_password(secret, f"{NEW} {number}") for number in range(4))
    outcomes = await asyncio.gather(*uses, return_exceptions=True)
    assert sorted(type(each).__name__ for each in outcomes) == ["NotFound", "NotFound", "NotFound", "User"]


async def test_a_password_that_is_refused_does_not_use_the_link_up(invitations: Invitations, ada: User) -> None:
    _, secret = await invitations.link(ada.id, None)
    for wrong in ("short", "Ada"):
        with pytest.raises(BadRequest):
            await invitations.set_password(secret, wrong)
    await invitations.set_password(secret, NEW)


async def test_a_link_ends_with_time_with_the_next_one_and_with_the_account(
    invitations: Invitations, users: Users, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = await invitations.link(ada.id, None)
    _, second = await invitations.link(ada.id, None)
    with pytest.raises(NotFound):
        await invitations.look(first)
    late = ids.now() + timedelta(hours=LINK_HOURS)
    with monkeypatch.context() as clock:
        clock.setattr(ids, "now", lambda: late)
        with pytest.raises(NotFound):
            await invitations.set_password(second, NEW)
    await users.change(ada.id, Change(disabled=True))
    with pytest.raises(NotFound):
        await invitations.look(second)
    with pytest.raises(Conflict, match="disabled"):
        await invitations.link(ada.id, None)
    assert isinstance(await users.change(ada.id, Change(disabled=False)), User)
    with pytest.raises(NotFound):
        await invitations.look(second)


async def test_an_invitation_makes_one_account_however_its_code_is_typed(
    invitations: Invitations, users: Users, root: User
) -> None:
    row, code = await invitations.invite("member", 7, root.id)
    assert [each.id for each in await invitations.all()] == [row.id]
    typed = f" {code.lower().replace('-', ' ')} "
    assert (await invitations.look(typed)).kind == "register"
    assert (await invitations.register(typed, "eve", PASSWORD)).role == "member"
    assert await invitations.all() == []
    with pytest.raises(NotFound):
        await invitations.register(code, "mallory", PASSWORD)
    assert await users.find("mallory") is None


async def test_a_name_that_is_taken_does_not_use_the_invitation_up(invitations: Invitations, ada: User) -> None:
    _, code = await invitations.invite("admin", 1, None)
    with pytest.raises(Conflict):
        await invitations.register(code, "ADA", PASSWORD)
    assert (await invitations.register(code, "eve", PASSWORD)).role == "admin"


async def test_a_withdrawn_invitation_is_worth_nothing(invitations: Invitations, root: User) -> None:
    row, code = await invitations.invite("member", 7, root.id)
    await invitations.withdraw(row.id)
    with pytest.raises(NotFound):
        await invitations.register(code, "eve", PASSWORD)
    with pytest.raises(NotFound):
        await invitations.withdraw(row.id)


async def test_a_guess_is_answered_before_a_password_is_hashed(
    invitations: Invitations, users: Users, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await invitations.link(ada.id, None)
    await invitations.set_password(secret, NEW)
    monkeypatch.setattr(users, "_passwords", None)
    for guess in (secret, "", "0000-0000-0000-0000", "x" * 2000):
        with pytest.raises(NotFound, match="not valid, or not any more"):
            await invitations.set_password(guess, PASSWORD)
        with pytest.raises(NotFound, match="not valid, or not any more"):
            await invitations.register(guess, "eve", PASSWORD)


async def test_a_link_is_no_invitation_and_an_invitation_no_link(
    invitations: Invitations, users: Users, ada: User
) -> None:
    _, secret = await invitations.link(ada.id, None)
    _, code = await invitations.invite("admin", 7, None)
    with pytest.raises(NotFound):
        await invitations.register(secret, "eve", PASSWORD)
    with pytest.raises(NotFound):
        await invitations.set_password(code, NEW)
    with pytest.raises(NotSignedIn):
        await users.check("eve", PASSWORD)


@pytest.mark.parametrize(("role", "days"), [("owner", 7), ("member", 0), ("member", 91)])
async def test_an_invitation_that_cannot_be_is_refused(invitations: Invitations, role: str, days: int) -> None:
    with pytest.raises(BadRequest):
        await invitations.invite(role, days, None)


async def test_nothing_that_is_stored_lets_anybody_in(invitations: Invitations, ada: User, database: Database) -> None:
    _, secret = await invitations.link(ada.id, None)
    _, code = await invitations.invite("member", 7, None)
    rows = await database.read(lambda connection: connection.execute(select(Invitation)).mappings().all())
    kept = str(list(rows))
    assert secret not in kept
    assert code not in kept
    assert code.replace("-", "") not in kept
    for row in rows:
        with pytest.raises(NotFound):
            await invitations.look(row["hash"])
