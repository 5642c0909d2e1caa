"""Streaming: words are added, and nothing that stands there is touched or moved by them."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import eyes
from tests.browser.conftest import Inn
from tests.browser.hand import Hand
from tests.upstream import Answer

pytestmark = pytest.mark.anyio

EVERYTHING = """# A title

A paragraph of *some* words, with `code` and a [link](https://example.com), long enough to take more than a line.

- one thing
- another thing
  - inside it

```python
def first(items: list[int]) -> int:
    return items[0]


print(first([1, 2, 3]))
```

| name | value |
|---|---:|
| pi | 3.14 |
| e | 2.72 |

> Somebody said so.

```
no language here
```

The end of it."""

REMEMBER_BLOCKS = """() => {
  const body = document.querySelector('chat-message:last-of-type .body');
  const blocks = new Map();
  const seen = { touched: [], moved: 0, replaced: [], frames: 0, cursors: new Set(), jumps: [] };
  new MutationObserver((records) => {
    for (const { target, type, attributeName } of records) {
      if (type === 'attributes' && attributeName === 'data-cursor') continue;
      const block = [...blocks.keys()].find((node) => node.contains(target));
      if (block && blocks.get(block).closed) seen.touched.push(`${type} in ${block.localName}`);
    }
  }).observe(body, { subtree: true, childList: true, characterData: true, attributes: true });
  const look = () => {
    seen.frames += 1;
    const from = body.getBoundingClientRect().top;
    const children = [...body.children];
    for (const [index, node] of children.entries()) {
      const top = node.getBoundingClientRect().top - from;
      const known = seen.jumps[index];
      if (known !== undefined) seen.moved = Math.max(seen.moved, Math.abs(known - top));
      seen.jumps[index] = top;
      const isClosed = index < children.length - 1;
      if (!blocks.has(node)) blocks.set(node, { closed: isClosed });
      else if (isClosed) blocks.get(node).closed = true;
    }
    for (const [node, { closed }] of blocks)
      if (closed && !node.isConnected && blocks.delete(node)) seen.replaced.push(node.outerHTML);
    for (const node of document.querySelectorAll('[data-cursor]')) seen.cursors.add(node);
    window.watching = requestAnimationFrame(look);
  };
  window.seen = seen;
  look();
}"""


async def begun(hand: Hand, inn: Inn, answer: Answer) -> None:
    """The page holds its breath after the first words, so that the eyes can be opened."""
    inn.upstream.script(answer)
    await hand.say("go on")
    await expect(hand.replies.last.locator(".body")).not_to_be_empty()


@pytest.mark.parametrize("where", ["chat-transcript", "chat-prompt", "top-bar", "chat-announcer"])
async def test_at_most_one_drawing_in_a_frame_and_none_where_nothing_is_new(guest: Hand, inn: Inn, where: str) -> None:
    words = " ".join(f"word{n}" for n in range(400))
    await begun(guest, inn, Answer(text=words, unit="tokens", chunk=1, delay=0.004, hold_after=20))
    await eyes.count_drawings(guest, where)
    inn.upstream.release()
    await expect(guest.replies.last).to_contain_text("word380")
    seen = await eyes.seen(guest)
    assert seen["frames"] > 20
    if where == "chat-transcript":
        assert seen["busy"] > 10 and seen["most"] == 1
    else:
        assert seen["busy"] <= 2, (
            "the announcer says `answering`, and `still answering` every seven seconds; the rest has nothing to say"
        )
    await guest.answered("word399")


async def test_closed_blocks_are_never_touched_replaced_or_moved_again_not_even_at_the_end(
    guest: Hand, inn: Inn
) -> None:
    await begun(guest, inn, Answer(text=EVERYTHING, chunk=3, delay=0.006, hold_after=8))
    await guest.page.evaluate(REMEMBER_BLOCKS)
    inn.upstream.release()
    await guest.answered("The end of it.")
    await guest.still()
    seen: Any = await eyes.seen(guest)
    assert seen["frames"] > 30
    assert seen["touched"] == [] and seen["replaced"] == []
    assert seen["moved"] <= 1


async def test_the_final_page_is_the_same_that_a_reload_shows(guest: Hand, inn: Inn) -> None:
    await begun(guest, inn, Answer(text=EVERYTHING, chunk=3, hold_after=8))
    inn.upstream.release()
    await guest.answered("The end of it.")
    streamed = await guest.replies.last.locator(".body").inner_html()
    await guest.page.reload()
    await guest.answered("The end of it.")
    assert await guest.replies.last.locator(".body").inner_html() == streamed


async def test_the_cursor_stands_after_the_last_character_and_goes_with_the_last_word(guest: Hand, inn: Inn) -> None:
    await begun(
        guest, inn, Answer(text="Some *words* here\n\n- a list\n\n```py\ncode = 1\n```\n\nend", chunk=1, hold_after=22)
    )
    marked = guest.replies.last.locator("[data-cursor]")
    await expect(guest.replies.last).to_contain_text("Some words")
    await expect(marked).to_have_count(1)
    await guest.until(
        """() => {
          const node = document.querySelector('chat-message:last-of-type [data-cursor]');
          const { width, backgroundColor } = node ? getComputedStyle(node, '::after') : {};
          return width === '8px' && backgroundColor === 'rgb(192, 202, 245)';
        }"""
    )
    inn.upstream.release()
    await guest.answered("end")
    await expect(marked).to_have_count(0)


async def test_code_has_its_frame_from_the_opening_fence_on(guest: Hand, inn: Inn) -> None:
    code = "\n".join(f"value_{n} = {n}" for n in range(30))
    text = f"Look:\n\n```python\n{code}\n```\n\nThat is all."
    await begun(guest, inn, Answer(text=text, chunk=2, hold_after=12))
    figure = guest.replies.last.locator("figure.code")
    await expect(figure.locator("figcaption")).to_contain_text("python")
    await expect(figure.get_by_role("button", name="copy")).to_be_visible()
    top = await figure.evaluate(
        "node => node.getBoundingClientRect().top - node.parentNode.getBoundingClientRect().top"
    )
    caption = await figure.locator("figcaption").bounding_box()
    inn.upstream.release()
    await guest.answered("That is all.")
    now = await figure.evaluate(
        "node => node.getBoundingClientRect().top - node.parentNode.getBoundingClientRect().top"
    )
    after = await figure.locator("figcaption").bounding_box()
    assert abs(now - top) <= 1 and caption and after and caption["height"] == after["height"]
    await expect(figure.locator("code span").first).to_be_attached()


async def test_what_is_selected_in_a_finished_block_stays_selected(guest_at_desk: Hand, inn: Inn) -> None:
    await begun(guest_at_desk, inn, Answer(text=EVERYTHING, chunk=3, hold_after=60))
    await expect(guest_at_desk.replies.last.locator("li")).not_to_have_count(0)
    await guest_at_desk.replies.last.locator(".body > p").first.evaluate(
        "node => getSelection().selectAllChildren(node)"
    )
    inn.upstream.release()
    await guest_at_desk.answered("The end of it.")
    selected = await guest_at_desk.page.evaluate("getSelection().toString()")
    assert selected.startswith("A paragraph of some words")


async def test_thinking_is_one_closed_line_that_can_be_read_while_it_grows(guest: Hand, inn: Inn) -> None:
    thoughts = "first I think of this. " * 30
    inn.upstream.script(Answer(text="the answer", reasoning=thoughts, chunk=10, hold_after=20))
    await guest.say("think")
    summary = guest.replies.last.locator("summary")
    await expect(summary).to_contain_text("thinking")
    await expect(guest.replies.last.locator("details > div")).to_be_hidden()
    await summary.tap()
    await expect(guest.replies.last.locator("details > div")).to_contain_text("first I think of this.")
    inn.upstream.release()
    await guest.answered("the answer")
    await expect(guest.replies.last.locator("details > div")).to_be_visible()
    await expect(guest.replies.last.locator("details > div")).to_have_text(thoughts.strip(), use_inner_text=True)
    await expect(summary).to_contain_text("thinking")
    await expect(summary).to_contain_text("tok")
