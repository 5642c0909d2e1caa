"""Which fonts a text needs and where they are: ours, the typesetter's own, then whatever the machine has."""

import json
import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from pathlib import Path

OURS = Path(__file__).parent / "fonts"
FAMILY = "Ubuntu Mono"
BUILT_IN = OURS / "dejavu-sans-mono.json"
"""The characters of the font that the typesetter carries in itself, as ranges."""
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
LARGEST = 40_000_000
"""Bytes of a font that is looked at."""
WEIGHTS = ("bold", "italic", "oblique", "thin", "light", "black", "medium", "semibold", "condensed", "serif")
"""Only the regular one of a family is taken, and no serif where there is one without."""
PLAIN = frozenset(
    {
        0x09,
        0x0A,
        0x0D,
        0x20,
        0xAD,
        0x2060,
        0xFEFF,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x2030),
        *range(0xFE00, 0xFE10),
    }
)
"""Characters that are not drawn."""

Ranges = list[tuple[int, int]]


def choose(characters: Iterable[str], folders: Iterable[Path] = FOLDERS) -> tuple[list[Path], list[str]]:
    """The fonts that draw these characters beside ours, and the characters that none of them has."""
    missing = {ord(each) for each in characters} - PLAIN
    for path in sorted(OURS.glob("*.ttf")):
        missing -= covered(path, missing)
    if missing:
        within = [(start, end) for start, end in json.loads(BUILT_IN.read_text(encoding="ascii"))]
        missing -= {code for code in missing if _within(within, code)}
    chosen: list[Path] = []
    for path in _candidates(folders) if missing else ():
        if found := covered(path, missing):
            chosen.append(path)
            missing -= found
        if not missing:
            break
    return chosen, [chr(code) for code in sorted(missing)]


def covered(path: Path, codes: set[int]) -> set[int]:
    """Which of these characters the font has; none of them where it cannot be read."""
    try:
        ranges = coverage(path)
    except (OSError, struct.error, ValueError):
        return set()
    return {code for code in codes if _within(ranges, code)}


def coverage(path: Path) -> Ranges:
    """The characters of a font file, from its ``cmap`` alone. Raises OSError, struct.error."""
    with path.open("rb") as file:
        start = 0
        tag = file.read(4)
        if tag == b"ttcf":
            file.seek(12)
            (start,) = struct.unpack(">I", file.read(4))
        file.seek(start + 4)
        (count,) = struct.unpack(">H", file.read(2))
        file.seek(start + 12)
        for _ in range(count):
            tag, _, offset, length = struct.unpack(">4sIII", file.read(16))
            if tag == b"cmap":
                file.seek(offset)
                return _ranges(file.read(length))
    return []


def _candidates(folders: Iterable[Path]) -> list[Path]:
    found = [path for folder in folders for suffix in ("ttf", "otf", "ttc") for path in folder.rglob(f"*.{suffix}")]
    small = [path for path in found if path.is_file() and path.stat().st_size <= LARGEST]
    return sorted(small, key=lambda path: (_fanciness(path), path.stat().st_size, path.name))


def _fanciness(path: Path) -> int:
    name = path.name.lower()
    return sum(word in name for word in WEIGHTS) - ("mono" in name) - ("noto" in name)


def _within(ranges: Ranges, code: int) -> bool:
    at = bisect_right(ranges, (code, 0x7FFFFFFF)) - 1
    return at >= 0 and ranges[at][0] <= code <= ranges[at][1]


def _ranges(cmap: bytes) -> Ranges:
    found: set[tuple[int, int]] = set()
    (count,) = struct.unpack_from(">H", cmap, 2)
    for number in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", cmap, 4 + number * 8)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            (kind,) = struct.unpack_from(">H", cmap, offset)
            if kind == 4:
                found.update(_segments(cmap, offset))
            elif kind == 12:
                found.update(_groups(cmap, offset))
    return _merged(found)


def _merged(found: Iterable[tuple[int, int]]) -> Ranges:
    merged: Ranges = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _segments(cmap: bytes, offset: int) -> Iterator[tuple[int, int]]:
    (double,) = struct.unpack_from(">H", cmap, offset + 6)
    ends = struct.unpack_from(f">{double // 2}H", cmap, offset + 14)
    starts = struct.unpack_from(f">{double // 2}H", cmap, offset + 16 + double)
    yield from ((start, end) for start, end in zip(starts, ends, strict=True) if start < 0xFFFF)


def _groups(cmap: bytes, offset: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">I", cmap, offset + 12)
    for number in range(count):
        start, end, _ = struct.unpack_from(">III", cmap, offset + 16 + number * 12)
        yield start, end
