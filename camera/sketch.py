"""The picture that the image model of the photographs draws: a hedgehog under a full moon."""

import io
import math
from random import Random

from PIL import Image, ImageDraw

SIZE = 1024
NIGHT, DUSK, HILL, MOON, SPINES, FACE = "#16161e", "#3b4261", "#1a1b26", "#e0af68", "#7a6a5a", "#cbb89a"


def hedgehog() -> bytes:
    """PNG."""
    image = Image.new("RGB", (SIZE, SIZE), NIGHT)
    draw = ImageDraw.Draw(image)
    for y in range(0, 700, 4):
        share = y / 700
        shade = tuple(int(_part(NIGHT, n) * (1 - share) + _part(DUSK, n) * share) for n in range(3))
        draw.rectangle((0, y, SIZE, y + 4), fill=shade)
    chance = Random(7)
    for _ in range(70):
        x, y = chance.randrange(SIZE), chance.randrange(480)
        draw.ellipse((x, y, x + 3, y + 3), fill="#c0caf5")
    draw.ellipse((620, 110, 860, 350), fill=MOON)
    draw.ellipse((-300, 640, 900, 1500), fill=HILL)
    draw.ellipse((300, 700, 1500, 1500), fill="#202230")
    for step in range(0, 181, 3):
        angle = math.radians(180 + step)
        for length in (190, 215):
            end = (470 + math.cos(angle) * length * 1.25, 730 + math.sin(angle) * length)
            draw.line((470, 730, *end), fill=SPINES if step % 6 else "#9a8874", width=9)
    draw.ellipse((250, 600, 690, 800), fill=SPINES)
    draw.polygon(((600, 660), (800, 752), (790, 772), (590, 800)), fill=FACE)
    draw.ellipse((782, 742, 812, 772), fill=NIGHT)
    draw.ellipse((668, 690, 690, 712), fill=NIGHT)
    for x in (330, 430, 560, 640):
        draw.ellipse((x, 780, x + 54, 812), fill=FACE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _part(colour: str, number: int) -> int:
    return int(colour[1 + 2 * number : 3 + 2 * number], 16)
