import asyncio
import time
from statistics import median

import pytest

from server.accounts.passwords import Passwords
from server.accounts.roster import Change
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.errors import AppError, BadRequest, Conflict, NotFound, NotSignedIn
from server.settings import Settings
from server.store.tables import User

pytestmark = pytest.mark.anyio
PASSWORD = "correct horse"


async def test_a_person_is_found_under_any_spelling_of_the_name(users: Users, ada: User) -> None:
    for spelling in ("ada", "ADA", " Ada ", "Ａｄａ"):
        found = await users.find(spelling)
        assert found is not None, spelling
        assert found.id == ada.id


@pytest.mark.parametrize("username", ["ada", "ADA", "Ａｄａ"])
async def test_a_name_is_given_once(users: Users, ada: User, username: str) -> None:
    with pytest.raises(Conflict, match="taken"):
        await users.create(username, PASSWORD)


@pytest.mark.parametrize("username", ["a", "ada@example.com", "Аня", "山田", "first.last+1", "x" * 32, "अदिति"])
async def test_names_of_every_script_are_taken(users: Users, username: str) -> None:
    assert (await users.create(username, PASSWORD)).username == username


@pytest.mark.parametrize("username", ["", " ", "two words", "x" * 33, "a\nb", "a/b", "<b>", "\ud800", "a\x00", "😀"])
async def test_other_names_are_refused_with_a_sentence(users: Users, username: str) -> None:
    with pytest.raises(BadRequest, match="a user name has"):
        await users.create(username, PASSWORD)
    assert await users.find(username) is None


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "at least 8"), ("x" * 1025, "at most 1024"), ("ADA-LOVELACE", "not the user name")],
)
async def test_weak_passwords_are_refused_with_a_sentence(users: Users, password: str, sentence: str) -> None:
    with pytest.raises(BadRequest, match=sentence):
        await users.create("Ada-Lovelace", password)


async def test_the_right_password_lets_in_and_a_wrong_one_does_not(users: Users, ada: User) -> None:
    assert (await users.check("ada", PASSWORD)).id == ada.id
    with pytest.raises(NotSignedIn):
        await users.check("ada", PASSWORD + " ")


async def test_the_same_password_typed_on_another_keyboard_lets_in(users: Users) -> None:
    await users.create("zoe", "caf\u00e9 au lait")
    assert await users.check("zoe", "cafe\u0301 au lait")


async def test_a_wrong_name_and_a_wrong_password_cannot_be_told_apart(
    slow_passwords: None, users: Users, ada: User
) -> None:
    async def ask(name: str) -> tuple[str, str, float]:
        began = time.perf_counter()
        with pytest.raises(AppError) as refused:
            await users.check(name, "wrong password")
        return refused.value.code, refused.value.message, time.perf_counter() - began

    await ask("ada")
    known = [await ask("ada") for _ in range(5)]
    unknown = [await ask("nobody") for _ in range(5)]
    assert {each[:2] for each in known} == {each[:2] for each in unknown}
    # An unknown name without a hash would be an order of magnitude faster.
    assert median(each[2] for each in unknown) > median(each[2] for each in known) / 3


async def test_passwords_are_hashed_with_argon2id(slow_passwords: None, ada: User) -> None:
    assert ada.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_many_sign_ins_at_once_take_the_memory_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    def verify(_password: str, _stored: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.001)  # stands for the hash: lets another thread in if one may come in
        running -= 1
        return True

    monkeypatch.setattr("server.accounts.passwords._verify", verify)
    passwords = Passwords()
    assert all(await asyncio.gather(*(passwords.verify(PASSWORD, "hash") for _ in range(20))))
    assert most == 1


async def test_nobody_has_a_password(users: Users) -> None:
    assert not await Passwords().verify("", None)
    assert not await Passwords().verify(PASSWORD, None)


async def test_there_is_one_first_account_even_when_two_people_hurry(users: Users) -> None:
    outcomes = await asyncio.gather(
        users.create_first("one", PASSWORD), users.create_first("two", PASSWORD), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Conflict", "User"]
    assert [each.role for each in await users.all()] == ["admin"]


async def test_the_first_admin_comes_from_the_settings_once(users: Users) -> None:
    settings = Settings.load({"LLM_ROUTER_ADMIN_USER": "boss", "LLM_ROUTER_ADMIN_PASSWORD": PASSWORD})
    made = await users.create_from(settings)
    assert made is not None
    assert (made.username, made.role) == ("boss", "admin")
    assert await users.create_from(settings) is None
    assert await users.count() == 1


async def test_a_disabled_person_is_signed_out_and_stays_out(users: Users, sessions: Sessions, ada: User) -> None:
    _, cookie = await sessions.start(ada, [], "")
    await users.change(ada.id, Change(disabled=True))
    assert await sessions.resolve(cookie) is None
    with pytest.raises(NotSignedIn, match="wrong user or password"):
        await users.check("ada", PASSWORD)


async def test_a_new_password_ends_every_session_and_lets_back_in(users: Users, sessions: Sessions, ada: User) -> None:
    _, cookie = await sessions.start(ada, [], "")
    await users.change(ada.id, Change(disabled=True))
    await users.set_password("ada", "another one")
    assert await sessions.resolve(cookie) is None
    assert await users.check("ada", "another one")


async def test_nothing_can_be_done_to_a_person_who_is_not_there(users: Users) -> None:
    with pytest.raises(NotFound):
        await users.change("nobody", Change(disabled=True))
    with pytest.raises(NotFound):
        await users.set_password("nobody", PASSWORD)


async def test_preferences_are_merged_and_a_none_removes_one(users: Users, ada: User) -> None:
    assert await users.prefer(ada.id, {"theme": "day", "default_model": "gpt-5.1"}) == {
        "theme": "day",
        "default_model": "gpt-5.1",
    }
    assert await users.prefer(ada.id, {"theme": None}) == {"default_model": "gpt-5.1"}
    stored = await users.get(ada.id)
    assert stored is not None
    assert stored.preferences == {"default_model": "gpt-5.1"}
