"""The file that a person brought: what is in it is found by name without walking through all of it each time."""

from pathlib import Path

from server.archive.package import Package
from tests.archive import samples


def test_a_file_is_found_by_the_beginning_of_its_own_name_in_whatever_folder_it_is(tmp_path: Path) -> None:
    names = ["conversations.json", "z/file-1-a.png", "a/file-1-b.png", "file-10.png", "file-1/other.png", "file-2.png"]
    package = Package(samples.written(tmp_path, dict.fromkeys(names, b"[]")))
    assert list(package.beginning("file-1")) == ["z/file-1-a.png", "a/file-1-b.png", "file-10.png"]
    assert list(package.beginning("file-3")) == []
    assert "a/file-1-b.png" in package and "file-1-b.png" not in package
    package.close()
