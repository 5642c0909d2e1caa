"""Makes the web fonts: `build.py UBUNTU_FOLDER MATERIAL_ICONS_TTF`; README.md says where both are from.

Needs fontTools and brotli, which nothing else in the project does.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from glyphs import ASCENT, DESCENT, MIDDLE, WIDTH, drawings

HERE = Path(__file__).parent
FAMILY = "Ubuntu Mono derivative LLM Router"
SYMBOLS = "LLM Router Symbols"
BUDGET = 40_000  # bytes, all together
LATIN = [
    *range(0x20, 0x7F), *range(0xA0, 0x100), 0x2C6, 0x2DA, 0x2DC,
    0x2013, 0x2014, *range(0x2018, 0x201F), *range(0x2020, 0x2023), 0x2026, 0x2030, 0x2039, 0x203A, 0x2044,
    0x20AC, 0x20B9, 0x2116, 0x2122, 0x2126, 0x2202, 0x2206, 0x220F, 0x2211, 0x2212, 0x221A, 0x221E, 0x222B,
    0x2248, 0x2260, 0x2264, 0x2265, 0x25CA,
]  # fmt: skip
BOXES = range(0x2500, 0x25A0)
EXTENDED = [*range(0x100, 0x180), 0x192, *range(0x218, 0x21C), 0x1E9E]
"""Fetched when a text has one of these: the unicode-range in tokens.css."""


def latin(source: Path, style: str, codes: Iterable[int], name: str) -> Path:
    """A subset of Ubuntu Mono, named as its licence asks of a derivative; no outline is changed or added."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options()
    options.hinting = False
    options.layout_features = []  # fractions and small figures, which nothing here asks for
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.flavor = "woff2"
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=sorted(font.getBestCmap().keys() & set(codes)))
    subsetter.subset(font)
    named = {
        1: FAMILY,
        3: f"{FAMILY} {style}",
        4: f"{FAMILY} {style}",
        6: f"{FAMILY}-{style}".replace(" ", ""),
        16: FAMILY,
        18: f"{FAMILY} {style}",
    }
    for record in font["name"].names:
        record.string = named.get(record.nameID, record.toUnicode())
    font.flavor = "woff2"
    target = HERE / name
    font.save(target, reorderTables=True)
    return target


def symbols(icons: Path) -> Path:
    """Our drawings, one cell wide, and the icons of icons.txt, two cells wide and centred on the line."""
    material = TTFont(icons)
    outlines = material.getGlyphSet()
    material_cmap = material.getBestCmap()
    code_points = {name: code for code, name in material_cmap.items()}
    glyphs = {".notdef": TTGlyphPen(None).glyph()}
    advances = {".notdef": WIDTH}
    cmap = {}

    def add(code: int, pen: TTGlyphPen, advance: int) -> None:
        name = f"u{code:04X}"
        glyphs[name], advances[name], cmap[code] = pen.glyph(), advance, name

    for code, draw in sorted(drawings().items()):
        pen = TTGlyphPen(None)
        draw(Cu2QuPen(pen, 1.0))
        add(code, pen, WIDTH)
    scale = 800 / 384
    for icon in (HERE / "icons.txt").read_text().split():
        code = code_points[icon]
        pen = TTGlyphPen(None)
        move = (scale, 0, 0, scale, WIDTH - 256 * scale, MIDDLE - 192 * scale)
        outlines[material_cmap[code]].draw(TransformPen(Cu2QuPen(pen, 1.0), move))
        add(code, pen, 2 * WIDTH)

    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(cmap)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(
        {name: (advances[name], getattr(glyph, "xMin", 0)) for name, glyph in glyphs.items()}
    )
    builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT, lineGap=0)
    builder.setupOS2(
        sTypoAscender=ASCENT,
        sTypoDescender=DESCENT,
        sTypoLineGap=0,
        usWinAscent=ASCENT,
        usWinDescent=-DESCENT,
    )
    builder.setupNameTable(
        {
            "copyright": "Icons: Material Design Icons by Pictogrammers, Apache 2.0. The rest: LLM Router.",
            "familyName": SYMBOLS,
            "styleName": "Regular",
        }
    )
    builder.setupPost(isFixedPitch=1)
    stamp = material["head"].modified  # the same input gives the same bytes
    builder.font["head"].created = builder.font["head"].modified = stamp
    builder.font.recalcTimestamp = False
    builder.font.flavor = "woff2"
    target = HERE / "symbols.woff2"
    builder.save(target)
    return target


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    ubuntu, icons = map(Path, sys.argv[1:])
    made = [
        latin(ubuntu / "UbuntuMono-R.ttf", "Regular", [*LATIN, *BOXES], "ubuntu-mono-regular.woff2"),
        latin(ubuntu / "UbuntuMono-B.ttf", "Bold", [*LATIN, *BOXES], "ubuntu-mono-bold.woff2"),
        latin(ubuntu / "UbuntuMono-R.ttf", "Regular", EXTENDED, "ubuntu-mono-regular-extended.woff2"),
        latin(ubuntu / "UbuntuMono-B.ttf", "Bold", EXTENDED, "ubuntu-mono-bold-extended.woff2"),
        symbols(icons),
    ]
    for path in made:
        sys.stdout.write(f"{path.stat().st_size:6d}  {path.name}\n")
    total = sum(path.stat().st_size for path in made)
    if total > BUDGET:
        sys.exit(f"{total} bytes are more than the {BUDGET} that the fonts may have")


main()
