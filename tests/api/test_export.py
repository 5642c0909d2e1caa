"""Taking away: JSON, Markdown and PDF of a conversation, everything as a ZIP, and only one's own."""

import asyncio
import io
import json
import zipfile

import pytest
from pypdf import PdfReader

from server.archive import memory, reading
from tests.house import House
from tests.phone import PATIENCE, Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def pdf(phone: Phone, id: str, query: str = "") -> PdfReader:
    started = await phone.post(f"/api/export/{id}/pdf{query}")
    async with asyncio.timeout(PATIENCE):
        while (now := await phone.get(f"/api/pdf/{started['id']}"))["state"] not in ("done", "failed"):
            await asyncio.sleep(0.02)
    assert now["state"] == "done", now
    answer = await phone.http.get(f"/api/pdf/{started['id']}/file")
    assert answer.headers["content-type"] == "application/pdf"
    return PdfReader(io.BytesIO(answer.content), strict=True)


async def test_markdown_is_what_is_read_with_who_said_it(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="A **bold** answer."))
    id = await phone.conversation(title="On paper", system="Be bold.", model="gpt-5.1")
    sent = await phone.send(id, "Say something")
    await phone.ended(sent["reply"]["id"])
    answer = await phone.http.get(f"/api/export/{id}?format=markdown")
    assert answer.headers["content-type"].startswith("text/markdown")
    assert 'filename="On paper.md"' in answer.headers["content-disposition"]
    lines = answer.text.splitlines()
    assert lines[0] == "# On paper" and "Be bold." in lines
    assert lines.index("Say something") < lines.index("A **bold** answer.")
    assert any(line.startswith("## ◆ gpt-5.1 · ") for line in lines)


async def test_an_export_up_to_a_message_ends_with_it(phone: Phone, upstream: Upstream) -> None:
    id = await phone.conversation()
    first = await phone.send(id, "first prompt")
    await phone.ended(first["reply"]["id"])
    second = await phone.send(id, "second prompt")
    await phone.ended(second["reply"]["id"])
    answer = await phone.http.get(f"/api/export/{id}?format=markdown&leaf={first['reply']['id']}")
    assert "first prompt" in answer.text and "second prompt" not in answer.text


async def test_a_pdf_has_the_words_of_the_conversation(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="Выделяемый текст."))
    id = await phone.conversation(title="On paper")
    sent = await phone.send(id, "Say something")
    await phone.ended(sent["reply"]["id"])
    reader = await pdf(phone, id)
    text = reader.pages[0].extract_text()
    assert "Say something" in text and "Выделяемый текст." in text
    prompt = await pdf(phone, id, f"?leaf={sent['message']['id']}")
    assert "Выделяемый" not in prompt.pages[0].extract_text()


async def test_a_pdf_is_refused_where_memory_is_short(phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await phone.conversation()
    monkeypatch.setattr(memory, "available", lambda: 50_000_000)
    answer = await phone.post(f"/api/export/{id}/pdf", expect=503)
    assert answer["error"]["code"] == "memory_short"


async def test_asking_again_while_it_is_made_gives_the_same_pdf(phone: Phone) -> None:
    id = await phone.conversation()
    first, second = await asyncio.gather(phone.post(f"/api/export/{id}/pdf"), phone.post(f"/api/export/{id}/pdf"))
    assert first["id"] == second["id"]


async def test_everything_is_a_zip_without_what_is_in_the_bin(phone: Phone, upstream: Upstream) -> None:
    kept, gone = await phone.conversation(title="kept"), await phone.conversation(title="gone")
    await phone.call("DELETE", f"/api/conversations/{gone}")
    answer = await phone.http.get("/api/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        export = json.loads(archive.read("export.json"))
    assert (export["format"], export["version"]) == ("llm-router-export", 1)
    assert [each["conversation"]["id"] for each in export["conversations"]] == [kept]


async def test_what_is_deleted_while_everything_is_exported_is_left_out(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = ["gone first", "kept", "gone too", "kept too"]
    ids = [await phone.conversation(title=title) for title in titles]
    for id in (ids[0], ids[2]):
        await phone.call("DELETE", f"/api/conversations/{id}")

    async def found_before(db: object, user_id: str) -> list[str]:
        return ids

    monkeypatch.setattr(reading, "ids", found_before)
    answer = await phone.http.get("/api/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        export = json.loads(archive.read("export.json"))
    assert [each["conversation"]["title"] for each in export["conversations"]] == ["kept", "kept too"]


async def test_a_message_that_is_not_of_the_conversation_ends_no_export(phone: Phone, upstream: Upstream) -> None:
    id = await phone.conversation()
    sent = await phone.send(id, "hello")
    await phone.ended(sent["reply"]["id"])
    elsewhere = await phone.ask("somewhere else")
    for leaf in ("nothing", elsewhere["id"]):
        await phone.get(f"/api/export/{id}?format=markdown&leaf={leaf}", expect=404)
        await phone.post(f"/api/export/{id}/pdf?leaf={leaf}", expect=404)


async def test_a_reply_that_is_being_written_is_exported_as_broken_off(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="slow " * 50, delay=0.2))
    id = await phone.conversation()
    sent = await phone.send(id, "hello")
    export = (await phone.http.get(f"/api/export/{id}")).json()
    reply = next(m for m in export["conversations"][0]["messages"] if m["role"] == "assistant")
    assert reply["status"] == "interrupted"
    await phone.post(f"/api/messages/{sent['reply']['id']}/stop")
    await phone.ended(sent["reply"]["id"])


@pytest.mark.parametrize("path", ["", "?format=markdown"])
async def test_somebody_elses_conversation_does_not_exist(phone: Phone, bob: Phone, path: str) -> None:
    id = await phone.conversation()
    assert (await bob.http.get(f"/api/export/{id}{path}")).status_code == 404
    await bob.post(f"/api/export/{id}/pdf", expect=404)
    started = await phone.post(f"/api/export/{id}/pdf")
    await bob.get(f"/api/pdf/{started['id']}", expect=404)


async def test_nobodys_keys_are_in_an_export(house: House, phone: Phone, upstream: Upstream) -> None:
    await phone.ask("hello")
    answer = await phone.http.get("/api/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        text = archive.read("export.json").decode()
    assert "sk-test" not in text and "password" not in text


async def test_a_title_that_is_no_file_name_becomes_one(phone: Phone) -> None:
    id = await phone.conversation(title='../a/b: "c"')
    disposition = (await phone.http.get(f"/api/export/{id}")).headers["content-disposition"]
    assert "/" not in disposition.partition("filename*")[0].partition(";")[2]
