"""Files that are not taken: each with one clear sentence, and nothing of them staged as whole."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from server.archive import package
from server.archive.shape import FORMAT, VERSION, Broken
from server.archive.stage import stage
from tests.archive import samples

ADA = "01hzada0000000000000000000"
OURS = {"format": FORMAT, "version": VERSION, "user": {"id": ADA}, "conversations": []}


def refused(folder: Path, data: Any) -> str:
    with pytest.raises(Broken) as caught:
        list(stage(samples.written(folder, data), folder, ADA))
    return caught.value.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"hello", "neither a ZIP nor JSON"),
        (b"%PDF-1.7", "neither a ZIP nor JSON"),
        (b"[]", "no conversations"),
        (b"{}", "no conversations"),
        (b"[1, 2]", "no conversations"),
        (b'[{"name": "x"}]', "no export of"),
        (b'{"a": [1', "cut off"),
        (b"[{]", "not whole JSON"),
        (b"[] []", "not whole JSON"),
        (json.dumps(samples.chatgpt()).encode()[:-40], "cut off"),
        (samples.packed(samples.chatgpt_zip())[:-30], "cut off or damaged"),
        ({"readme.txt": b"x"}, "no conversations.json"),
        ({"../conversations.json": b"[]"}, "points out of it"),
        ({"/etc/conversations.json": b"[]"}, "points out of it"),
        ({"a\\..\\conversations.json": b"[]"}, "points out of it"),
        (OURS | {"version": VERSION + 1}, f"version {VERSION + 1}"),
        (OURS | {"version": "one"}, "which version"),
        (OURS | {"format": "other"}, "not an export"),
        (OURS | {"conversations": [{"conversation": {}, "messages": []}]}, "has no id"),
        (OURS | {"files": [{"sha256": "0" * 64, "data": "aGk="}]}, "changed on its way"),
        (OURS | {"files": [{"sha256": "0" * 64, "data": "?"}]}, "damaged"),
        (b"[" * 30_000, "cut off|nested too deeply"),
    ],
)
def test_what_is_no_whole_export_says_so(tmp_path: Path, data: Any, says: str) -> None:
    assert any(each in refused(tmp_path, data) for each in says.split("|"))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    assert "far more" in refused(tmp_path, {"conversations.json": b" " * (package.SMALL + 1)})
    assert not list(tmp_path.glob("[0-9a-f]" * 64))


def test_a_zip_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    data = bytearray(samples.packed({"conversations.json": json.dumps(samples.chatgpt()).encode()}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    assert refused(tmp_path, bytes(data))


def test_a_zip_with_a_password_says_what_to_do(tmp_path: Path) -> None:
    data = bytearray(samples.packed({"conversations.json": b"[]"}))
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 8] |= 1
    assert "password" in refused(tmp_path, bytes(data))


def test_too_many_files_in_a_zip_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_ENTRIES", 2)
    assert "more than 2 files" in refused(tmp_path, {f"{name}.txt": b"x" for name in range(3)})


def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_UNPACKED", 1000)
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("conversations.json", b"[" + b"1," * 600 + b"1]")
    assert "unpacks to more" in refused(tmp_path, stored.getvalue())


def test_one_conversation_larger_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from server.archive import parse

    monkeypatch.setattr(parse.pieces, "__defaults__", (1000,))
    large = samples.librechat()
    large["messagesTree"][0]["text"] = "x" * 1000
    assert "one conversation" in refused(tmp_path, large)
