"""What all seeded worlds begin with, made once: a data folder with people and keys, and a newer version."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from server.accounts import passwords
from server.accounts.new_key import NewKey
from server.store import migrate
from tests.faults.plan import PEOPLE
from tests.house import ADMIN, House, template
from tests.phone import Phone

_ROOT = Path(__file__).parents[2]
_STEP = '''
from alembic import op
revision, down_revision = "9000", "{before}"


def upgrade():
    op.execute("CREATE TABLE newer (id INTEGER PRIMARY KEY, text TEXT)")
    op.execute("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
        INSERT INTO newer (text) SELECT hex(randomblob(100)) FROM n
    """)
    op.execute("CREATE INDEX newer_by_text ON newer (text)")
'''
ROWS = 8000


@dataclass(frozen=True)
class Person:
    cookies: dict[str, str]
    csrf: str
    conversation: str
    key: str


@dataclass(frozen=True)
class Stage:
    data: Path
    newer: Path
    """The program as it may be one day, with a migration that takes its time."""
    people: tuple[Person, ...]
    root: Person


async def build(folder: Path) -> Stage:
    data = template(folder / "data")
    usual = passwords.PASSES, passwords.MEMORY_KIB
    passwords.PASSES, passwords.MEMORY_KIB = 1, 64
    house = House(data, OPENAI_API_KEY="sk-test-openai-0001")
    await house.start()
    try:
        people = []
        for number in range(PEOPLE):
            name = f"person{number}"
            user = await house.services.users.create(name, "lovelace engine")
            _, key = await house.services.keys.create(user.id, NewKey(name="laptop"))
            people.append(await _person(house.url, name, "lovelace engine", key))
        root = await _person(house.url, *ADMIN, "")
    finally:
        passwords.PASSES, passwords.MEMORY_KIB = usual
        await house.stop()
    return Stage(data, _newer(folder / "newer"), tuple(people), root)


async def _person(url: str, name: str, password: str, key: str) -> Person:
    phone = await Phone(url).sign_in(name, password)
    conversation = await phone.conversation()
    cookies = dict(phone.http.cookies.items())
    await phone.close()
    return Person(cookies, phone.csrf, conversation, key)


def _newer(folder: Path) -> Path:
    for name in ("server", "commands", "web"):
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    step = _STEP.format(before=migrate.revisions()[-1], rows=ROWS)
    (folder / "server/store/migrations/versions/9000_newer.py").write_text(step)
    return folder
