"""Templates over HTTP and by command: kept, used, changed, brought back; as files; never somebody else's."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from server.content import templates, variables
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

BUILT_IN = {one.name for one in templates.built_in()}


async def own(phone: Phone) -> list[Any]:
    return [one for one in (await phone.get("/api/templates"))["templates"] if not one["built_in"]]


async def keep(phone: Phone, name: str = "greeting", text: str = "hello {{whom}}", **more: Any) -> Any:
    return await phone.post("/api/templates", {"name": name, "text": text, **more}, expect=201)


async def run(phone: Phone, line: str, conversation: str | None = None) -> list[Any]:
    answer = await phone.post("/api/commands", {"line": line, "conversation": conversation})
    return list(answer["results"])


async def take(phone: Phone, content: str, *, expect: int = 200) -> Any:
    return await phone.post("/api/templates/import", {"content": content}, expect=expect)


def file(*entries: Any, **more: Any) -> str:
    return json.dumps({"format": "llm-router-templates", "version": 1, "templates": list(entries), **more})


async def test_a_few_good_ones_are_there_from_the_beginning(phone: Phone) -> None:
    listed = (await phone.get("/api/templates"))["templates"]
    assert 5 <= len(listed) <= 12 and all(one["built_in"] and one["description"] for one in listed)
    for one in templates.built_in():
        assert variables.names(one.text), one.name
        assert templates.checked_name(one.name) == one.name
        assert templates.checked_text(one.text) == one.text


async def test_a_template_is_kept_changed_deleted_and_brought_back(phone: Phone, laptop: Phone) -> None:
    made = await keep(phone, "  my   greeting ", description="a  polite one")
    assert (made["name"], made["description"], made["variables"]) == ("my greeting", "a polite one", ["whom"])
    path = f"/api/templates/{made['id']}"
    changed = await phone.call("PATCH", path, {"text": "hi {{who}} and {{whom}}", "name": "My Greeting"})
    assert (changed["name"], changed["variables"]) == ("My Greeting", ["who", "whom"])
    assert [one["text"] for one in await own(laptop)] == ["hi {{who}} and {{whom}}"]
    for _ in range(2):
        await phone.call("DELETE", path, expect=204)
    assert await own(phone) == []
    await phone.call("PATCH", path, {"text": "x"}, expect=404)
    for _ in range(2):
        await phone.post(f"{path}/restore")
    assert [one["name"] for one in await own(phone)] == ["My Greeting"]


async def test_sending_one_twice_under_one_id_keeps_one(phone: Phone) -> None:
    client_id = str(uuid.uuid4())
    made = await asyncio.gather(*(keep(phone, client_id=client_id) for _ in range(4)))
    assert len({one["id"] for one in made}) == len(await own(phone)) == 1


async def test_ones_own_stands_before_a_built_in_one_of_the_same_name(phone: Phone) -> None:
    await keep(phone, "Explain", "my way: {{what}}")
    listed = [one for one in (await phone.get("/api/templates"))["templates"] if one["name"].lower() == "explain"]
    assert [one["text"] for one in listed] == ["my way: {{what}}"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"name": " ", "text": "x"}, 400, "needs a name"),
        ({"name": "x", "text": " \n"}, 400, "needs a text"),
        ({"name": "n" * 61, "text": "x"}, 400, "at most 60"),
        ({"name": "Save me", "text": "x"}, 400, "cannot begin with “Save”"),
        ({"name": "built-in:x", "text": "x"}, 400, "cannot begin"),
        ({"name": "x", "text": "a {{ }}"}, 400, "has no name"),
        ({"name": "x", "text": "x" * 100_001}, 413, "100,001"),
        ({"name": "x", "text": "x", "description": "d" * 201}, 400, "at most 200"),
        ({"name": "x"}, 422, ""),
        ({"name": 7, "text": "x"}, 422, ""),
        ({"name": "x", "text": "x", "user_id": "y"}, 422, ""),
        ({"name": "GREETING", "text": "x"}, 409, "already"),
    ],
)
async def test_what_cannot_be_kept_is_refused_in_a_sentence(
    phone: Phone, body: dict[str, Any], status: int, says: str
) -> None:
    await keep(phone)
    answer = await phone.post("/api/templates", body, expect=status)
    assert says in answer["error"]["message"]
    assert len(await own(phone)) == 1


async def test_a_deleted_one_cannot_come_back_over_a_new_one_of_its_name(phone: Phone) -> None:
    first = await keep(phone)
    await phone.call("DELETE", f"/api/templates/{first['id']}")
    await keep(phone, text="another")
    await phone.post(f"/api/templates/{first['id']}/restore", expect=409)
    assert [one["text"] for one in await own(phone)] == ["another"]


async def test_built_in_ones_stay_as_they_are(phone: Phone) -> None:
    one = (await phone.get("/api/templates"))["templates"][0]
    for method in ("PATCH", "DELETE"):
        answer = await phone.call(method, f"/api/templates/{one['id']}", {"text": "x"}, expect=400)
        assert "stays as it is" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"whom": "you", "colour": "red"}, "no variable “colour”: it has whom"),
        ({}, "fill in whom"),
        ({"whom": "  "}, "fill in whom"),
    ],
)
async def test_a_value_for_an_unknown_variable_or_a_blank_one_is_named(
    phone: Phone, values: dict[str, str], says: str
) -> None:
    made = await keep(phone)
    answer = await phone.post(f"/api/templates/{made['id']}/fill", {"values": values}, expect=400)
    assert says in answer["error"]["message"]
    filled = await phone.post(f"/api/templates/{made['id']}/fill", {"values": {"Whom": "{{you}}"}})
    assert filled == {"text": "hello {{you}}"}


async def test_somebody_elses_templates_do_not_exist(phone: Phone, bob: Phone) -> None:
    made = await keep(phone)
    assert await own(bob) == []
    path = f"/api/templates/{made['id']}"
    await bob.call("PATCH", path, {"text": "mine"}, expect=404)
    await bob.call("DELETE", path, expect=404)
    await bob.post(f"{path}/restore", expect=404)
    await bob.post(f"{path}/fill", {"values": {"whom": "x"}}, expect=404)
    await bob.post("/api/commands", {"line": f"/template delete {made['id']}"}, expect=404)
    assert json.loads((await bob.http.get("/api/templates/export")).text)["templates"] == []
    await keep(bob, text="bobs")
    assert [one["text"] for one in await own(phone)] == ["hello {{whom}}"]


async def test_an_export_taken_in_elsewhere_gives_the_same_templates_and_nothing_twice(
    phone: Phone, bob: Phone
) -> None:
    await keep(phone, description="polite")
    await keep(phone, "приветствие", "привет, {{кого}}\n")
    answer = await phone.http.get("/api/templates/export")
    assert "attachment" in answer.headers["content-disposition"]
    assert await take(bob, answer.text) == {"added": 2, "unchanged": 0, "renamed": []}
    assert await take(bob, answer.text) == {"added": 0, "unchanged": 2, "renamed": []}
    assert await take(phone, answer.text) == {"added": 0, "unchanged": 2, "renamed": []}
    shown = [(one["name"], one["description"], one["text"]) for one in await own(phone)]
    assert [(one["name"], one["description"], one["text"]) for one in await own(bob)] == shown
    assert (await bob.http.get("/api/templates/export")).text == answer.text


async def test_another_text_of_the_same_name_comes_beside_it_once(phone: Phone) -> None:
    await keep(phone)
    theirs = file({"name": "Greeting", "text": "good day"}, {"name": "greeting", "text": "good day"})
    assert await take(phone, theirs) == {"added": 1, "unchanged": 1, "renamed": ["Greeting (2)"]}
    assert await take(phone, theirs) == {"added": 0, "unchanged": 2, "renamed": []}
    assert [one["text"] for one in await own(phone)] == ["hello {{whom}}", "good day"]


GOOD = {"name": "good", "text": "x"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (file(GOOD)[:-9], "not complete JSON"),
        ("", "not complete JSON"),
        ("[" * 100_000, "not complete JSON"),
        ("[]", "holds no templates"),
        (json.dumps({"format": "something-else", "version": 1}), "holds no templates"),
        (file(GOOD, version=2), "newer version of the program (2)"),
        (file(GOOD, version="1"), "which version"),
        (file(GOOD, templates={"a": 1}), "no list"),
        (file(GOOD, {"name": "x"}), "template 2 of the file has no name or no text; nothing was imported"),
        (file(GOOD, {"name": "x", "text": "{{ }}"}), "template 2 of the file: “{{ }}” has no name"),
        (file(GOOD, {"name": "../x\x00" * 20, "text": "x"}), "at most 60 characters; nothing was imported"),
        (file(GOOD, 7), "template 2"),
    ],
)
async def test_a_file_that_cannot_be_taken_whole_is_not_taken_at_all(phone: Phone, content: str, says: str) -> None:
    answer = await take(phone, content, expect=400)
    assert says in answer["error"]["message"]
    assert await own(phone) == []


async def test_a_file_with_too_many_leaves_nothing(phone: Phone) -> None:
    answer = await take(phone, file(*({"name": f"t{n}", "text": "x"} for n in range(501))), expect=409)
    assert "nothing was imported" in answer["error"]["message"]
    assert await own(phone) == []


async def test_the_command_lists_inserts_and_asks_for_variables(phone: Phone) -> None:
    made = await keep(phone)
    await keep(phone, "plain", "just this")
    values = (await phone.get("/api/commands/template/values"))["values"]
    assert [one["value"] for one in values][:2] == ["greeting", "plain"] and len(values) == 2 + len(BUILT_IN)
    assert await run(phone, "/template") == [{"type": "open", "what": "templates", "id": None}]
    assert await run(phone, "/template plain") == [{"type": "insert", "text": "just this"}]
    assert await run(phone, "/template Greeting") == [{"type": "open", "what": "template", "id": made["id"]}]
    answer = await phone.post("/api/commands", {"line": "/template nothing like it"}, expect=404)
    assert "there is no template “nothing like it”" in answer["error"]["message"]


async def test_the_command_keeps_the_last_prompt_and_takes_it_back(phone: Phone, upstream: Upstream) -> None:
    upstream.script(Answer(text="one"), Answer(text="two"))
    reply = await phone.ask("draw {{what}}")
    (notice,) = await run(phone, "/template save drawing", reply["conversation_id"])
    assert [(one["name"], one["text"]) for one in await own(phone)] == [("drawing", "draw {{what}}")]
    (deleted,) = await run(phone, notice["undo"])
    assert await own(phone) == []
    await run(phone, deleted["undo"])
    assert [one["name"] for one in await own(phone)] == ["drawing"]


@pytest.mark.parametrize(
    ("line", "status"),
    [("/template save", 400), ("/template save x", 400), ("/template delete nothing", 404), ("/template delete", 400)],
)
async def test_an_order_that_cannot_be_carried_out_says_why(phone: Phone, line: str, status: int) -> None:
    answer = await phone.post("/api/commands", {"line": line}, expect=status)
    assert answer["error"]["message"]
