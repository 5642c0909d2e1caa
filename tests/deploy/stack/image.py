"""What an image weighs in a registry: each of its layers compressed."""

import json
import subprocess
import tarfile
import zlib
from typing import IO

PIECE = 1 << 20


def weigh(image: str) -> list[int]:
    """Bytes of each layer, those of the image that it is built on first."""
    sizes: dict[str, int] = {}
    order: list[str] = []
    with (
        subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving,
        tarfile.open(fileobj=saving.stdout, mode="r|") as archive,
    ):
        for member in archive:
            content = archive.extractfile(member) if member.isfile() else None
            if content and member.name == "manifest.json":
                order = json.load(content)[0]["Layers"]
            elif content:
                sizes[member.name] = _compressed(content)
    return [sizes[each] for each in order]


def _compressed(content: IO[bytes]) -> int:
    pack = zlib.compressobj(6)
    total = sum(len(pack.compress(piece)) for piece in iter(lambda: content.read(PIECE), b""))
    return total + len(pack.flush())
