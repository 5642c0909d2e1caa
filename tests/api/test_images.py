from typing import Any

import pytest

from tests.house import House
from tests.phone import Phone
from tests.pictures import PDF, picture
from tests.upstream import Answer, Upstream
from tests.upstream.images import GIVEN, MADE, PIXEL

pytestmark = pytest.mark.anyio


async def draw(phone: Phone, line: str, conversation: str | None = None, **more: Any) -> Any:
    """The reply that will be the picture; in a new conversation unless one is given."""
    results = await phone.run(line, conversation, **more)
    id = conversation or results[0]["id"]
    return (await phone.get(f"/api/conversations/{id}"))["messages"][-1]


async def ledger(house: House) -> list[Any]:
    query = "SELECT * FROM calls WHERE kind = 'image' ORDER BY id"
    rows: list[Any] = await house.services.database.read(lambda connection: list(connection.exec_driver_sql(query)))
    return rows


async def test_a_picture_is_made_shown_and_paid_for(phone: Phone, house: House, upstream: Upstream) -> None:
    reply = await phone.ended((await draw(phone, "/image a red fox --size 1536x1024 --quality low"))["id"])
    assert reply["status"] == "done" and reply["model"] == "gpt-image-2" and reply["error"] is None
    assert reply["image"] == {"prompt": "a red fox", "size": "1536x1024", "quality": "low"}
    [made] = reply["attachments"]
    assert (made["name"], made["type"], made["width"]) == ("a-red-fox.png", "image/png", 1)
    answer = await phone.http.get(f"/api/attachments/{made['id']}")
    assert answer.content[:4] == b"\x89PNG"
    [asked] = upstream.calls
    assert asked.path == "/v1/images/generations"
    assert asked.body == {
        "model": "gpt-image-2",
        "prompt": "a red fox",
        "size": "1536x1024",
        "quality": "low",
        "stream": True,
        "partial_images": 2,
    }
    [row] = await ledger(house)
    assert (row.status, row.kind, row.image_output, row.message_id) == ("done", "image", MADE, reply["id"])
    assert (row.cost_state, row.usage_source) == ("computed", "provider")
    assert row.cost_nanos == MADE * 30_000 + row.input * 5_000 == reply["cost_nanos"]
    assert reply["usage"]["image_output"] == MADE and reply["usage"]["tokens"] == MADE + row.input


async def test_the_conversation_reads_as_it_was_typed_and_is_named_after_the_prompt(phone: Phone) -> None:
    reply = await draw(phone, "/image a red fox --quality low")
    await phone.ended(reply["id"])
    page = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert page["messages"][0]["text"] == "/image a red fox --quality low"
    assert page["conversation"]["title"] == "a red fox" and page["conversation"]["model"] is None


async def test_sketches_are_shown_on_the_way(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=1))
    reply = await draw(phone, "/image a fox")
    path = f"/api/messages/{reply['id']}/preview"
    running = await phone.until(reply["id"], lambda message: (message.get("activity") or {}).get("preview") == 1)
    assert running["status"] == "pending" and running["activity"]["state"] == "drawing"
    sketch = await phone.http.get(path)
    assert sketch.headers["content-type"] == "image/png" and sketch.headers["cache-control"] == "no-store"
    upstream.release()
    await phone.ended(reply["id"])
    assert (await phone.http.get(path)).status_code == 404


async def test_somebody_elses_sketch_does_not_exist(phone: Phone, bob: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=1))
    reply = await draw(phone, "/image a fox")
    await phone.until(reply["id"], lambda message: (message.get("activity") or {}).get("preview") == 1)
    assert (await bob.http.get(f"/api/messages/{reply['id']}/preview")).status_code == 404
    upstream.release()
    await phone.ended(reply["id"])


