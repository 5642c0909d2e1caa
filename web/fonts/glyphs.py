"""Our own drawings of what Ubuntu Mono lacks: blocks, rounded corners, arrows, marks, spinner.

Each drawing is a function of a fontTools pen. Outlines fill the 500-unit cell from ASCENT to DESCENT.
"""

from collections.abc import Callable
from typing import Any

WIDTH, ASCENT, DESCENT = 500, 830, -170
HEIGHT = ASCENT - DESCENT
MIDDLE = (ASCENT + DESCENT) // 2
STROKE = 80  # of Ubuntu Mono's own light box lines, so that corners meet them
ROUND = 0.5523  # control points of a cubic quarter circle

Draw = Callable[[Any], None]
Point = tuple[float, float]


def polygon(*points: Point) -> Draw:
    def draw(pen: Any) -> None:
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()

    return draw


def box(left: float, bottom: float, right: float, top: float) -> Draw:
    return polygon((left, bottom), (left, top), (right, top), (right, bottom))


def disc(x: float, y: float, radius: float, *, hole: bool = False) -> Draw:
    """A circle, clockwise; a hole runs the other way round."""
    bend = radius * ROUND
    way = -1 if hole else 1

    def at(dx: float, dy: float) -> Point:
        return x + way * dx, y + dy

    def draw(pen: Any) -> None:
        pen.moveTo(at(0, radius))
        pen.curveTo(at(bend, radius), at(radius, bend), at(radius, 0))
        pen.curveTo(at(radius, -bend), at(bend, -radius), at(0, -radius))
        pen.curveTo(at(-bend, -radius), at(-radius, -bend), at(-radius, 0))
        pen.curveTo(at(-radius, bend), at(-bend, radius), at(0, radius))
        pen.closePath()

    return draw


def every(*parts: Draw) -> Draw:
    def draw(pen: Any) -> None:
        for part in parts:
            part(pen)

    return draw


def turned(dx: int, dy: int, *shapes: tuple[Point, ...]) -> Draw:
    """Shapes drawn pointing right, turned to point along (dx, dy) around the middle of the small letters."""

    def turn(shape: tuple[Point, ...]) -> Draw:
        return polygon(*((WIDTH / 2 + u * dx - v * dy, 300 + u * dy + v * dx) for u, v in shape))

    return every(*map(turn, shapes))


def corner(right: int, up: int) -> Draw:
    """A quarter turn from the vertical edge on the side `up` to the horizontal edge on the side `right`."""
    half, radius = STROKE / 2, 200
    edge = ASCENT - MIDDLE if up > 0 else MIDDLE - DESCENT
    outer = radius + half
    inner = radius - half

    def at(dx: float, dy: float) -> Point:
        return WIDTH / 2 + right * dx, MIDDLE + up * dy

    def draw(pen: Any) -> None:
        pen.moveTo(at(-half, edge))
        pen.lineTo(at(half, edge))
        pen.lineTo(at(half, radius))
        pen.curveTo(at(half, radius - inner * ROUND), at(radius - inner * ROUND, half), at(radius, half))
        pen.lineTo(at(WIDTH / 2, half))
        pen.lineTo(at(WIDTH / 2, -half))
        pen.lineTo(at(radius, -half))
        pen.curveTo(at(radius - outer * ROUND, -half), at(-half, radius - outer * ROUND), at(-half, radius))
        pen.closePath()

    return draw


def arrow(dx: int, dy: int) -> Draw:
    shaft = ((-200, -26), (140, -26), (140, 26), (-200, 26))
    head = ((80, -120), (142, -120), (220, 0), (142, 120), (80, 120), (130, 0))
    return turned(dx, dy, shaft, head)


def triangle(dx: int, dy: int, size: float) -> Draw:
    return turned(dx, dy, ((-size * 0.8, -size), (-size * 0.8, size), (size, 0)))


def star() -> Draw:
    """Five points around (250, 300)."""
    right = ((0, 260), (62, 85), (247, 80), (100, -33), (153, -210), (0, -107))
    left = tuple((-x, y) for x, y in reversed(right[1:-1]))
    return polygon(*((250 + x, 300 + y) for x, y in (*right, *left)))


def braille(pattern: int) -> Draw:
    """Bits 0-7 are the dots in Unicode's order, two columns of four."""
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    dots = (place for bit, place in enumerate(places) if pattern >> bit & 1)
    centres = ((125 + 250 * column, 600 - 190 * row) for column, row in dots)
    return every(*(box(x - 52, y - 52, x + 52, y + 52) for x, y in centres))


def drawings() -> dict[int, Draw]:
    """Code point → drawing."""
    half = STROKE / 2
    centre = WIDTH / 2
    made: dict[int, Draw] = {
        0x2580: box(0, MIDDLE, WIDTH, ASCENT),
        0x2590: box(centre, DESCENT, WIDTH, ASCENT),
        0x256D: corner(1, -1),
        0x256E: corner(-1, -1),
        0x256F: corner(-1, 1),
        0x2570: corner(1, 1),
        0x2574: box(0, MIDDLE - half, centre, MIDDLE + half),
        0x2575: box(centre - half, MIDDLE, centre + half, ASCENT),
        0x2576: box(centre, MIDDLE - half, WIDTH, MIDDLE + half),
        0x2577: box(centre - half, DESCENT, centre + half, MIDDLE),
        0x25A0: box(60, 110, 440, 490),
        0x25A1: every(box(60, 110, 440, 490), polygon((110, 160), (390, 160), (390, 440), (110, 440))),
        0x25C6: polygon((250, 90), (30, 310), (250, 530), (470, 310)),
        0x25CB: every(disc(250, 300, 185), disc(250, 300, 133, hole=True)),
        0x25CF: disc(250, 300, 185),
        0x2605: star(),
        0x2713: polygon((40, 250), (90, 310), (190, 190), (410, 560), (465, 520), (200, 70)),
        0x2717: every(
            polygon((60, 120), (395, 530), (440, 490), (105, 80)),
            polygon((60, 490), (105, 530), (440, 120), (395, 80)),
        ),
        0x276F: polygon((110, 40), (290, 300), (110, 560), (180, 600), (390, 300), (180, 0)),
    }
    enter = every(box(400, 260, 452, 560), box(120, 260, 452, 312), polygon((60, 286), (200, 166), (200, 406)))
    made |= {0x21B5: enter, 0x23CE: enter}
    made |= {0x2580 + eighth: box(0, DESCENT, WIDTH, DESCENT + HEIGHT * eighth / 8) for eighth in range(1, 8)}
    made |= {0x2590 - eighth: box(0, DESCENT, WIDTH * eighth / 8, ASCENT) for eighth in range(1, 8)}
    for code, dx, dy in ((0x2190, -1, 0), (0x2191, 0, 1), (0x2192, 1, 0), (0x2193, 0, -1)):
        made[code] = arrow(dx, dy)
    for code, dx, dy in ((0x25B2, 0, 1), (0x25B6, 1, 0), (0x25BC, 0, -1), (0x25C0, -1, 0)):
        made[code] = triangle(dx, dy, 230)
        made[code + 2] = triangle(dx, dy, 150)
    made |= {ord(glyph): braille(ord(glyph) - 0x2800) for glyph in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏⣿"}
    return made
