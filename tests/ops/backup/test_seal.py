"""A sealed file opens with its passphrase only, and not at all when a bit of it is not where it was."""

import io
import random

import pytest

from server.ops.backup.seal import BLOCK, MARK, Sealer, Unsealer
from server.ops.backup.source import BackupError

PASSPHRASE = "two words and a half"


def sealed(content: bytes) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, PASSPHRASE)
    for at in range(0, len(content), 10_000):
        sealer.write(content[at : at + 10_000])
    sealer.close()
    return out.getvalue()


def opened(box: bytes, passphrase: str = PASSPHRASE) -> bytes:
    file = io.BytesIO(box)
    assert file.read(len(MARK)) == MARK
    reader = Unsealer(file, passphrase, "b.sealed")
    return b"".join(iter(lambda: reader.read(7_001), b""))


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 5])
def test_what_was_sealed_comes_out_again(size: int) -> None:
    content = random.Random(size).randbytes(size)
    box = sealed(content)
    assert opened(box) == content
    assert size < 16 or content[:16] not in box


def test_another_passphrase_opens_nothing() -> None:
    with pytest.raises(BackupError, match=r"not the passphrase of b\.sealed"):
        opened(sealed(b"secret"), "something else")


def test_a_box_that_was_changed_cut_off_or_rearranged_is_refused_at_every_place() -> None:
    box = sealed(bytes(3 * BLOCK))
    start = len(MARK) + 17
    piece = BLOCK + 16
    first, second = box[start : start + piece], box[start + piece : start + 2 * piece]
    bad = [box[: start + piece], box[: start + 2 * piece], box[:-1], box + b"x"]
    bad.append(box[:start] + second + first + box[start + 2 * piece :])
    bad += [
        box[:at] + bytes([box[at] ^ 1]) + box[at + 1 :]
        for at in random.Random(7).sample(range(len(MARK) + 1, len(box)), 20)
    ]
    for each in bad:
        with pytest.raises(BackupError, match="damaged"):
            opened(each)


def test_a_file_cannot_ask_for_more_memory_than_a_backup_ever_needs() -> None:
    box = sealed(b"x")
    with pytest.raises(BackupError, match="is damaged"):
        opened(box[: len(MARK)] + b"\x1e" + box[len(MARK) + 1 :])


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(BackupError, match="at least 8 characters"):
        Sealer(io.BytesIO(), "short")
