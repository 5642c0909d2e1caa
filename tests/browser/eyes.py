"""Eyes that look at every frame: how far a line moves, how often the page is drawn, what a block goes through."""

from typing import Any

from tests.browser.hand import Hand

WATCH_LINE = """({ selector, index }) => {
  const scroller = document.querySelector('chat-transcript .scroller');
  const top = () => document.querySelectorAll(selector)[index].getBoundingClientRect().top
    - scroller.getBoundingClientRect().top;
  const seen = { first: top(), most: 0, frames: 0, from: scroller.scrollHeight };
  const look = () => {
    seen.most = Math.max(seen.most, Math.abs(top() - seen.first));
    seen.frames += 1;
    seen.grown = scroller.scrollHeight - seen.from;
    window.watching = requestAnimationFrame(look);
  };
  window.seen = seen;
  look();
}"""

FIRST_VISIBLE = """(selector) => {
  const edge = document.querySelector('chat-transcript .scroller').getBoundingClientRect().top;
  return [...document.querySelectorAll(selector)].findIndex((node) => node.getBoundingClientRect().top > edge);
}"""

END = "() => { cancelAnimationFrame(window.watching); return window.seen }"

COUNT_DRAWINGS = """(selector) => {
  const seen = { drawings: 0, most: 0, frames: 0, busy: 0 };
  const node = document.querySelector(selector);
  window.watcher = new MutationObserver(() => { seen.drawings += 1; });
  window.watcher.observe(node, { subtree: true, childList: true, characterData: true, attributes: true });
  const look = () => {
    seen.most = Math.max(seen.most, seen.drawings);
    seen.busy += seen.drawings ? 1 : 0;
    seen.drawings = 0;
    seen.frames += 1;
    window.watching = requestAnimationFrame(look);
  };
  window.seen = seen;
  look();
}"""


async def watch(hand: Hand, selector: str, index: int | None = None) -> None:
    """Follows one element from now on: the one at ``index``, else the first that is wholly below the upper edge."""
    if index is None:
        index = await hand.page.evaluate(FIRST_VISIBLE, selector)
    await hand.page.evaluate(WATCH_LINE, {"selector": selector, "index": index})


async def seen(hand: Hand) -> dict[str, Any]:
    """What ``watch`` saw: ``most`` is how many pixels it moved at most, ``grown`` how much the transcript grew."""
    return dict(await hand.page.evaluate(END))


async def count_drawings(hand: Hand, selector: str) -> None:
    """Counts from now on how often something inside changes; ``seen`` has ``most`` in one frame, and the frames."""
    await hand.page.evaluate(COUNT_DRAWINGS, selector)
