"""A text that is still being written: the same blocks in the end, none sent twice, a constant cost."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.content.markdown import FRESH, LARGE, Delta, Stream, render

from .page import safe, text_of

EVERYTHING = """# Title

A paragraph with **bold**, `code` and https://example.com/x.
Second line
of it

Setext
======

- tight
- list

  ```js
  let x = 1
  ```

- now loose
1. one
2. two

> quote
lazy continuation
> more

| a | b |
|---|--:|
| 1 | `x|y` |
| 2 | \\| z

```python
def f():
    return \"\"\"x
```

~~~~ text
```
nested
~~~
~~~~

    indented code

    more of it

***

  ````md
  ```
   x
\t y
  ````
$$
x = 1
- y
$$
text:
\\[
a^2
\\]

[early]: https://a.b

emoji 👩‍💻 中文 العربية </script> <b>x</b> [early]

- [x] done
* * *
the end"""


class Page:
    """Does with the deltas what the browser does, and checks the promises that they keep."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.open: str | None = None

    def apply(self, delta: Delta | None) -> None:
        if delta is None:
            return
        for index, html in delta.closed:
            assert index == len(self.closed), "a closed block comes once and in order"
            self.closed.append(safe(html))
            self.open = None
        if delta.open:
            index, how, content = delta.open
            assert index == len(self.closed)
            if how == "html":
                self.open = safe(content)
            else:
                assert self.open is not None
                head, tail = self.open.rsplit("</code>", 1)
                escaped = content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
                escaped = escaped.replace('"', "&quot;").replace("'", "&#x27;")
                self.open = f"{head}{escaped}</code>{tail}"


def stream(text: str, sizes: list[int], every: int = 1) -> tuple[Page, Stream]:
    now = [0.0]
    page, reply = Page(), Stream(clock=lambda: now[0])
    position = turn = 0
    while position < len(text):
        size = sizes[turn % len(sizes)]
        reply.append(text[position : position + size])
        position += size
        turn += 1
        now[0] += 0.05
        if turn % every == 0:
            page.apply(reply.take())
            assert reply.snapshot() == (page.closed, page.open)
    now[0] += FRESH
    page.apply(reply.take())
    assert not reply.behind
    return page, reply


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 100_000])
def test_a_streamed_text_ends_as_the_same_blocks_as_the_whole_text(size: int) -> None:
    page, reply = stream(EVERYTHING, [size])
    final = reply.finish()
    assert "".join(final) == render(EVERYTHING)
    assert page.closed == final[: len(page.closed)]
    assert len(page.closed) == len(final) - 1
    assert page.open == final[-1]


LINES = [
    *(line for line in EVERYTHING.split("\n") if "[early]" not in line),
    *["===", "---", "```", "~~~", "  - nested", "1) x", "> ", "$$", "|", "#", "+", "", "", "  ", "`a", "**b", "\ttab"],
    *["2. two", "> > deep", "```py", "a | b", "-|-", "\\]", "[x]: ", "'title'", "-", "10. x", " -"],
]


@given(
    st.lists(st.sampled_from(LINES), max_size=14).map("\n".join),
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
    st.integers(1, 4),
)
def test_however_a_text_is_cut_its_closed_blocks_are_the_blocks_of_the_whole(
    text: str, sizes: list[int], every: int
) -> None:
    page, reply = stream(text, sizes, every)
    final = reply.finish()
    assert "".join(final) == render(text)
    assert page.closed == final[: len(page.closed)]


@given(st.text(alphabet="ab-=#`~*>|$ \t\n\r1.[]:", max_size=60), st.integers(1, 5))
def test_text_without_any_sense_streams_as_well(text: str, size: int) -> None:
    _, reply = stream(text, [size])
    assert "".join(reply.finish()) == render(text)


def test_a_late_definition_and_a_footnote_come_right_at_the_end() -> None:
    text = "See [it] and this[^1].\n\nMore.\n\n[it]: https://a.b\n[^1]: Note\n"
    page, reply = stream(text, [5])
    assert page.closed[0] == "<p>See [it] and this[^1].</p>\n"
    assert "Note" in (page.open or "")
    final = "".join(reply.finish())
    assert final == render(text)
    assert '<a href="https://a.b"' in final
    assert '<section class="footnotes">' in final


def test_a_definition_is_known_to_the_blocks_after_it() -> None:
    page, _ = stream("[it]: https://a.b\n\nSee [it].\n\nEnd", [4])
    assert '<a href="https://a.b"' in page.closed[0]


def test_a_paragraph_waits_for_the_line_that_may_make_it_a_heading() -> None:
    page, _ = stream("Heading\n", [3])
    assert page.closed == []
    page, _ = stream("Heading\n---\n\nText\n\nx", [3])
    assert page.closed[0] == "<h2>Heading</h2>\n"


def test_a_line_of_marks_alone_does_not_flash_as_something_that_it_will_not_be() -> None:
    reply, page = Stream(), Page()
    for text, shown in (("Para\n", "Para"), ("-", "Para"), (" item", "item")):
        reply.append(text)
        page.apply(reply.take())
        assert "<h2>" not in (page.open or "")
        assert shown in "".join([*page.closed, page.open or ""])