async def test_an_earlier_picture_is_changed_by_naming_it(phone: Phone, house: House, upstream: Upstream) -> None:
    first = await phone.ended((await draw(phone, "/image a fox"))["id"])
    conversation = first["conversation_id"]
    for edit in ("last", first["id"]):
        reply = await phone.ended((await draw(phone, f"/image make it blue --edit {edit}", conversation))["id"])
        assert reply["status"] == "done" and len(reply["attachments"]) == 1
    assert [asked.path for asked in upstream.calls[1:]] == ["/v1/images/edits", "/v1/images/edits"]
    body = upstream.calls[-1].body
    assert (body["prompt"], body["model"], body["stream"]) == ("make it blue", "gpt-image-2", True)
    assert body["image"][2] == "image/png"
    assert (await ledger(house))[-1].image_input == GIVEN


async def test_pictures_that_come_with_the_line_are_what_it_is_made_from(phone: Phone, upstream: Upstream) -> None:
    files = [await phone.upload("a.png", picture()), await phone.upload("b.png", picture(30, 30))]
    reply = await draw(phone, "/image join them", attachments=[each["id"] for each in files])
    assert (await phone.ended(reply["id"]))["status"] == "done"
    assert len(upstream.calls[-1].body["image"]) == 2
    page = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert page["messages"][0]["attachments"] == files


async def test_the_same_line_sent_twice_makes_and_costs_one_picture(phone: Phone, house: House) -> None:
    once = await draw(phone, "/image a fox", client_id="one-fox-only-1")
    await phone.ended(once["id"])
    again = await draw(phone, "/image a fox", client_id="one-fox-only-1")
    assert again["id"] == once["id"] and len(await ledger(house)) == 1


async def test_a_stopped_picture_is_settled_once_and_can_be_tried_again(
    phone: Phone, house: House, upstream: Upstream
) -> None:
    upstream.script(Answer(hold_after=1))
    reply = await draw(phone, "/image a fox --size 1024x1024")
    await phone.until(reply["id"], lambda message: (message.get("activity") or {}).get("preview") == 1)
    await phone.post(f"/api/messages/{reply['id']}/stop")
    stopped = await phone.ended(reply["id"])
    assert stopped["status"] == "stopped" and "attachments" not in stopped
    again = (await phone.post(f"/api/messages/{reply['id']}/retry", {"client_id": "again-please-1"}))["reply"]
    done = await phone.ended(again["id"])
    assert done["status"] == "done" and done["model"] == "gpt-image-2" and done["image"]["size"] == "1024x1024"
    first, second = await ledger(house)
    assert (first.status, first.cost_state) == ("stopped", "estimated") and first.image_output > 0
    assert (second.status, second.cost_state) == ("done", "computed")


async def test_a_picture_that_was_being_made_when_the_server_died_is_interrupted(
    phone: Phone, house: House, upstream: Upstream
) -> None:
    upstream.script(Answer(hold_after=1))
    reply = await draw(phone, "/image a fox")
    await phone.until(reply["id"], lambda message: (message.get("activity") or {}).get("preview") == 1)
    await house.stop()
    await house.start()
    left = await phone.ended(reply["id"])
    assert left["status"] == "interrupted" and left["error"]["action"] == "retry"
    [row] = await ledger(house)
    assert row.status == "stopped"
    again = (await phone.post(f"/api/messages/{reply['id']}/retry", {"client_id": "again-please-2"}))["reply"]
    assert (await phone.ended(again["id"]))["status"] == "done"


async def test_a_refused_picture_says_why_and_costs_nothing(phone: Phone, house: House, upstream: Upstream) -> None:
    error = {"message": "Your request was rejected by the safety system.", "code": "moderation_blocked"}
    upstream.script(Answer(status=400, error=error))
    reply = await phone.ended((await draw(phone, "/image something bad"))["id"])
    assert reply["status"] == "failed" and "attachments" not in reply
    [row] = await ledger(house)
    assert (row.status, row.cost_nanos, row.image_output) == ("failed", 0, 0)


async def test_old_models_answer_at_once_and_are_paid_by_the_piece(
    phone: Phone, house: House, upstream: Upstream
) -> None:
    upstream.models(openai=["gpt-5.1", "dall-e-3", "dall-e-2"])
    await phone.ask("warm up")
    reply = await draw(phone, "/image a fox --model dall-e-3 --quality hd --size 1792x1024")
    done = await phone.ended(reply["id"])
    assert done["status"] == "done" and done["cost_nanos"] == 120_000_000
    body = upstream.calls[-1].body
    assert body["response_format"] == "b64_json" and "stream" not in body
    [row] = await ledger(house)
    assert (row.images, row.cost_state) == (1, "computed")


