"""Mixed use for as long as one likes: ``bin/soak [MINUTES]``. Memory and open files have to stay flat.

Prints a line now and then; the exit code is 1 when the last third needs more than the one before it.
"""

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.stage import build
from tests.faults.world import World
from tests.process import Process
from tests.upstream import Answer

USERS = 6
"""Of each kind at once."""
MEMORY, FILES = 1.05, 4
"""How much more of them the last third may need: as a factor, and as a number."""
KEPT = 200
"""Requests that the fake upstream remembers."""


@dataclass(frozen=True, slots=True)
class Look:
    minute: float
    megabytes: float
    files: int
    done: int


def look(process: Process, minute: float, done: int) -> Look:
    status = Path(f"/proc/{process.pid}/status").read_text()
    (rss,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return Look(minute, int(rss) / 1024, len(list(Path(f"/proc/{process.pid}/fd").iterdir())), done)


def flat(looks: list[Look]) -> str:
    """Empty, or what grew: the last third beside the one before it, each by its middle."""
    third = len(looks) // 3
    before, last = looks[third : 2 * third], looks[2 * third :]
    memory = [statistics.median(each.megabytes for each in part) for part in (before, last)]
    files = [statistics.median(each.files for each in part) for part in (before, last)]
    if memory[1] > memory[0] * MEMORY:
        return f"memory grew from {memory[0]:.1f} to {memory[1]:.1f} MB"
    if files[1] > files[0] + FILES:
        return f"open files grew from {files[0]:.0f} to {files[1]:.0f}"
    return ""


async def soak(folder: Path, minutes: float) -> list[Look]:
    looks: list[Look] = []
    began, until = time.monotonic(), time.monotonic() + minutes * 60
    async with World.over(await build(folder / "stage"), folder / "world", seed=0, small=False) as world:
        world.upstream.default(Answer(text="words and words " * 80, chunk=40, delay=0.005))
        done = 0

        async def keep_on(number: int, use: Callable[[World, random.Random], Awaitable[None]]) -> None:
            nonlocal done
            dice = random.Random(number)
            while time.monotonic() < until:
                await use(world, dice)
                done += 1
                world.upstream.forget(KEPT)
                await asyncio.sleep(dice.uniform(0, 0.5))

        async def watch() -> None:
            step = max(5.0, minutes * 60 / 60)
            while time.monotonic() < until:
                await asyncio.sleep(step)
                looks.append(look(world.process, (time.monotonic() - began) / 60, done))
                now = looks[-1]
                _say(f"{now.minute:6.1f} min  {now.megabytes:6.1f} MB  {now.files:4d} files  {now.done:7d} done")

        users = [keep_on(number, use) for use in (_talk, _program, _leave) for number in range(USERS)]
        await asyncio.gather(watch(), *users)
    return looks


async def _talk(world: World, dice: random.Random) -> None:
    """Somebody says something, watches the answer, and looks at what there is."""
    person = dice.randrange(3)
    phone = world.phone(person)
    conversation = await phone.conversation(model=dice.choice(("gpt-5.1", "claude-sonnet-5-5", "ollama/qwen3")))
    async with phone.listening(conversation) as stream:
        sent = await phone.send(conversation, "hello there")
        if dice.random() < 0.8:
            await stream.until_ended(sent["reply"]["id"])
    await phone.ended(sent["reply"]["id"])
    await phone.get("/api/conversations")
    await phone.get("/api/search?q=hello")
    await phone.http.request("DELETE", f"/api/conversations/{conversation}", headers={"X-CSRF-Token": phone.csrf})
    await world.hang_up(phone)


async def _program(world: World, dice: random.Random) -> None:
    body = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 400, "stream": dice.random() < 0.7}
    model = dice.choice(("gpt-5.1", "claude-sonnet-5-5", "ollama/qwen3"))
    way = dice.choice(("chat/completions", "messages"))
    async with world.tool(dice.randrange(3)) as tool:
        answer = await tool.post(f"/v1/{way}", json=body | {"model": model})
        assert answer.status_code == 200, answer.text


async def _leave(world: World, dice: random.Random) -> None:
    """A client that does not wait for the end."""
    body = {"model": "gpt-5.1", "input": "hello", "stream": True}
    async with world.tool(dice.randrange(3)) as tool, tool.stream("POST", "/v1/responses", json=body) as answer:
        async for _ in answer.aiter_raw():
            if dice.random() < 0.1:
                return


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/soak", description=__doc__)
    parser.add_argument("minutes", nargs="?", type=float, default=60)
    options = parser.parse_args()
    folder = Path(mkdtemp(prefix="soak-"))
    (folder / "stage").mkdir()
    (folder / "world").mkdir()
    try:
        grew = flat(asyncio.run(soak(folder, options.minutes)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say(grew or "flat")
    return 1 if grew else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
