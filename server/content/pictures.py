"""Pictures on their way in: made upright, smaller, free of metadata, by a process that ends afterwards."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from server.errors import BadRequest, Unavailable

LONGEST = 2048
"""Pixels of the longer side of what is kept: no model looks closer."""
PREVIEW = 512
MOST_PIXELS = 64_000_000
PATIENCE = 60.0
"""Seconds, of which some may pass in the queue of a small machine's processor."""

HOME = Path(__file__).resolve().parents[2]
"""Where our processes are started, so that they find our modules."""
PASSED = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""Of the environment; what is secret in it is nothing for a process that reads strangers' files."""


@dataclass(frozen=True, slots=True)
class Shape:
    type: str
    width: int
    height: int


class Pictures:
    """One picture at a time: each may take some hundred megabytes for a moment."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)

    async def take(self, source: Path, target: Path, thumb: Path, *, keep: bool = False) -> Shape:
        """Writes what is kept to ``target`` and its small version to ``thumb``; ``keep`` leaves it as it is.

        Raises BadRequest for what is no good picture, Unavailable when it takes too long.
        """
        job = {
            "source": str(source),
            "target": str(target),
            "thumb": str(thumb),
            "longest": None if keep else LONGEST,
            "preview": PREVIEW,
            "most": MOST_PIXELS,
        }
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "server.content.shrink",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=HOME,
                env={name: os.environ[name] for name in PASSED if name in os.environ},
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    said, _ = await process.communicate(json.dumps(job).encode())
            except TimeoutError:
                raise Unavailable("this picture takes too long here: send a smaller one") from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode != 0:
            raise BadRequest("this picture cannot be read here: send it as JPEG or PNG", code="bad_picture")
        answer = json.loads(said)
        if "error" in answer:
            raise BadRequest(answer["error"], code="bad_picture")
        return Shape(**answer)
