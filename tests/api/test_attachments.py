import base64
from typing import Any

import pytest

from server.content.pictures import MOST_PIXELS
from tests.house import House
from tests.phone import Phone
from tests.pictures import PDF, SVG, bomb, picture
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


async def test_a_picture_goes_up_and_comes_down_with_safe_headers(phone: Phone) -> None:
    given = await phone.upload("cat.png", picture())
    assert given == {
        "id": given["id"],
        "name": "cat.png",
        "type": "image/png",
        "size": given["size"],
        "width": 60,
        "height": 40,
    }
    answer = await phone.http.get(f"/api/attachments/{given['id']}")
    assert answer.headers["content-type"] == "image/png" and len(answer.content) == given["size"]
    assert answer.headers["content-disposition"].startswith('inline; filename="cat.png"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"].startswith("private")
    small = await phone.http.get(f"/api/attachments/{given['id']}?thumb=1")
    assert small.headers["content-type"] == "image/webp"
    saved = await phone.http.get(f"/api/attachments/{given['id']}?save=1")
    assert saved.headers["content-disposition"].startswith("attachment")


async def test_what_could_run_is_only_ever_given_as_text_to_be_kept(phone: Phone) -> None:
    for name, content in (("logo.svg", SVG), ("page.html", b"<!doctype html><script>alert(1)</script>")):
        given = await phone.upload(name, content)
        answer = await phone.http.get(f"/api/attachments/{given['id']}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]


async def test_somebody_elses_file_does_not_exist(phone: Phone, bob: Phone, house: House) -> None:
    given = await phone.upload("diary.txt", b"dear diary")
    for path in (f"/api/attachments/{given['id']}", f"/api/attachments/{given['id']}?thumb=1"):
        assert (await bob.http.get(path)).status_code == 404
    sent = {"client_id": "bob-sends-hers-1", "text": "look", "attachments": [given["id"]]}
    await bob.call("POST", f"/api/conversations/{await bob.conversation()}/messages", sent, expect=404)
    stranger = Phone(house.url)
    assert (await stranger.http.get(f"/api/attachments/{given['id']}")).status_code == 401
    await stranger.close()


async def test_a_name_with_a_path_in_it_leads_nowhere(phone: Phone) -> None:
    given = await phone.upload('../../etc/pass"wd\r\nX-Evil: 1', b"root")
    assert given["name"] == 'pass"wdX-Evil: 1'
    answer = await phone.http.get(f"/api/attachments/{given['id']}")
    assert "x-evil" not in answer.headers and 'filename="pass_wdX-Evil_ 1"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("nothing.txt", b"", "empty_file"),
        ("huge.png", bomb(10_000, MOST_PIXELS // 10_000 + 3_600), "bad_picture"),
        ("no.pdf", b"this is no PDF", "not_what_it_says"),
        ("half.pdf", PDF[:40], "damaged"),
        ("virus.exe", b"MZ\x90\0\x03", "unknown_kind"),
    ],
)
async def test_bad_files_are_refused_with_a_reason(phone: Phone, name: str, content: bytes, code: str) -> None:
    refused = await phone.upload(name, content, expect=400)
    assert refused["error"]["code"] == code


async def test_a_file_larger_than_other_requests_is_taken_and_one_over_its_limit_is_not(
    phone: Phone, house: House
) -> None:
    large = PDF[:-6] + b"%" + b"x" * 3_000_000 + b"\nstartxref\n1\n%%EOF\n"
    assert (await phone.upload("large.pdf", large))["size"] == len(large)
    house.services.intake.limit = 1_000_000
    refused = await phone.upload("larger.pdf", large, expect=413)
    assert "1 MB is the most" in refused["error"]["message"]


async def test_without_the_token_of_the_page_nothing_is_taken(phone: Phone) -> None:
    answer = await phone.http.post("/api/attachments", params={"name": "a.txt"}, content=b"hello")
    assert answer.status_code == 403


async def test_a_picture_and_a_text_reach_openai_with_the_words(phone: Phone, upstream: Upstream) -> None:
    files = [await phone.upload("cat.png", picture()), await phone.upload("notes.txt", b"buy milk")]
    sent = await phone.send(await phone.conversation(), "what is this?", attachments=[each["id"] for each in files])
    assert sent["message"]["attachments"] == files
    await phone.ended(sent["reply"]["id"])
    content = upstream.calls[-1].body["input"][-1]["content"]
    kinds = [part["type"] for part in content]
    assert kinds[0] == "input_image" and content[0]["image_url"].startswith("data:image/png;base64,")
    assert "buy milk" in str(content) or base64.b64encode(b"buy milk").decode() in str(content)
    assert content[-1] == {"type": "input_text", "text": "what is this?"}


async def test_a_pdf_and_a_picture_reach_anthropic(phone: Phone, upstream: Upstream) -> None:
    files = [await phone.upload("a.pdf", PDF), await phone.upload("cat.jpg", picture(kind="JPEG"))]
    conversation = await phone.conversation(model="claude-sonnet-5-5")
    sent = await phone.send(conversation, "read it", attachments=[each["id"] for each in files])
    assert (await phone.ended(sent["reply"]["id"]))["status"] == "done"
    content = upstream.calls[-1].body["messages"][-1]["content"]
    assert [part["type"] for part in content] == ["document", "image", "text"]
    assert content[0]["source"]["media_type"] == "application/pdf"


async def test_files_alone_are_a_message_too(phone: Phone, upstream: Upstream) -> None:
    given = await phone.upload("cat.png", picture())
    sent = await phone.send(await phone.conversation(), "", attachments=[given["id"]])
    assert (await phone.ended(sent["reply"]["id"]))["status"] == "done"
    assert [part["type"] for part in upstream.calls[-1].body["input"][-1]["content"]] == ["input_image"]


async def test_they_are_still_there_for_the_next_question(phone: Phone, upstream: Upstream) -> None:
    given = await phone.upload("cat.png", picture())
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "what is this?", attachments=[given["id"]])
    await phone.ended(sent["reply"]["id"])
    sent = await phone.send(conversation, "and what colour?")
    await phone.ended(sent["reply"]["id"])
    first = upstream.calls[-1].body["input"][0]
    assert first["content"][0]["type"] == "input_image"


async def test_sent_again_under_the_same_id_it_is_one_message_with_its_files_once(phone: Phone) -> None:
    given = await phone.upload("cat.png", picture())
    conversation = await phone.conversation()
    once = await phone.send(conversation, "look", client_id="look-once-1", attachments=[given["id"]])
    again = await phone.send(conversation, "look", client_id="look-once-1", attachments=[given["id"]])
    assert once["message"]["id"] == again["message"]["id"] and once["reply"]["id"] == again["reply"]["id"]
    assert again["message"]["attachments"] == [given]


async def test_a_model_that_cannot_see_says_so_before_anything_is_sent(phone: Phone, upstream: Upstream) -> None:
    given = await phone.upload("cat.png", picture())
    await phone.ask("warm up")  # the list of models is here
    asked = len(upstream.calls)
    conversation = await phone.conversation(model="gpt-3.5-turbo")
    body = {"client_id": "blind-model-1", "text": "what is this?", "attachments": [given["id"]]}
    refused = await phone.call("POST", f"/api/conversations/{conversation}/messages", body, expect=400)
    assert refused["error"]["code"] == "cannot_see"
    assert refused["error"]["message"].startswith("GPT-3.5-turbo cannot see pictures: ")
    assert (await phone.get(f"/api/conversations/{conversation}"))["messages"] == [] and len(upstream.calls) == asked


async def test_a_text_file_goes_to_a_model_that_cannot_see(phone: Phone, upstream: Upstream) -> None:
    given = await phone.upload("notes.txt", b"buy milk")
    sent = await phone.send(await phone.conversation(model="gpt-3.5-turbo"), "read", attachments=[given["id"]])
    assert (await phone.ended(sent["reply"]["id"]))["status"] == "done"


async def test_earlier_pictures_are_left_out_for_a_model_that_cannot_see_and_that_is_said(
    phone: Phone, upstream: Upstream
) -> None:
    given = await phone.upload("cat.png", picture())
    conversation = await phone.conversation()
    sent = await phone.send(conversation, "what is this?", attachments=[given["id"]])
    await phone.ended(sent["reply"]["id"])
    sent = await phone.send(conversation, "and now?", models=["gpt-3.5-turbo"])
    reply = await phone.ended(sent["reply"]["id"])
    assert "cat.png left out: gpt-3.5-turbo cannot see it" in reply["notes"]
    assert "input_image" not in str(upstream.calls[-1].body)


async def test_more_files_than_a_message_takes_are_refused(phone: Phone) -> None:
    ids = [(await phone.upload(f"{number}.txt", str(number).encode()))["id"] for number in range(11)]
    body = {"client_id": "too-many-files", "text": "look", "attachments": ids}
    refused = await phone.call("POST", f"/api/conversations/{await phone.conversation()}/messages", body, expect=400)
    assert refused["error"]["code"] == "too_many_files"


async def test_what_was_held_for_the_call_counts_the_picture(phone: Phone, house: House, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=0))
    given = await phone.upload("cat.png", picture())
    sent = await phone.send(await phone.conversation(), "hi", attachments=[given["id"]])
    await phone.until(sent["reply"]["id"], lambda _: bool(upstream.calls))

    def held(connection: Any) -> int:
        return int(connection.exec_driver_sql("SELECT input FROM calls WHERE status = 'held'").scalar_one())

    assert await house.services.database.read(held) > 1500
    upstream.release()
    await phone.ended(sent["reply"]["id"])
