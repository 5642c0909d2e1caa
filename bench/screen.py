"""The page in a browser: what its first load weighs, when it can be used, and whether long talk makes it slow."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench import server, tab, talks, texts, upstream
from bench.report import Figure, Table
from bench.run import Run
from bench.tab import Tab
from tests.process import Process

FIRST_LOAD_KB = 100.0
USABLE_MS = 2500.0
GROWTH = 1.3
"""A frame at the end may take this much more than one at the beginning: noise, not growth."""
LONG, QUICK_LONG = 100_000, 20_000
SHORT_TALK, LONG_TALK = 50, 5_000
"""Messages."""
PIECE, PACE = 80, 0.02
WINDOW = 10.0
SETTLED = 1.5
"""Seconds after which nothing more belongs to a load."""

MakeTab = Callable[[], Awaitable[Tab]]


async def measure(run: Run) -> Table:
    table = Table("page", "The page in Chromium, as a phone", f"a conversation of {SHORT_TALK} messages")
    rounds, length = (2, QUICK_LONG) if run.quick else (4, LONG)
    async with upstream.running() as fake:
        data = run.folder / "data"
        async with server.serving(run, data, fake):
            pass
        talks_by_length = talks.write(data, (SHORT_TALK, LONG_TALK))
        async with server.serving(run, data, fake) as process, tab.chromium() as browser:
            first, again, usable = [], [], []
            for _ in range(rounds):
                async with tab.signed_in(browser, process.url) as make:
                    first.append(await _load(make, process.url))
                async with tab.signed_in(browser, process.url, workers=True) as make:
                    again.append(await _open_again(make, process.url))
                async with tab.signed_in(browser, process.url) as make:
                    usable.append(await _usable(make, process.url))
            async with tab.signed_in(browser, process.url) as make:
                short, long = await _open(make, process.url, talks_by_length, rounds)
            async with tab.signed_in(browser, process.url) as make:
                began, ended = await _stream(make, fake, process, length)
    table.add(
        Figure("first load, everything with headers", [each[0] / 1000 for each in first], "KB", aim=FIRST_LOAD_KB),
        Figure("… requests", [each[1] for each in first], ""),
        Figure("repeat open: over the network before one can type", [each / 1000 for each in again], "KB", aim=0),
        Figure("first load on slow 4G, 4× slower CPU: until one can type", usable, "ms", aim=USABLE_MS),
        Figure(f"open {LONG_TALK:,} messages, 4× slower CPU", long, "ms", baseline=short),
        Figure("script per streamed frame, 4× slower CPU, first 10 s", [began], "ms"),
        Figure("… last 10 s", [ended], "ms", aim=began * GROWTH, baseline=[began]),
    )
    table.notes.append(
        f"Slow 4G is 150 ms and 1.6 Mbit/s. The streamed reply has {length:,} characters; its"
        " ratio is last to first, not to a conversation. A frame is a change of what is seen."
    )
    return table


async def _load(make: MakeTab, url: str) -> tuple[int, int]:
    """Bytes and requests of a browser that has nothing of the page yet."""
    one = await make()
    await one.open(url)
    await asyncio.sleep(SETTLED)
    return sum(one.bytes.values()), len(one.bytes)


async def _open_again(make: MakeTab, url: str) -> int:
    """Bytes of a second visit until the prompt is there."""
    one = await make()
    await one.open(url)
    await one.page.evaluate("navigator.serviceWorker.ready")
    await one.page.wait_for_function("caches.keys().then((names) => names.length > 0)")
    await asyncio.sleep(SETTLED)
    await one.page.close()
    other = await make()
    await other.open(url)
    return sum(size for address, size in other.bytes.items() if "/api/" not in address)


async def _usable(make: MakeTab, url: str) -> float:
    one = await make()
    await one.slow(network=True)
    return await one.open(url)


async def _open(make: MakeTab, url: str, by_length: dict[int, str], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the tap on a conversation until its last message is drawn: the short one, the long one."""
    one = await make()
    await one.open(url)
    await one.slow()
    took: dict[int, list[float]] = {SHORT_TALK: [], LONG_TALK: []}
    for _ in range(rounds + 1):
        for messages, id in by_length.items():
            await one.page.evaluate("location.hash = '#/'")
            await one.page.wait_for_selector("empty-chat")
            took[messages].append(float(await one.page.evaluate(_OPEN, [id, f"Thing number {messages // 2 - 1} "])))
    return took[SHORT_TALK][1:], took[LONG_TALK][1:]


async def _stream(make: MakeTab, fake: upstream.Upstream, process: Process, length: int) -> tuple[float, float]:
    """Milliseconds of script for a frame in which something was added: at the beginning, and at the end."""
    text = texts.prose(length)
    await fake.answers(text=text, chunk=PIECE, delay=PACE)
    one = await make()
    await one.open(process.url)
    await one.slow()
    await one.page.fill(tab.PROMPT, "Tell me about the river.")
    await one.page.click("chat-prompt .send")
    await one.page.wait_for_selector("chat-message.assistant .body > *")
    await one.page.evaluate(_COUNT)
    samples = [await _sample(one)]
    while await one.page.locator("chat-prompt .stop").is_visible():
        await asyncio.sleep(0.5)
        samples.append(await _sample(one))
    end = samples[-1][0]
    first = [sample for sample in samples if sample[0] <= samples[0][0] + WINDOW]
    last = [sample for sample in samples if sample[0] >= end - WINDOW]
    return _cost(first[0], first[-1]), _cost(last[0], last[-1])


async def _sample(one: Tab) -> tuple[float, float, int]:
    """When, seconds of script so far, frames so far."""
    return (
        time.monotonic(),
        (await one.metrics())["ScriptDuration"],
        int(await one.page.evaluate("window.changedFrames")),
    )


def _cost(begin: tuple[float, float, int], end: tuple[float, float, int]) -> float:
    return (end[1] - begin[1]) * 1000 / max(1, end[2] - begin[2])


_OPEN = """([id, last]) => new Promise((resolve) => {
  const began = performance.now();
  const look = () => {
    const shown = [...document.querySelectorAll("chat-message.assistant")].at(-1);
    if (shown?.textContent.includes(last)) requestAnimationFrame(() => resolve(performance.now() - began));
    else requestAnimationFrame(look);
  };
  location.hash = `#/c/${id}`;
  look();
})"""
_COUNT = """() => {
  window.changedFrames = 0;
  let seen = -1;
  new MutationObserver(() => {
    const frame = document.timeline.currentTime;
    if (frame !== seen) window.changedFrames += 1;
    seen = frame;
  }).observe(document.querySelector("chat-transcript"), { childList: true, characterData: true, subtree: true });
}"""
