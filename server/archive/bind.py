"""The process that makes one PDF of the set parts: ``python -m server.archive.bind FOLDER PARTS``.

The typesetter writes every small object of the document plainly; here they are packed together and compressed (PDF 1.5,
object streams), which makes a conversation a quarter of the size. Of several parts the pages are put one after another,
without the tags that describe their structure to screen readers, as these cannot be joined so simply.
"""

import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from server.archive.saying import say

PACKED = 200
"""Objects in one stream."""
HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_REFERENCE = re.compile(rb"\(|\b(\d+) 0 R\b")
_STRING_END = re.compile(rb"\\.|[()]", re.DOTALL)
_COUNT = re.compile(rb"/Count\s+(\d+)")
_ENTRY = re.compile(rb"(\d{10}) \d{5} ([nf])")
_UNTAGGED = re.compile(rb"/(?:StructTreeRoot|MarkInfo|StructParents)\s*(?:\d+ 0 R|<<[^>]*>>|\d+)")


class Part:
    """A PDF as the typesetter writes it: one classic table, no encryption."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        table = int(data[data.rindex(b"startxref") + 9 :].split()[0])
        trailer = data.index(b"trailer", table)
        found = _ENTRY.findall(data, table, trailer)
        self._offsets = {number: int(at) for number, (at, kind) in enumerate(found) if kind == b"n"}
        self.size = len(found)
        self.root = number_of(b"Root", data[trailer:])
        self.info = number_of(b"Info", data[trailer:]) if b"/Info" in data[trailer:] else None

    def objects(self) -> Iterator[tuple[int, bytes, bytes]]:
        """(number, what stands before a stream, the stream with its end)."""
        places = sorted((at, number) for number, at in self._offsets.items())
        ends = [at for at, _ in places[1:]] + [self._data.rindex(b"xref\n", 0, self._data.rindex(b"trailer"))]
        for (at, number), end in zip(places, ends, strict=True):
            body = self._data[at:end]
            body = body[body.index(b"obj") + 3 : body.rindex(b"endobj")].strip()
            head, mark, stream = body.partition(b"stream\n") if b"stream" in body[-12:] else (body, b"", b"")
            yield number, head, mark + stream

    def object(self, wanted: int) -> bytes:
        return next(head for number, head, _ in self.objects() if number == wanted)


class Binder:
    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._out.write(HEADER)
        self._places: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}
        self._waiting: list[tuple[int, bytes]] = []
        self._next = 1
        self._late: list[int] = []

    def reserve(self, count: int) -> int:
        """The first of so many new numbers."""
        first, self._next = self._next, self._next + count
        return first

    def add(self, number: int, head: bytes, stream: bytes = b"") -> None:
        if stream:
            self._places[number] = (1, self._out.tell(), 0)
            self._out.write(b"%d 0 obj\n%s%s\nendobj\n" % (number, head, stream))
            return
        self._waiting.append((number, head))
        if len(self._waiting) == PACKED:
            self._pack()

    def end(self, root: int, info: int | None) -> None:
        if self._waiting:
            self._pack()
        number = self.reserve(1)
        start = self._out.tell()
        self._places[number] = (1, start, 0)
        rows = bytearray()
        for each in range(self._next):
            kind, place, third = self._places.get(each, (0, 0, 65535))
            rows += bytes([kind]) + place.to_bytes(4, "big") + third.to_bytes(2, "big")
        data = zlib.compress(bytes(rows), 9)
        more = b"/Info %d 0 R" % info if info is not None else b""
        head = b"<</Type/XRef/W[1 4 2]/Size %d/Root %d 0 R%s/Filter/FlateDecode/Length %d>>\n"
        self._out.write(b"%d 0 obj\n" % number + head % (self._next, root, more, len(data)))
        self._out.write(b"stream\n" + data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % start)

    def _pack(self) -> None:
        number = self.reserve(1)
        index, bodies = b"", b""
        for place, (each, body) in enumerate(self._waiting):
            index += b"%d %d " % (each, len(bodies))
            bodies += body + b"\n"
            self._places[each] = (2, number, place)
        data = zlib.compress(index + bodies, 9)
        head = b"<</Type/ObjStm/N %d/First %d/Filter/FlateDecode/Length %d>>\n"
        count, self._waiting = len(self._waiting), []
        self.add(number, head % (count, len(index), len(data)), b"stream\n" + data + b"\nendstream")


def bind(parts: list[Path], out: BinaryIO) -> None:
    binder = Binder(out)
    if len(parts) == 1:
        part = Part(parts[0].read_bytes())
        binder.reserve(part.size - 1)
        for number, head, stream in part.objects():
            binder.add(number, head, stream)
        binder.end(part.root, part.info)
        return
    root, pages = binder.reserve(2), 0
    kids: list[int] = []
    info: int | None = None
    for path in parts:
        part = Part(path.read_bytes())
        shift = binder.reserve(part.size)
        tree = number_of(b"Pages", part.object(part.root))
        for number, head, stream in part.objects():
            if number == part.root or re.search(rb"/Type\s*/Struct(Elem|TreeRoot)\b", head):
                continue
            head = _shifted(head, shift)
            if b"/StructParents" in head:
                head = _UNTAGGED.sub(b"", head)
            if number == tree:
                pages += int(_COUNT.findall(head)[0])
                head = head[: head.rindex(b">>")] + b"/Parent %d 0 R>>" % (root + 1)
            binder.add(number + shift, head, stream)
        kids.append(tree + shift)
        info = part.info + shift if info is None and part.info is not None else info
    binder.add(root, b"<</Type/Catalog/Pages %d 0 R>>" % (root + 1))
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    binder.add(root + 1, b"<</Type/Pages/Kids[%s]/Count %d>>" % (listed, pages))
    binder.end(root, info)


def number_of(name: bytes, data: bytes) -> int:
    """Of the object that is called so in ``data``. Raises ValueError."""
    found = re.search(rb"/" + name + rb"\s+(\d+) 0 R", data)
    if found is None:
        raise ValueError("this is no document of the typesetter")
    return int(found[1])


def _shifted(head: bytes, shift: int) -> bytes:
    """The same object with its references moved; what stands in a string is no reference."""
    parts: list[bytes] = []
    at = 0
    while found := _REFERENCE.search(head, at):
        if found[1] is not None:
            parts += [head[at : found.start()], b"%d 0 R" % (int(found[1]) + shift)]
            at = found.end()
            continue
        end, depth = found.end(), 1
        while depth:
            mark = _STRING_END.search(head, end)
            if mark is None:
                return b"".join([*parts, head[at:]])
            end = mark.end()
            depth += {b"(": 1, b")": -1}.get(mark[0], 0)
        parts.append(head[at:end])
        at = end
    return b"".join([*parts, head[at:]])


def main(folder: str, parts: str) -> None:
    paths = [Path(folder) / f"part-{number}.pdf" for number in range(int(parts))]
    with (Path(folder) / "out.pdf").open("wb") as out:
        bind(paths, out)
    say({"size": (Path(folder) / "out.pdf").stat().st_size})


if __name__ == "__main__":
    main(*sys.argv[1:])
