import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from server import ids
from server.store.engine import Database
from server.store.tables import ServerSecret, StoredCredential
from server.vault import keyfile, rotation
from server.vault.credentials import Credentials
from server.vault.ring import Ring
from server.vault.vault import Vault, WrongKey

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path)


async def test_a_new_key_encrypts_everything_again_and_the_old_one_goes(
    database: Database, tmp_path: Path, vault: Vault
) -> None:
    old = keyfile.load_or_create(tmp_path)
    assert isinstance(old, Ring)
    signed = vault.derive("virtual keys")
    stored = await Credentials(database, vault).create(None, "openai", KEY, None)
    secret = ServerSecret(name="push", ciphertext=vault.encrypt("pushed"), created_at=ids.now())
    await database.write(lambda connection: connection.execute(insert(ServerSecret).values(**secret.model_dump())))

    rotated = await rotation.rotate(database, vault)

    assert (rotated.renewed, rotated.unreadable) == (2, 0)
    started = Vault.open(tmp_path)
    for each in (vault, started):
        assert (await Credentials(database, each).open(stored.id)).key == KEY
        assert each.derive("virtual keys")[:1] == signed and len(each.derive("virtual keys")) == 2
    assert old.keys[0] not in (tmp_path / keyfile.NAME).read_bytes()
    with pytest.raises(WrongKey):
        await Credentials(database, Vault(old.keys)).open(stored.id)
    assert (tmp_path / keyfile.NAME).stat().st_mode & 0o777 == 0o600


async def test_a_rotation_that_was_killed_is_readable_at_every_step_and_is_finished_by_the_next_start(
    database: Database, tmp_path: Path, vault: Vault
) -> None:
    stored = await Credentials(database, vault).create(None, "openai", KEY, None)
    signed = vault.derive("session cookie")

    async def reads() -> bool:
        return (await Credentials(database, Vault.open(tmp_path)).open(stored.id)).key == KEY

    vault.put_new_key()
    assert await reads()  # killed before the transaction
    await database.write(lambda connection: rotation._encrypt_again(connection, vault))
    assert await reads()  # killed after it
    started = Vault.open(tmp_path)
    assert started.is_rotating
    await rotation.look_after(database, started)
    assert await reads()
    again = Vault.open(tmp_path)
    assert not again.is_rotating and again.derive("session cookie")[0] == signed[0]


async def test_what_nobody_can_read_any_more_stays_as_it_is_and_is_counted(
    database: Database, tmp_path: Path, vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    lost = await Credentials(database, vault).create(None, "openai", KEY, None)
    (tmp_path / keyfile.NAME).unlink()
    other = Vault.open(tmp_path)
    await rotation.look_after(database, other)
    assert caplog.messages == [
        "the key file is not the one under which a provider key was stored: put that file back into the data folder, "
        "or enter the keys again; everything else works"
    ]
    assert (await rotation.rotate(database, other)).unreadable == 1
    column = StoredCredential.__table__.c.ciphertext  # type: ignore[attr-defined]
    kept = await database.read(lambda connection: connection.execute(select(column)).scalar_one())
    assert vault.decrypt(kept) == KEY
    assert not other.fits(kept) and vault.fits(kept)
    assert lost.id


async def test_two_rotations_at_once_lose_nothing(database: Database, tmp_path: Path, vault: Vault) -> None:
    credentials = Credentials(database, vault)
    stored = [await credentials.create(None, "openai", f"{KEY}{n}", None) for n in range(5)]
    more = asyncio.gather(*(credentials.create(None, "openai", f"{KEY}{n}", None) for n in range(5, 10)))
    await asyncio.gather(rotation.rotate(database, vault), rotation.rotate(database, vault))
    stored += await more
    again = Credentials(database, Vault.open(tmp_path))
    assert [(await again.open(each.id)).key for each in stored] == [f"{KEY}{n}" for n in range(10)]


def test_killed_at_any_step_it_leaves_everything_readable(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.vault.killed", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) >= 7
