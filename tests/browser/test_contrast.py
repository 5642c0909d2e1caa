"""The colours, from the tokens alone: text can be read on every surface, in both themes."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "web/styles/tokens.css"
SURFACES = ("bg", "bg-float", "bg-active")
TEXT = ("fg", "fg-soft", "fg-muted", "blue", "cyan", "teal", "green", "yellow", "orange", "red", "magenta")


def colours(theme: str) -> dict[str, tuple[int, ...]]:
    """Token → red, green, blue."""
    css = TOKENS.read_text()
    (block,) = re.findall(rf'\[data-theme="{theme}"\]\s*{{(.*?)}}', css, re.DOTALL)
    found = re.findall(r"--([a-z-]+):\s*#([0-9a-f]{6})", block)
    return {name: tuple(int(value[at : at + 2], 16) for at in (0, 2, 4)) for name, value in found}


def luminance(colour: tuple[int, ...]) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [value / 255 for value in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_right() -> None:
    assert round(contrast((0, 0, 0), (255, 255, 255)), 1) == 21.0
    assert round(contrast((119, 119, 119), (255, 255, 255)), 2) == 4.48


@pytest.mark.parametrize("theme", ["night", "day"])
def test_every_text_colour_can_be_read_on_every_surface(theme: str) -> None:
    named = colours(theme)
    pairs = [(text, surface) for text in TEXT for surface in SURFACES]
    pairs += [("fg", surface) for surface in ("sel", "diff-add", "diff-del")]
    pairs += [("on-accent", accent) for accent in ("blue", "red")]
    poor = {pair: round(contrast(named[pair[0]], named[pair[1]]), 2) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["night", "day"])
def test_focus_and_the_frames_of_controls_stand_out(theme: str) -> None:
    named = colours(theme)
    for line in ("blue", "border-strong"):
        assert contrast(named[line], named["bg"]) >= 3
        assert contrast(named[line], named["bg-float"]) >= 3
