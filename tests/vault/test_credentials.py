from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection, insert, text

from server import ids
from server.errors import BadRequest, NotFound
from server.store.engine import Database
from server.store.tables import ModelList, User
from server.vault.credentials import Credentials
from server.vault.vault import Vault, WrongKey

pytestmark = pytest.mark.anyio
KEY = "sk-ant-canary-0123456789"


@pytest.fixture
async def ada(database: Database) -> str:
    return await person(database, "ada")


@pytest.fixture
async def bob(database: Database) -> str:
    return await person(database, "bob")


async def person(database: Database, name: str) -> str:
    user = User(id=name, username=name, username_key=name, password_hash="", created_at=ids.now())
    await database.write(lambda connection: connection.execute(insert(User).values(**user.model_dump())))
    return user.id


@pytest.fixture
def credentials(database: Database) -> Credentials:
    return Credentials(database, Vault([Fernet.generate_key()]))


async def test_a_stored_key_is_only_shown_by_its_last_four(credentials: Credentials, ada: str) -> None:
    made = await credentials.create(ada, "anthropic", KEY, None)
    assert (made.last4, made.status) == ("6789", "untested")
    assert await credentials.all(ada) == [made]
    opened = await credentials.open(made.id)
    assert opened.key == KEY
    assert KEY not in f"{made!r} {opened!r}"


async def test_the_key_is_nowhere_in_the_files(credentials: Credentials, ada: str, tmp_path: Path) -> None:
    await credentials.create(ada, "anthropic", KEY, None)
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"anthropic" in content for content in files)
    assert not any(KEY.encode() in content for content in files)


async def test_one_sees_the_own_keys_and_those_of_the_server(credentials: Credentials, ada: str, bob: str) -> None:
    hers = await credentials.create(ada, "openai", KEY, None)
    shared = await credentials.create(None, "gemini", KEY, None)
    assert [each.id for each in await credentials.all(ada)] == [hers.id, shared.id]
    assert [each.id for each in await credentials.all(bob)] == [shared.id]
    assert [each.id for each in await credentials.all(None)] == [shared.id]


async def test_nobody_touches_the_key_of_another(credentials: Credentials, ada: str, bob: str) -> None:
    hers = await credentials.create(ada, "openai", KEY, None)
    for other in (bob, None):
        with pytest.raises(NotFound):
            await credentials.replace(hers.id, other, key="sk-evil-0123456789")
        with pytest.raises(NotFound):
            await credentials.delete(hers.id, other)
    assert (await credentials.open(hers.id)).key == KEY


async def test_replacing_changes_what_is_given_and_asks_for_a_new_test(
    credentials: Credentials, database: Database, ada: str
) -> None:
    made = await credentials.create(ada, "compatible", KEY, "http://pi.lan:11434/v1/")
    assert made.base_url == "http://pi.lan:11434/v1"
    await credentials.note(made.id, "ok", "12 models")
    listed = ModelList(credential_id=made.id, fetched_at=ids.now(), models=[])
    await database.write(lambda connection: connection.execute(insert(ModelList).values(**listed.model_dump())))

    changed = await credentials.replace(made.id, ada, key="sk-new-9876543210")
    assert (changed.last4, changed.base_url, changed.status) == ("3210", made.base_url, "untested")
    assert (await credentials.open(made.id)).key == "sk-new-9876543210"
    assert await database.read(_model_lists) == 0

    changed = await credentials.replace(made.id, ada, base_url="")
    assert changed.base_url is None
    assert (await credentials.open(made.id)).key == "sk-new-9876543210"


def _model_lists(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM model_lists")).scalar_one())


async def test_a_deleted_key_is_gone(credentials: Credentials, ada: str) -> None:
    made = await credentials.create(ada, "openai", KEY, None)
    await credentials.delete(made.id, ada)
    assert await credentials.all(ada) == []
    for gone in (credentials.open(made.id), credentials.delete(made.id, ada)):
        with pytest.raises(NotFound):
            await gone


async def test_the_result_of_a_test_is_kept(credentials: Credentials, ada: str) -> None:
    made = await credentials.create(ada, "openai", KEY, None)
    await credentials.note(made.id, "failed", "The key was refused.")
    [kept] = await credentials.all(ada)
    assert (kept.status, kept.status_message) == ("failed", "The key was refused.")
    assert kept.checked_at is not None


async def test_an_upstream_without_a_key_needs_none(credentials: Credentials, ada: str) -> None:
    made = await credentials.create(ada, "ollama", "  ", "http://localhost:11434")
    assert (made.last4, (await credentials.open(made.id)).key) == ("", None)


async def test_of_a_short_key_nothing_is_shown(credentials: Credentials, ada: str) -> None:
    assert (await credentials.create(ada, "compatible", "abcd1234", None)).last4 == ""


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "ключ", "x" * 5000, "tab\there"])
async def test_what_cannot_be_a_key_is_refused_without_repeating_it(
    credentials: Credentials, ada: str, key: str
) -> None:
    with pytest.raises(BadRequest, match="does not look like a key") as refused:
        await credentials.create(ada, "openai", key, None)
    assert key not in refused.value.message


@pytest.mark.parametrize("address", ["localhost", "ftp://x", "javascript:alert(1)", "http://", "file:///etc/passwd"])
async def test_what_cannot_be_an_address_is_refused(credentials: Credentials, ada: str, address: str) -> None:
    with pytest.raises(BadRequest, match="not an address"):
        await credentials.create(ada, "compatible", None, address)


async def test_a_lost_key_file_is_a_sentence(credentials: Credentials, database: Database, ada: str) -> None:
    made = await credentials.create(ada, "openai", KEY, None)
    with pytest.raises(WrongKey):
        await Credentials(database, Vault([Fernet.generate_key()])).open(made.id)
