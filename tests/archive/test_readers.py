"""What each reader makes of an export: branches, hidden and tool nodes, thoughts, pictures, times, and stable ids."""

import json
from pathlib import Path
from typing import Any

import pytest

from server.archive.stage import STAGED, stage
from tests.archive import samples

ADA = "01hzada0000000000000000000"


def staged(folder: Path, data: Any, user: str = ADA) -> tuple[list[Any], dict[str, Any]]:
    """The conversations and the report."""
    folder.mkdir(exist_ok=True)
    said = list(stage(samples.written(folder, data), folder, user))
    lines = [json.loads(line) for line in (folder / STAGED).read_text().splitlines()]
    return [line for line in lines if "conversation" in line], said[-1]["report"]


def by_text(conversation: Any) -> dict[str, Any]:
    return {message["text"]: message for message in conversation["messages"]}


def test_chatgpt_comes_in_with_every_branch_and_its_picture(tmp_path: Path) -> None:
    [conversation], report = staged(tmp_path, samples.chatgpt_zip())
    said = by_text(conversation)
    prompt = said["What is this?"]
    assert prompt["role"] == "user" and prompt["parent_id"] is None
    assert said["A blue square."]["parent_id"] == prompt["id"]
    assert said["A red square."]["model"] == "gpt-4o"
    assert conversation["conversation"]["leaf_id"] == said["A red square."]["id"]
    assert conversation["conversation"]["title"] == "A picture"
    [picture] = conversation["attachments"]
    assert picture["type"] == "image/png" and picture["links"] == [[prompt["id"], 0]]
    assert (tmp_path / picture["sha256"]).read_bytes() == samples.png()
    assert report == {"source": "ChatGPT", "left_out": []}


def test_what_a_tool_did_is_a_notice_on_the_way_to_the_answer(tmp_path: Path) -> None:
    [conversation], _ = staged(tmp_path, samples.chatgpt_zip())
    notices = [message for message in conversation["messages"] if message["role"] == "notice"]
    assert [notice["text"] for notice in notices] == [
        "**to python**\n\n```python\nprint(6 * 7)\n```",
        "**python**\n\n```\n42\n```",
    ]
    assert by_text(conversation)["A red square."]["parent_id"] == notices[1]["id"]


def test_what_the_model_thought_goes_with_each_answer_below_it(tmp_path: Path) -> None:
    [conversation], _ = staged(tmp_path, samples.chatgpt_zip())
    assert by_text(conversation)["A blue square."]["reasoning"] == "**Weighing**\n\nred or blue"


def test_pictures_that_are_not_in_the_zip_are_counted(tmp_path: Path) -> None:
    [conversation], report = staged(tmp_path, {"conversations.json": json.dumps(samples.chatgpt()).encode()})
    assert conversation["attachments"] == []
    assert report["left_out"] == [{"what": "files that are not in the ZIP", "count": 1}]


def test_a_file_that_lies_about_being_a_picture_is_left_out(tmp_path: Path) -> None:
    entries = samples.chatgpt_zip() | {"file-abc-square.png": b"\x00\x01not a picture"}
    [conversation], report = staged(tmp_path, entries)
    assert conversation["attachments"] == []
    assert report["left_out"] == [{"what": "files of a kind that no model reads", "count": 1}]


def test_claude_comes_in_with_attachments_thoughts_and_tools(tmp_path: Path) -> None:
    [conversation], report = staged(
        tmp_path, {"conversations.json": json.dumps(samples.claude()).encode(), "projects.json": b"[]"}
    )
    said = by_text(conversation)
    prompt, answer = said["Sum this up"], said["Two words."]
    assert answer["reasoning"] == "short it is"
    notice = next(message for message in conversation["messages"] if message["role"] == "notice")
    assert notice["parent_id"] == prompt["id"] and answer["parent_id"] == notice["id"]
    assert "found" in notice["text"] and '"q": "x"' in notice["text"]
    assert said["Another answer."]["parent_id"] == prompt["id"]
    [file] = conversation["attachments"]
    assert (file["name"], file["type"]) == ("notes.txt", "text/plain")
    assert {line["what"] for line in report["left_out"]} == {
        "pictures and files that Claude does not export",
        "projects of Claude",
    }


