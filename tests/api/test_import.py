"""Bringing along: the upload, its progress, and what is in the house afterwards."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import update

from server.archive.publish import ARRIVING
from server.ids import new_id
from server.store.tables import Conversation
from tests.archive import samples
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Upstream

pytestmark = pytest.mark.anyio


async def upload(phone: Phone, data: Any, *, expect: int = 202, name: str = "export.zip") -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    headers = {"X-CSRF-Token": phone.csrf, "Content-Type": "application/octet-stream"}
    answer = await phone.http.post("/api/import", params={"name": name}, content=body, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def imported(phone: Phone, data: Any) -> Any:
    """The import when it has ended."""
    started = await upload(phone, data)
    async with asyncio.timeout(PATIENCE):
        while (now := await phone.get(f"/api/import/{started['id']}"))["state"] not in ("done", "failed"):
            await asyncio.sleep(0.02)
    return now


async def exported(phone: Phone, id: str) -> Any:
    answer = await phone.http.get(f"/api/export/{id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def spoken(phone: Phone, house: House) -> str:
    """A conversation with a retried answer, settings, a favourite and a file."""
    id = await phone.conversation(title="Squares", system="Be brief.", temperature=0.5)
    headers = {"X-CSRF-Token": phone.csrf}
    answer = await phone.http.post(
        "/api/attachments", params={"name": "red.png"}, content=samples.png(), headers=headers
    )
    assert answer.status_code == 201, answer.text
    sent = await phone.send(id, "What is this?", attachments=[answer.json()["id"]])
    await phone.ended(sent["reply"]["id"])
    again = await phone.post(f"/api/messages/{sent['reply']['id']}/retry", {"client_id": "retry-0001"})
    await phone.ended(again["reply"]["id"])
    await phone.call("PATCH", f"/api/conversations/{id}", {"favorite": True})
    return id


def lasting(export: Any) -> Any:
    """Without what says when it was made, and that it once was brought along."""
    for conversation in export["conversations"]:
        for call in conversation["calls"]:
            call["imported_at"] = None
    return {name: value for name, value in export.items() if name != "exported_at"}


async def forget(house: House, id: str) -> None:
    """Takes a conversation, its usage and its files out of the database, as if it had never been there."""

    def work(connection: Any) -> None:
        for table, column in (("calls", "conversation_id"), ("totals", "id"), ("conversations", "id")):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE {column} = ?", (id,))
        connection.exec_driver_sql("DELETE FROM attachments")

    await house.services.database.write(work)


async def test_the_export_of_a_conversation_brings_back_the_same_rows(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    id = await spoken(phone, house)
    before = await exported(phone, id)
    shown = await phone.get(f"/api/conversations/{id}")
    await forget(house, id)
    await phone.get(f"/api/conversations/{id}", expect=404)

    done = await imported(phone, before)
    assert (done["state"], done["report"]["conversations"], done["report"]["messages"]) == ("done", 1, 3)
    assert lasting(await exported(phone, id)) == lasting(before)
    assert (await phone.get(f"/api/conversations/{id}")) == shown


async def test_everything_in_a_zip_brings_back_the_same_rows_and_files(
    house: House, phone: Phone, upstream: Upstream
) -> None:
    id = await spoken(phone, house)
    other = await phone.conversation(title="Empty")
    before = await exported(phone, id)
    archive = (await phone.http.get("/api/export")).content
    await forget(house, id)
    await forget(house, other)
    file = next(house.services.intake.files.folder.glob("??/" + "[0-9a-f]" * 64))
    file.unlink()

    done = await imported(phone, archive)
    assert (done["state"], done["report"]["conversations"], done["report"]["files"]) == ("done", 2, 1)
    assert lasting(await exported(phone, id)) == lasting(before)
    assert file.exists()


async def test_importing_twice_gives_nothing_twice(house: House, phone: Phone, upstream: Upstream) -> None:
    id = await spoken(phone, house)
    mine = await exported(phone, id)
    for data in (mine, samples.packed(samples.chatgpt_zip())):
        await imported(phone, data)
        listed = (await phone.get("/api/conversations"))["conversations"]
        again = await imported(phone, data)
        assert (again["report"]["conversations"], again["report"]["messages"], again["report"]["already"]) == (0, 0, 1)
        assert (await phone.get("/api/conversations"))["conversations"] == listed


async def test_somebody_elses_export_becomes_rows_of_the_one_who_imports_it(
    house: House, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    id = await spoken(phone, house)
    theirs = await exported(phone, id)
    spent = (await bob.get("/api/statistics"))["account"]
    assert (await imported(bob, theirs))["state"] == "done"
    [copy] = (await bob.get("/api/conversations"))["conversations"]
    assert copy["id"] != id and copy["figures"]["calls"] == 2
    assert (await bob.get("/api/statistics"))["account"] == spent
    page = await bob.get(f"/api/conversations/{copy['id']}")
    assert [message["text"] for message in page["messages"]][0] == "What is this?"
    assert (await imported(bob, theirs))["report"]["already"] == 1
    await phone.get(f"/api/conversations/{copy['id']}", expect=404)


async def test_ids_of_somebody_else_in_a_forged_export_change_nothing_of_theirs(
    house: House, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    id = await spoken(phone, house)
    forged = await exported(phone, id)
    forged["user"]["id"] = bob.session["user"]["id"]
    forged["conversations"][0]["messages"][0]["text"] = "forged"
    before = await exported(phone, id)
    assert (await imported(bob, forged))["state"] == "done"
    assert lasting(await exported(phone, id)) == lasting(before)
    [copy] = (await bob.get("/api/conversations"))["conversations"]
    assert copy["id"] != id


async def test_a_forged_export_gives_nobody_the_files_of_somebody_else(
    house: House, phone: Phone, bob: Phone, upstream: Upstream
) -> None:
    theirs = await exported(phone, await spoken(phone, house))
    one = theirs["conversations"][0]
    words = json.dumps({"format": theirs["format"], "version": theirs["version"], "conversations": [one]})
    for row in (one["conversation"], *one["messages"], *one["calls"]):
        words = words.replace(row["id"], new_id())
    forged = json.loads(words) | {"user": {"id": bob.session["user"]["id"]}}
    [file] = forged["conversations"][0]["attachments"]
    forged["conversations"][0]["attachments"].append(file | {"id": new_id()})
    assert (await imported(bob, forged))["state"] == "done"
    [copy] = (await bob.get("/api/conversations"))["conversations"]
    page = await bob.get(f"/api/conversations/{copy['id']}")
    assert page["messages"] and not any("attachments" in message for message in page["messages"])
    assert (await bob.http.get(f"/api/attachments/{file['id']}")).status_code == 404


async def test_a_forged_export_makes_nobody_a_relative_of_somebody_elses_conversation(phone: Phone, bob: Phone) -> None:
    theirs = await phone.conversation(title="private")
    before = await phone.get(f"/api/conversations/{theirs}")
    forged = await exported(bob, await bob.conversation(title="forged"))
    forged["conversations"][0]["conversation"] |= {"id": new_id(), "root_id": theirs, "parent_id": theirs}
    assert (await imported(bob, forged))["state"] == "done"
    listed = (await bob.get("/api/conversations"))["conversations"]
    assert "private" not in str(listed) and len(listed) == 2
    copy = next(one for one in listed if one["parent"])
    assert "private" not in str(await bob.get(f"/api/conversations/{copy['id']}/branches"))
    await bob.call("PATCH", f"/api/conversations/{copy['id']}", {"title": "renamed"})
    assert await phone.get(f"/api/conversations/{theirs}") == before


async def test_imported_usage_is_not_on_the_bill(house: House, phone: Phone, upstream: Upstream) -> None:
    id = await spoken(phone, house)
    export = await exported(phone, id)
    account = (await phone.get("/api/statistics"))["account"]
    for call in export["conversations"][0]["calls"]:
        call["cost_nanos"] = -5_000_000_000
    await forget(house, id)
    await imported(phone, export)
    assert (await phone.get("/api/statistics"))["account"] == account


async def test_a_newer_export_adds_what_is_new_and_a_deleted_conversation_comes_back(phone: Phone) -> None:
    older = samples.openwebui()
    newer = samples.openwebui()
    del older[0]["chat"]["history"]["messages"]["c"]
    await imported(phone, older)
    [conversation] = (await phone.get("/api/conversations"))["conversations"]
    await phone.call("DELETE", f"/api/conversations/{conversation['id']}")
    done = await imported(phone, newer)
    assert (done["report"]["conversations"], done["report"]["messages"]) == (0, 1)
    page = await phone.get(f"/api/conversations/{conversation['id']}")
    assert page["messages"][-1]["siblings"]["ids"].__len__() == 2


async def test_what_was_imported_is_found_by_the_search(phone: Phone) -> None:
    await imported(phone, samples.claude())
    found = await phone.get("/api/search?q=two%20words")
    [hit] = found["hits"]
    page = await phone.get(f"/api/messages/{hit['message_id']}")
    assert page["text"] == "Two words."


async def test_an_imported_conversation_can_be_gone_on_with(phone: Phone, upstream: Upstream) -> None:
    await imported(phone, samples.packed(samples.chatgpt_zip()))
    [conversation] = (await phone.get("/api/conversations"))["conversations"]
    sent = await phone.send(conversation["id"], "And now?", models=["gpt-5.1"])
    assert (await phone.ended(sent["reply"]["id"]))["status"] == "done"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"hello", "neither a ZIP nor JSON"),
        (json.dumps(samples.chatgpt()).encode()[:-9], "cut off"),
        (samples.packed({"../conversations.json": b"[]"}), "points out of it"),
        (b'{"format":"llm-router-export","version":99,"conversations":[]}', "version 99"),
    ],
)
async def test_what_cannot_be_imported_says_why_and_leaves_nothing(
    house: House, phone: Phone, data: bytes, says: str
) -> None:
    done = await imported(phone, data)
    assert done["state"] == "failed" and says in done["error"]
    assert (await phone.get("/api/conversations"))["conversations"] == []
    folder = house.data / "imports"
    assert not folder.exists() or list(folder.iterdir()) == []


async def test_a_damaged_conversation_takes_the_whole_ones_back_with_it(house: House, phone: Phone) -> None:
    await imported(phone, samples.librechat())
    good = await exported(phone, (await phone.get("/api/conversations"))["conversations"][0]["id"])
    bad = json.loads(json.dumps(good).replace("assistant", "nobody"))
    whole = json.loads(json.dumps(good["conversations"][0]))
    for old in {whole["conversation"]["id"], *(message["id"] for message in whole["messages"])}:
        whole = json.loads(json.dumps(whole).replace(old, old[:-1] + ("0" if old[-1] != "0" else "1")))
    bad["conversations"] = [whole, *json.loads(json.dumps(bad["conversations"]).replace('"id": "0', '"id": "1'))]
    done = await imported(phone, bad)
    assert done["state"] == "failed" and "nobody" in done["error"]
    assert len((await phone.get("/api/conversations"))["conversations"]) == 1


async def test_an_empty_upload_is_refused_at_once(phone: Phone) -> None:
    assert "empty" in (await upload(phone, b"", expect=400))["error"]["message"]


async def test_somebody_elses_import_does_not_exist(phone: Phone, bob: Phone) -> None:
    started = await imported(phone, samples.librechat())
    await bob.get(f"/api/import/{started['id']}", expect=404)


async def test_without_the_token_nothing_is_taken(phone: Phone) -> None:
    answer = await phone.http.post("/api/import", content=b"[]")
    assert answer.status_code == 403


async def test_what_an_interrupted_import_left_is_gone_after_a_start(house: House, phone: Phone) -> None:
    left = house.data / "imports" / "old"
    left.mkdir(parents=True)
    (left / "upload").write_bytes(b"x")
    await imported(phone, samples.librechat())

    def half(connection: Any) -> None:
        connection.execute(update(Conversation.__table__).values(deleted_at=ARRIVING))

    await house.services.database.write(half)
    await house.stop()
    await house.start()
    assert not left.exists()
    assert (await phone.get("/api/conversations"))["conversations"] == []
    assert (await phone.get("/api/conversations?deleted=true"))["conversations"] == []
    assert (await imported(phone, samples.librechat()))["state"] == "done"
    [whole] = (await phone.get("/api/conversations"))["conversations"]
    page = await phone.get(f"/api/conversations/{whole['id']}")
    assert [message["text"] for message in page["messages"]] == ["Count", "Two."]
