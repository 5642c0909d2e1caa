"""Draws the app icons as PNG, with the standard library only: prompt and cursor on the night background.

The shapes are those of icon.svg. A maskable icon keeps them within the safe zone and fills the square.
"""

import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
NIGHT, MAGENTA, LIGHT = (0x1A, 0x1B, 0x26), (0xBB, 0x9A, 0xF7), (0xC0, 0xCA, 0xF5)
CHEVRON = [(14, 18), (19, 14), (33, 32), (19, 50), (14, 46), (25, 32)]
CURSOR = [(38, 16), (50, 16), (50, 48), (38, 48)]
GRID = 64
CORNER = 12
SAMPLES = 4
"""Per side of a pixel, for smooth edges."""

Point = tuple[float, float]


def inside(x: float, y: float, polygon: list[Point]) -> bool:
    result = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            result = not result
    return result


def within_corners(x: float, y: float) -> bool:
    dx, dy = max(CORNER - x, x - (GRID - CORNER), 0), max(CORNER - y, y - (GRID - CORNER), 0)
    return dx * dx + dy * dy <= CORNER * CORNER


def colour(x: float, y: float, scale: float, full: bool) -> tuple[int, int, int, int]:
    """At a point of the 64-unit square; the drawing is scaled around its middle."""
    if not full and not within_corners(x, y):
        return (0, 0, 0, 0)
    u, v = (x - GRID / 2) / scale + GRID / 2, (y - GRID / 2) / scale + GRID / 2
    for shape, paint in ((CHEVRON, MAGENTA), (CURSOR, LIGHT)):
        if inside(u, v, shape):
            return (*paint, 255)
    return (*NIGHT, 255)


def draw(size: int, scale: float, full: bool) -> bytes:
    step = GRID / size / SAMPLES
    rows = []
    for row in range(size):
        line = bytearray([0])
        for column in range(size):
            points = [
                colour((column * SAMPLES + i + 0.5) * step, (row * SAMPLES + j + 0.5) * step, scale, full)
                for i in range(SAMPLES)
                for j in range(SAMPLES)
            ]
            alpha = sum(point[3] for point in points)
            line += bytes(sum(p[k] * p[3] for p in points) // alpha if alpha else 0 for k in range(3))
            line.append(alpha // len(points))
        rows.append(bytes(line))
    return png(size, b"".join(rows))


def png(size: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def main() -> None:
    for name, size, scale, full in (
        ("icon-192", 192, 1, False),
        ("icon-512", 512, 1, False),
        ("icon-180", 180, 0.9, True),
        ("maskable-192", 192, 0.8, True),
        ("maskable-512", 512, 0.8, True),
    ):
        (HERE / f"{name}.png").write_bytes(draw(size, scale, full))


main()
