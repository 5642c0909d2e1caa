"""Backups over HTTP: an admin makes, takes and deletes them; nobody else knows of them."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest

from server.ops.backup.restore import restore
from server.ops.backup.source import Source
from tests.house import House
from tests.phone import PATIENCE, Phone

pytestmark = pytest.mark.anyio


async def made(root: Phone) -> Any:
    """The list, as soon as none is being made."""
    async with asyncio.timeout(PATIENCE):
        while (found := await root.get("/api/backups"))["making"]:
            await asyncio.sleep(0.01)
    return found


async def test_an_admin_makes_one_takes_it_away_and_it_is_whole(house: House, root: Phone, tmp_path: Path) -> None:
    await root.ask("remember this")
    await root.post("/api/backups", expect=202)
    found = await made(root)
    assert found["error"] is None
    [one] = found["backups"]
    assert (one["scheduled"], one["sealed"]) == (False, False)
    answer = await root.http.get(f"/api/backups/{one['name']}")
    assert f'filename="{one["name"]}"' in answer.headers["content-disposition"] and len(answer.content) == one["size"]
    copy = Source(tmp_path / "copy", tmp_path / "copy" / "llm-router.db")
    restore(copy, io.BytesIO(answer.content), one["name"])
    assert copy.database.is_file()
    await root.call("DELETE", f"/api/backups/{one['name']}", expect=204)
    assert (await root.get("/api/backups"))["backups"] == []
    await root.call("DELETE", f"/api/backups/{one['name']}", expect=404)


async def test_a_member_has_nothing_to_do_with_backups(house: House, root: Phone, phone: Phone) -> None:
    await root.post("/api/backups")
    [one] = (await made(root))["backups"]
    await phone.get("/api/backups", expect=403)
    await phone.post("/api/backups", expect=403)
    await phone.get(f"/api/backups/{one['name']}", expect=403)
    await phone.call("DELETE", f"/api/backups/{one['name']}", expect=403)
    assert len((await root.get("/api/backups"))["backups"]) == 1
    phone.http.cookies.clear()
    await phone.get("/api/backups", expect=401)


@pytest.mark.parametrize("name", ["..%2Fsecret.key", "secret.key", "%2Fetc%2Fhostname", ".%2E%2Fllm-router.db", "x"])
async def test_no_other_file_of_the_server_can_be_taken_or_deleted(house: House, root: Phone, name: str) -> None:
    folder = house.data / "backups"
    folder.mkdir()
    (folder / "secret.key").write_text("not this one either")
    await root.get(f"/api/backups/{name}", expect=404)
    await root.call("DELETE", f"/api/backups/{name}", expect=404)
    assert (house.data / "secret.key").exists() and (folder / "secret.key").exists()


async def test_why_a_backup_failed_is_said(house: House, root: Phone) -> None:
    (house.data / "backups").write_text("in the way")
    await root.post("/api/backups")
    assert "backups: File exists" in (await made(root))["error"]
