"""The page's files with a name that changes when they do: fingerprints, the import map, one style sheet, compression.

Nothing is built ahead: the folder is read at start, each file is compressed when it is first asked for, and once.
"""

import base64
import gzip
import hashlib
import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PREFIX = "/assets/"
SERVED = frozenset({".js", ".css", ".woff2", ".svg", ".png", ".webmanifest"})
"""Everything else in the folder is about the page, not of it."""
STYLES = "styles.css"
"""The style sheets that index.html links, in their order, as one file."""

_LINK = re.compile(r'<link rel="stylesheet" href="/assets/([^"]+)"\s*/?>\n?')
_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
_IMPORT = re.compile(r"""(?:^|[;\s])(?:import|export)\s*(?:[\w{}\s,*$]+from\s*)?["'](\.[^"']+)["']""", re.MULTILINE)

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(slots=True)
class Asset:
    content: bytes
    type: str
    hash: str
    _encoded: dict[str, bytes] = field(default_factory=dict)

    @property
    def compressible(self) -> bool:
        return not self.type.startswith(("font/", "image/png"))

    def encoded(self, encoding: str) -> bytes:
        """``br`` or ``gzip``; made at the first call."""
        if encoding not in self._encoded:
            if encoding == "br":
                import brotli

                self._encoded[encoding] = brotli.compress(self.content, quality=9)
            else:
                self._encoded[encoding] = gzip.compress(self.content, 9, mtime=0)
        return self._encoded[encoding]


class Assets:
    """The files below ``folder``, as they were when it was read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files: dict[str, Asset] = {}
        template = (folder / "index.html").read_text()
        linked = _LINK.findall(template)
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and path.suffix in SERVED and name not in linked and name != "index.html":
                self.files[name] = _asset(path.read_bytes(), path.suffix)
        self.files[STYLES] = _asset("".join(self._style(name) for name in linked).encode(), ".css")
        self.import_map = json.dumps({"imports": {PREFIX + name: self.url(name) for name in self._modules()}})
        digest = hashlib.sha256(self.import_map.encode()).digest()
        self.script_hashes = (f"'sha256-{base64.b64encode(digest).decode()}'",)
        self.index = _asset(self._index(template).encode(), ".html")

    def url(self, name: str) -> str:
        """The address of a file, with its fingerprint. Raises KeyError."""
        return f"{PREFIX}{name}?v={self.files[name].hash}"

    @property
    def version(self) -> str:
        """Changes when any file does."""
        everything = "".join(f"{name}{asset.hash}" for name, asset in self.files.items())
        return hashlib.sha256((everything + self.index.hash).encode()).hexdigest()[:12]

    def needed(self) -> list[str]:
        """The addresses of everything that the page needs to start."""
        fonts = [name for name in self.files if name.endswith(".woff2")]
        return [self.url(name) for name in [STYLES, *self._start_up(), *fonts]]

    def _modules(self) -> Iterator[str]:
        return (name for name in self.files if name.endswith(".js") and name != "sw.js")

    def _start_up(self) -> list[str]:
        """What app.js imports, directly or not, so that all of it can be asked for at once."""
        found: list[str] = []
        waiting = ["app.js"]
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self.files:
                continue
            found.append(name)
            source = self.files[name].content.decode()
            for target in _IMPORT.findall(source):
                waiting.append(_relative(name, target))
        return found

    def _style(self, name: str) -> str:
        css = (self._folder / name).read_text()

        def pointed(match: re.Match[str]) -> str:
            target = _relative(name, match[1])
            return f'url("{self.url(target)}")' if target in self.files else match[0]

        return f"{_URL.sub(pointed, css)}\n"

    def _index(self, template: str) -> str:
        fonts = [name for name in self.files if name.endswith(".woff2")]
        head = [
            f'<script type="importmap">{self.import_map}</script>',
            *(
                f'<link rel="preload" href="{self.url(name)}" as="font" type="font/woff2" crossorigin>'
                for name in fonts
            ),
            f'<link rel="stylesheet" href="{self.url(STYLES)}">',
            *(f'<link rel="modulepreload" href="{self.url(name)}">' for name in self._start_up()),
        ]
        page = _LINK.sub("", template)
        for name in self.files:
            page = page.replace(f'"{PREFIX}{name}"', f'"{self.url(name)}"')
        return page.replace("<!-- importmap -->", "\n".join(head))


def _asset(content: bytes, suffix: str) -> Asset:
    type = mimetypes.types_map[suffix]
    if type.startswith("text/"):
        type += "; charset=utf-8"
    return Asset(content, type, hashlib.sha256(content).hexdigest()[:12])


def _relative(name: str, target: str) -> str:
    """The name that ``target`` means inside the file ``name``."""
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