async def test_a_size_without_a_known_price_is_not_free(phone: Phone, house: House, upstream: Upstream) -> None:
    upstream.models(openai=["dall-e-2"])
    await phone.get("/api/models")
    done = await phone.ended((await draw(phone, "/image a fox --model dall-e-2 --size 300x300"))["id"])
    assert done["cost_nanos"] is None and done["cost_state"] == "unknown_price"


async def test_the_newest_model_that_is_listed_makes_it(phone: Phone, upstream: Upstream) -> None:
    upstream.models(
        openai=["dall-e-3", "gpt-image-1", "gpt-image-2.6-sunburst", "gpt-image-2.5-sunburst", "gpt-image-1-mini"]
    )
    await phone.post("/api/settings/api-keys/env:openai/test")
    assert (await draw(phone, "/image a fox"))["model"] == "gpt-image-2.6-sunburst"


async def test_another_server_of_the_same_kind_makes_pictures_too(root: Phone, upstream: Upstream) -> None:
    phone = root  # only an admin sets an address
    key = {"provider": "compatible", "key": "sk-mine", "base_url": upstream.openai}
    made = await phone.post("/api/settings/api-keys", key)
    await phone.post(f"/api/settings/api-keys/{made['id']}/test")
    done = await phone.ended((await draw(phone, "/image a fox --model compatible/gpt-image-2"))["id"])
    assert done["status"] == "done" and len(done["attachments"]) == 1
    assert "stream" not in upstream.calls[-1].body


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("/image", "<prompt>"),
        ("/image a fox --style vivid", "has no --style"),
        ("/image a fox --size", "needs a value"),
        ("/image a fox --size huge", "--size is one of"),
        ("/image a fox --quality 11!", "--quality is one of"),
        ("/image a fox --model gpt-5.1", "makes no pictures"),
        ("/image " + "x" * 33_000, "at most 32,000"),
    ],
)
async def test_a_wrong_line_starts_nothing(phone: Phone, upstream: Upstream, line: str, why: str) -> None:
    refused = await phone.call("POST", "/api/commands", {"line": line}, expect=400)
    assert why in refused["error"]["message"] and upstream.calls == []
    assert (await phone.get("/api/conversations"))["conversations"] == []


async def test_what_is_no_picture_cannot_be_changed(phone: Phone) -> None:
    given = await phone.upload("a.pdf", PDF)
    body = {"line": "/image colour it", "attachments": [given["id"]]}
    assert "only pictures" in (await phone.call("POST", "/api/commands", body, expect=400))["error"]["message"]
    body = {"line": "/image colour it --edit last", "conversation": await phone.conversation()}
    assert (await phone.call("POST", "/api/commands", body, expect=404))["error"]["code"] == "no_picture"


async def test_a_model_that_talks_sees_the_picture_that_another_made(phone: Phone, upstream: Upstream) -> None:
    made = await phone.ended((await draw(phone, "/image a fox"))["id"])
    sent = await phone.send(made["conversation_id"], "what is on it?")
    await phone.ended(sent["reply"]["id"])
    *_, answer, question = upstream.calls[-1].body["input"]
    assert answer["role"] == "assistant"
    assert question["content"][0]["image_url"] == f"data:image/png;base64,{PIXEL}"


async def test_the_palette_knows_sizes_qualities_and_makers(phone: Phone) -> None:
    await phone.ask("warm up")
    for argument, value in (("size", "1536x1024"), ("quality", "high"), ("model", "gpt-image-2"), ("edit", "last")):
        found = (await phone.get(f"/api/commands/image/values?argument={argument}"))["values"]
        assert value in [each["value"] for each in found]
    table = (await phone.get("/api/commands"))["commands"]
    [image] = [entry for entry in table if entry["name"] == "image"]
    assert image["usage"] == "/image <prompt> [--size …] [--quality …] [--model …] [--edit …]"
    assert [one["name"] for one in image["arguments"] if one.get("option")] == ["size", "quality", "model", "edit"]