def test_an_open_block_of_code_has_its_frame_at_once_and_then_only_grows() -> None:
    reply, page = Stream(), Page()
    reply.append("Look:\n\n```python\n")
    delta = reply.take()
    page.apply(delta)
    assert page.open is not None
    assert page.open.startswith('<figure class="code" data-lang="python">')
    for piece in ("if a < b:\n", "  pass", "\n", "``", "x\n"):
        reply.append(piece)
        delta = reply.take()
        page.apply(delta)
        assert delta is None or (delta.open is not None and delta.open[:2] == (1, "append"))
    assert text_of(page.open or "").rstrip().endswith("if a < b:\n  pass\n``x")
    reply.append("```\n")
    delta = reply.take()
    assert delta is not None
    assert delta.open is None
    assert delta.closed == [
        (1, render("```python\nif a < b:\n  pass\n``x\n```\n")),
    ]


def test_code_within_a_list_is_drawn_plain_until_the_list_is_closed() -> None:
    reply = Stream()
    reply.append("1. Do\n\n   ```python\n   x = 1\n   ```\n")
    delta = reply.take()
    assert delta is not None
    assert delta.open is not None
    assert "x = 1" in delta.open[2]
    reply.append("\nDone.\n")
    delta = reply.take()
    assert delta is not None
    assert '<span class="n">x</span>' in delta.closed[0][1]


def test_every_delta_of_a_reply_cut_between_carriage_return_and_line_feed_is_right() -> None:
    page, reply = stream("a\r\n\r\n```\r\nb\r\n```\r\nc\rd", [1])
    assert "".join(reply.finish()) == render("a\n\n```\nb\n```\nc\nd")
    assert page.closed == reply.finish()[:-1]


def test_taking_nothing_costs_nothing() -> None:
    reply = Stream()
    assert reply.take() is None
    reply.append("")
    assert reply.take() is None
    reply.append("a")
    assert reply.take() is not None
    assert reply.take() is None
    assert reply.characters_read <= 2


def costs(pieces: list[str]) -> list[int]:
    """What each piece cost in characters read, at twenty pieces a second."""
    now, found = 0.0, []
    reply = Stream(clock=lambda: now)
    for piece in pieces:
        before = reply.characters_read
        reply.append(piece)
        reply.take()
        found.append(reply.characters_read - before)
        now += 0.05
    return found


def test_a_megabyte_of_code_costs_the_same_at_its_end_as_at_its_beginning() -> None:
    line = "    value = compute(value, 12345)  # as before\n"
    found = costs(["```python\n", *[line] * (1_000_000 // len(line))])
    assert sum(found[10:20]) == sum(found[-20:-10]) == 10 * len(line)


@pytest.mark.parametrize(
    "pieces",
    [
        [f"- item number {n} says something short\n" for n in range(1500)],
        [f"{n + 1}. item number {n}\n\n   with a second paragraph\n\n" for n in range(800)],
        ["| a | b |\n|---|---|\n", *[f"| row {n} | has cells |\n" for n in range(1500)]],
        [f"word{n} " for n in range(8000)],
        [f"This is sentence {n}. " for n in range(2500)],
        [f"> line {n} of a long quotation\n>\n" for n in range(1500)],
    ],
    ids=["list", "loose list", "table", "paragraph", "sentences", "quotation"],
)
def test_a_very_long_block_costs_the_same_at_its_end_as_at_its_beginning(pieces: list[str]) -> None:
    found = costs(pieces)
    window = len(found) // 5
    early, late = sum(found[window : 2 * window]), sum(found[-window:])
    assert late < early * 1.5
    assert sum(found) < 200 * sum(map(len, pieces))


@pytest.mark.parametrize("piece", ["x", "    indented\n", "- x\n  continued "])
def test_even_a_block_that_cannot_be_parted_is_not_quadratic(piece: str) -> None:
    pieces = [piece * 10] * 3000
    if piece.startswith("-"):
        pieces = ["- x\n", *["  continued\n"] * 3000]
    assert sum(costs(pieces)) < 100 * sum(map(len, pieces))


def test_a_large_block_is_never_older_on_the_page_than_promised() -> None:
    now = 0.0
    reply = Stream(clock=lambda: now)
    shown = 0
    for number in range(2000):
        reply.append(f"- item {number}\n")
        delta = reply.take()
        now += 0.02
        if delta and delta.open and f"item {number}<" in delta.open[2]:
            shown = number
        assert number - shown <= FRESH / 0.02 + 2


def test_a_block_closed_in_parts_says_what_the_whole_says() -> None:
    words = "".join(f"Sentence number {n} is here. " for n in range(800))
    items = "".join(f"{n}. item {n}\n" for n in range(1, 900))
    rows = "| a |\n|---|\n" + "".join(f"| row {n} |\n" for n in range(1200))
    for text in (words, items, rows):
        page, reply = stream(text, [200])
        assert len(page.closed) >= 1
        assert all(len(html) < 4 * LARGE for html in page.closed)
        said = text_of("".join([*page.closed, page.open or ""])).split()
        whole = text_of(render(text)).split()
        assert [word for word in said if word != "a"] == [word for word in whole if word != "a"]
        assert "".join(reply.finish()) == render(text)
    page, _ = stream(items, [50])
    assert (page.open or "").startswith('<ol start="')


def test_random_cuts_of_a_long_reply_agree_with_each_other() -> None:
    text = "\n\n".join([EVERYTHING] * 4)
    blocks = None
    for seed in range(5):
        source = random.Random(seed)
        page, _ = stream(text, [source.randint(1, 60) for _ in range(50)], source.randint(1, 3))
        assert blocks is None or page.closed == blocks
        blocks = page.closed
