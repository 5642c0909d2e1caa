"""CPU time of the server for a thousand streamed tokens, and whether a token costs more the later it comes."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import direct, proc, server, talks, texts, upstream
from bench.direct import OPENAI
from bench.page import Page
from bench.report import Figure, Table
from bench.run import Run
from tests.process import Process

TOKEN = 4
"""Characters; each comes as an event of its own."""
FAST, USUAL = 0.001, 0.010
"""Seconds between two tokens."""
SHORT, LONG, VERY_LONG = 2_000, 20_000, 100_000
QUICK_LONG = 6_000
TALK = 1_000
"""Messages of a long conversation."""
GROWTH = 1.2
"""Tokens of the last quarter of a reply may cost this much more than those of the first: noise, not growth."""


@dataclass(frozen=True, slots=True)
class Case:
    shape: str
    make: Callable[[int], str]
    length: int
    delay: float
    rounds: int
    compare: bool

    @property
    def name(self) -> str:
        pace = "" if self.delay == FAST else ", at 100 tokens a second"
        return f"{self.shape}, {self.length // 1000}k characters{pace}"


async def measure(run: Run) -> Table:
    table = Table(
        "tokens", "CPU time per 1,000 streamed tokens, with a page attached", "the official SDK reading the same stream"
    )
    data = run.folder / "data"
    async with server.serving(run, data):
        pass
    long = talks.write(data, [TALK], model=OPENAI)[TALK]
    async with (
        upstream.running() as fake,
        server.serving(run, data, fake) as process,
        server.opened(process) as page,
        direct.connected(fake) as sdk,
    ):
        await _through(fake, process, page, texts.prose(SHORT), FAST)  # loads what is loaded late
        await _direct(fake, sdk, texts.prose(SHORT), FAST)
        for case in _cases(quick=run.quick):
            text = case.make(case.length)
            alone, through = [], []
            for _ in range(case.rounds):
                if case.compare:
                    alone.append(await _direct(fake, sdk, text, case.delay))
                through.append(await _through(fake, process, page, text, case.delay))
            table.add(Figure(case.name, [each.cost for each in through], "s", baseline=alone))
            if case.length > SHORT:
                growth = [each.growth for each in through]
                table.add(Figure(f"{case.name}: last quarter to first", growth, "×", aim=GROWTH))
        text, new, old = texts.prose(SHORT), [], []
        for _ in range(1 if run.quick else 3):
            new.append((await _through(fake, process, page, text, FAST)).after_first)
            old.append((await _through(fake, process, page, text, FAST, long)).after_first)
        name = f"prose in a conversation of {TALK:,} messages, after its first token"
        table.add(Figure(name, old, "s", baseline=new))
    table.notes.append(
        f"A token is {TOKEN} characters and one event of the upstream; one comes every {FAST * 1000:.0f} ms or so where"
        " nothing else is said. “Last quarter to first” is within one reply, without what it costs to begin and to end."
        " What comes in a long conversation is compared with the same in a new one."
    )
    return table


def _cases(*, quick: bool) -> list[Case]:
    lengths = [(QUICK_LONG, 1)] if quick else [(SHORT, 3), (LONG, 1), (VERY_LONG, 1)]
    return [Case("prose", texts.prose, SHORT, USUAL, 1 if quick else 2, True)] + [
        Case(shape, make, length, FAST, rounds, shape == "prose" and length < VERY_LONG)
        for shape, make in texts.SHAPES.items()
        for length, rounds in lengths
        if shape == "prose" or length < VERY_LONG
    ]


@dataclass(frozen=True, slots=True)
class Used:
    cost: float
    """CPU seconds per 1,000 tokens, from the sending to the end of the reply."""
    after_first: float
    """The same from its first text on."""
    growth: float
    """What its last quarter cost, in first quarters."""


async def _through(
    fake: upstream.Upstream, process: Process, page: Page, text: str, delay: float, talk: str = ""
) -> Used:
    await fake.answers(text=text, chunk=TOKEN, delay=delay)
    conversation = talk or await page.conversation(OPENAI)
    samples: list[tuple[float, float]] = []
    async with page.listening(conversation) as listener:
        before = proc.cpu_seconds(process.pid)
        await page.send(conversation)
        first = await listener.until_text()
        began = proc.cpu_seconds(process.pid)
        sampling = asyncio.create_task(_sample(process.pid, samples))
        row = await listener.until_ended()
        ended = proc.cpu_seconds(process.pid)
        sampling.cancel()
    if row["text"] != text:
        raise RuntimeError("the reply is not what the upstream sent")
    thousands = len(text) / TOKEN / 1000
    growth = _growth(samples, first.at, listener.spoke_at)
    return Used((ended - before) / thousands, (ended - began) / thousands, growth)


async def _sample(pid: int, samples: list[tuple[float, float]]) -> None:
    while True:
        samples.append((time.monotonic(), proc.cpu_seconds(pid)))
        await asyncio.sleep(0.02)


def _growth(samples: list[tuple[float, float]], began: float, ended: float) -> float:
    """Of equal times, hence of as many tokens."""
    quarter = (ended - began) / 4

    def spent(start: float, end: float) -> float:
        within = [seconds for at, seconds in samples if start <= at <= end]
        return within[-1] - within[0] if within else 0.0

    first = spent(began, began + quarter)
    return spent(ended - quarter, ended) / first if first else 1.0


async def _direct(fake: upstream.Upstream, sdk: direct.Direct, text: str, delay: float) -> float:
    """The same of this process, which does nothing else meanwhile."""
    await fake.answers(text=text, chunk=TOKEN, delay=delay)
    before = time.process_time()
    read = await sdk.ask(OPENAI)
    used = time.process_time() - before
    if read.text != len(text):
        raise RuntimeError("the answer is not what the upstream sent")
    return used / (len(text) / TOKEN) * 1000
