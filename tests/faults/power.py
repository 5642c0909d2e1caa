"""What a disk may hold after a power cut: every write and sync of the database is recorded, and cut off anywhere.

Before a sync returned a disk promises nothing: each write since then is there, is not, or is there in part.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


@dataclass(frozen=True, slots=True)
class Op:
    kind: str
    """write, truncate, sync"""
    file: str
    offset: int = 0
    """Of a write; the new size of a truncation."""
    data: bytes = b""


class Recorder(apsw.VFS):
    """SQLite's own way to the disk, with a list of everything that goes by."""

    NAME = "recorder"

    def __init__(self) -> None:
        super().__init__(self.NAME, "")
        self.ops: list[Op] = []

    def xOpen(self, name: Any, flags: Any) -> Any:
        return _File(self.ops, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, ops: list[Op], name: Any, flags: Any) -> None:
        super().__init__("", name, flags)
        self._ops = ops
        self._name = Path(name.filename() if isinstance(name, apsw.URIFilename) else name).name

    def xWrite(self, data: Any, offset: int) -> None:
        self._ops.append(Op("write", self._name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, size: int) -> None:
        self._ops.append(Op("truncate", self._name, size))
        super().xTruncate(size)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._ops.append(Op("sync", self._name))


def disks(before: dict[str, bytes], ops: list[Op], cuts: list[int], dice: random.Random, folder: Path) -> Any:
    """For each cut, in order, the files as one of the possible disks has them after so many of the ``ops``."""
    safe = {name: bytearray(content) for name, content in before.items()}
    waiting: dict[str, list[Op]] = {}
    at = 0
    for cut in cuts:
        for op in ops[at:cut]:
            if op.kind == "sync":
                for one in waiting.pop(op.file, []):
                    _apply(safe.setdefault(op.file, bytearray()), one)
            else:
                waiting.setdefault(op.file, []).append(op)
        at = cut
        for name in safe.keys() | waiting.keys():
            content = bytearray(safe.get(name, b""))
            chance = dice.choice((0.0, 0.5, 0.9, 1.0))
            for op in waiting.get(name, []):
                if dice.random() < chance:
                    _apply(content, op)
                elif op.kind == "write" and dice.random() < chance:
                    _tear(content, op, dice)
            (folder / name).write_bytes(content)
        yield cut


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "truncate":
        del content[op.offset :]
        return
    end = op.offset + len(op.data)
    content.extend(b"\0" * (end - len(content)))
    content[op.offset : end] = op.data


def _tear(content: bytearray, op: Op, dice: random.Random) -> None:
    """Some of its sectors."""
    for start in range(0, len(op.data), SECTOR):
        if dice.random() < 0.5:
            _apply(content, Op("write", op.file, op.offset + start, op.data[start : start + SECTOR]))