def test_an_older_claude_export_is_a_plain_list_in_its_order(tmp_path: Path) -> None:
    older = samples.claude()
    for message in older[0]["chat_messages"]:
        del message["parent_message_uuid"]
    [conversation], _ = staged(tmp_path, older)
    said = by_text(conversation)
    assert said["Another answer."]["parent_id"] == said["Two words."]["id"]


def test_open_webui_comes_in_with_siblings_thoughts_and_pictures(tmp_path: Path) -> None:
    [conversation], report = staged(tmp_path, samples.openwebui())
    said = by_text(conversation)
    assert said["255"]["reasoning"] == "15 * 17"
    assert {said["255"]["parent_id"], said["About 250"]["parent_id"]} == {said["15 * 17?"]["id"]}
    assert conversation["conversation"]["favorite"] is True
    assert conversation["conversation"]["leaf_id"] == said["255"]["id"]
    assert len(conversation["attachments"]) == 1
    assert report == {"source": "Open WebUI", "left_out": []}


@pytest.mark.parametrize("recursive", [True, False])
def test_librechat_comes_in_as_a_tree_or_as_a_list(tmp_path: Path, recursive: bool) -> None:
    [conversation], _ = staged(tmp_path, samples.librechat(recursive=recursive))
    said = by_text(conversation)
    assert {said["One."]["parent_id"], said["Two."]["parent_id"]} == {said["Count"]["id"]}
    assert conversation["conversation"]["system"] == "You count."
    assert conversation["conversation"]["leaf_id"] == said["Two."]["id"]


def test_a_conversation_that_is_a_tree_in_the_file_may_be_deep(tmp_path: Path) -> None:
    tree = samples.librechat()
    at = tree["messagesTree"][0]
    for number in range(3_000):
        below = {"messageId": f"deep {number}", "isCreatedByUser": number % 2 == 0, "text": f"{number}", "children": []}
        at["children"] = [below]
        at = below
    text = _written_deep(tree)
    [conversation], _ = staged(tmp_path, text)
    assert len(conversation["messages"]) == 3_001


def _written_deep(tree: Any) -> bytes:
    """``json`` itself goes no deeper than Python's stack."""
    nodes, tail = [], ""
    at = tree["messagesTree"][0]
    while at:
        shown = {name: value for name, value in at.items() if name != "children"}
        nodes.append(json.dumps(shown)[:-1] + ',"children":[')
        tail += "]}"
        at = at["children"][0] if at["children"] else None
    head = json.dumps({name: value for name, value in tree.items() if name != "messagesTree"})[:-1]
    return f'{head},"messagesTree":[{"".join(nodes)}{tail}]}}'.encode()


@pytest.mark.parametrize("sample", [samples.chatgpt, samples.claude, samples.openwebui, samples.librechat])
def test_the_same_export_has_the_same_ids_every_time_and_others_for_somebody_else(tmp_path: Path, sample: Any) -> None:
    once, _ = staged(tmp_path / "1", sample())
    again, _ = staged(tmp_path / "2", sample())
    other, _ = staged(tmp_path / "3", sample(), user="01hzbob0000000000000000000")
    assert once == again
    ids = {message["id"] for message in once[0]["messages"]}
    assert ids.isdisjoint(message["id"] for message in other[0]["messages"])


def test_messages_that_point_at_each_other_become_a_tree(tmp_path: Path) -> None:
    circle = samples.openwebui()
    circle[0]["chat"]["history"]["messages"]["a"]["parentId"] = "b"
    [conversation], report = staged(tmp_path, circle)
    assert [message["parent_id"] for message in conversation["messages"]].count(None) == 1
    assert report["left_out"] == [{"what": "links between messages that led nowhere", "count": 1}]


def test_half_a_character_becomes_a_mark(tmp_path: Path) -> None:
    broken = samples.librechat()
    broken["title"] = "cut \ud83d off"
    [conversation], _ = staged(tmp_path, broken)
    assert conversation["conversation"]["title"] == "cut ? off"
