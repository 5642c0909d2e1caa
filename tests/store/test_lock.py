from pathlib import Path

import pytest

from server.errors import Unavailable
from server.store.lock import FolderLock


def test_a_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    with pytest.raises(Unavailable, match="another server is running"):
        FolderLock(tmp_path)
    first.close()
    FolderLock(tmp_path).close()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "server.lock").mkdir()
    with pytest.raises(Unavailable, match="cannot be written: Is a directory"):
        FolderLock(tmp_path)
