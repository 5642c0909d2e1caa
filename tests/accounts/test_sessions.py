from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from server import ids
from server.accounts.devices import name
from server.accounts.sessions import Sessions
from server.accounts.users import Users
from server.errors import NotFound
from server.store.engine import Database
from server.store.tables import User
from server.vault.vault import Vault

pytestmark = pytest.mark.anyio
PHONE = (
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
)


async def test_the_cookie_says_who_it_is(sessions: Sessions, ada: User) -> None:
    signed_in, cookie = await sessions.start(ada, [], PHONE)
    found = await sessions.resolve(cookie)
    assert found == signed_in
    assert found.user.id == ada.id
    assert found.device.name == "Chrome on Android"


@pytest.mark.parametrize("cookie", ["", "x", "x.y", "é.ü", "\ud800.x", "a" * 10_000])
async def test_no_other_cookie_says_anything(sessions: Sessions, ada: User, cookie: str) -> None:
    await sessions.start(ada, [], "")
    assert await sessions.resolve(cookie) is None


async def test_a_cookie_signed_under_another_key_is_nobodys(sessions: Sessions, database: Database, ada: User) -> None:
    _, cookie = await sessions.start(ada, [], "")
    stranger = Sessions(database, Vault([Fernet.generate_key()]), timedelta(days=1))
    assert await stranger.resolve(cookie) is None


async def test_a_new_key_in_front_keeps_everybody_signed_in(database: Database, ada: User) -> None:
    old, new = Fernet.generate_key(), Fernet.generate_key()
    _, cookie = await Sessions(database, Vault([old]), timedelta(days=1)).start(ada, [], "")
    assert await Sessions(database, Vault([new, old]), timedelta(days=1)).resolve(cookie)


async def test_the_database_does_not_hold_what_is_in_the_cookie(
    sessions: Sessions, database: Database, ada: User
) -> None:
    _, cookie = await sessions.start(ada, [], "")
    rows = await database.read(lambda connection: connection.execute(text("SELECT * FROM sessions")).all())
    assert cookie.partition(".")[0] not in str(rows)


async def test_finding_out_who_asks_writes_nothing(sessions: Sessions, database: Database, ada: User) -> None:
    _, cookie = await sessions.start(ada, [], "")
    before = database.commits
    assert await sessions.resolve(cookie)
    assert await sessions.all(ada.id)
    assert database.commits == before


async def test_an_expired_session_is_over_and_goes_with_the_next_sign_in(
    sessions: Sessions, database: Database, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, cookie = await sessions.start(ada, [], "")
    later = ids.now() + timedelta(days=91)
    monkeypatch.setattr(ids, "now", lambda: later)
    assert await sessions.resolve(cookie) is None
    assert await sessions.all(ada.id) == []
    await sessions.start(ada, [], "")
    count = text("SELECT count(*) FROM sessions")
    assert await database.read(lambda connection: connection.execute(count).scalar()) == 1


async def test_a_revoked_session_is_over_at_once(sessions: Sessions, ada: User) -> None:
    signed_in, cookie = await sessions.start(ada, [], "")
    await sessions.end(ada.id, signed_in.session.id)
    assert await sessions.resolve(cookie) is None
    with pytest.raises(NotFound):
        await sessions.end(ada.id, signed_in.session.id)


async def test_nobody_ends_the_session_of_another(sessions: Sessions, ada: User, root: User) -> None:
    signed_in, cookie = await sessions.start(ada, [], "")
    with pytest.raises(NotFound):
        await sessions.end(root.id, signed_in.session.id)
    assert await sessions.resolve(cookie)


async def test_sessions_are_listed_newest_first_with_their_devices(sessions: Sessions, ada: User) -> None:
    first, _ = await sessions.start(ada, [], PHONE)
    second, _ = await sessions.start(ada, [], "curl/8")
    listed = await sessions.all(ada.id)
    assert [(session.id, device.name) for session, device in listed] == [
        (second.session.id, "Browser"),
        (first.session.id, "Chrome on Android"),
    ]


async def test_a_device_is_known_again_by_its_id(sessions: Sessions, ada: User) -> None:
    first, _ = await sessions.start(ada, [], PHONE)
    again, _ = await sessions.start(ada, ["forgotten", first.device.id], PHONE)
    assert again.device.id == first.device.id


async def test_the_device_of_another_person_is_never_taken(
    sessions: Sessions, users: Users, ada: User, root: User
) -> None:
    hers, _ = await sessions.start(ada, [], PHONE)
    his, _ = await sessions.start(root, [hers.device.id], PHONE)
    assert his.device.id != hers.device.id


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        (PHONE, "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1", "Safari on Mac"),
        ("", "Browser"),
    ],
)
async def test_a_device_is_named_as_a_person_would(agent: str, expected: str) -> None:
    assert name(agent) == expected
