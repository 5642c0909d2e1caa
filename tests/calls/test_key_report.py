"""What people see of their keys."""

from datetime import UTC, datetime, timedelta

import pytest

from server import ids
from server.accounts.new_key import NewKey
from server.accounts.virtual_keys import VirtualKeys
from server.calls.key_report import report
from server.money import ledger, retention
from server.store.engine import Database
from server.store.tables import Call
from server.wire.events import Usage

pytestmark = pytest.mark.anyio


async def test_when_a_key_was_last_used_is_known_when_the_log_has_let_go_of_it(
    database: Database, keys: VirtualKeys
) -> None:
    key, _ = await keys.create("ada", NewKey("laptop"))
    at = datetime(2026, 3, 1, 10, 20, tzinfo=UTC)
    row = Call(
        id=ids.derived_id(at, "call"),
        status="held",
        kind="gateway",
        user_id="ada",
        key_id=key.id,
        credential_id="x",
        provider="openai",
        model="gpt-5.1",
        started_at=at,
    )
    end = ledger.new_settlement(row.id, "done", Usage(input=5), "provider", (5, "computed"))
    await database.write(lambda connection: (ledger.hold(connection, row), ledger.settle(connection, end)))
    (before,) = await report(database, [key])
    await database.write(lambda connection: retention.drop_some(connection, at + timedelta(days=1)))
    (after,) = await report(database, [key])
    assert before["last_used_at"].startswith("2026-03-01T10:20")
    assert after["last_used_at"].startswith("2026-03-01T10:15")
