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

from server.api import lean

PREFIX = "/assets/"
SERVED = frozenset({".js", ".css", ".woff2", ".svg", ".png", ".webmanifest"})
"""Everything else in the folder is about the page, not of it."""
STYLES = "styles.css"
"""The style sheets that index.html links, in their order, as one file."""
WORKER, WORKER_OFF = "sw.js", "sw-off.js"
"""The service worker, and the one that takes its place to remove it; both are served as /sw.js."""

_LINK = re.compile(r'<link rel="stylesheet" href="/assets/([^"]+)"\s*/?>\n?')
_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")
_IMPORT = re.compile(r"""(?:^|[;\s])(?:import|export)\s*(?:[\w{}\s,*$]+from\s*)?["'](\.[^"']+)["']""", re.MULTILINE)

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(slots=True)
class Asset:
    source: bytes
    type: str
    hash: str = ""
    """Of what is served: the service worker compares."""
    _encoded: dict[str, bytes] = field(default_factory=dict)

    @property
    def compressible(self) -> bool:
        return not self.type.startswith(("font/", "image/png"))

    @property
    def content(self) -> bytes:
        """What is served: scripts and styles without what only people read."""
        return self.encoded("identity")

    def encoded(self, encoding: str) -> bytes:
        """``br``, ``gzip`` or ``identity``; made at the first call."""
        if encoding not in self._encoded:
            self._encoded[encoding] = self._encode(encoding)
        return self._encoded[encoding]

    def _encode(self, encoding: str) -> bytes:
        if encoding == "br":
            import brotli

            compressed: bytes = brotli.compress(self.content, quality=11)
            return compressed
        if encoding == "gzip":
            return gzip.compress(self.content, 9, mtime=0)
        if self.type == "text/javascript":
            return lean.script(self.source.decode()).encode()
        if self.type == "text/css":
            return lean.style(self.source.decode()).encode()
        return self.source


class Assets:
    """The files below ``folder``, as they were when it was read. Without ``worker`` the page has no service worker."""

    def __init__(self, folder: Path, worker: bool = True) -> None:
        self._folder = folder
        self._has_worker = worker
        self.files: dict[str, Asset] = {}
        template = (folder / "index.html").read_text()
        linked = _LINK.findall(template)
        apart = {*linked, WORKER, WORKER_OFF}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and path.suffix in SERVED and name not in apart:
                self.files[name] = _asset(path.read_bytes(), path.suffix)
        self.files[STYLES] = _asset("".join(self._style(name) for name in linked).encode(), ".css")
        self.import_map = json.dumps({"imports": {PREFIX + name: self.url(name) for name in self._modules()}})
        digest = hashlib.sha256(self.import_map.encode()).digest()
        self.script_hashes = (f"'sha256-{base64.b64encode(digest).decode()}'",)
        self.version = self._digest(template)
        self.index = _asset(self._index(template).encode(), ".html")
        self.worker = self._worker()

    def url(self, name: str) -> str:
        """The address of a file, with its fingerprint. Raises KeyError."""
        return f"{PREFIX}{name}?v={self.files[name].hash}"

    def precached(self) -> list[str]:
        """The addresses of everything that the page runs on, also what it fetches later; without pictures."""
        fonts = [name for name in self.files if name.endswith(".woff2")]
        return [self.url(name) for name in [STYLES, *self._modules(), *fonts, "icons/icon.svg"]]

    def _digest(self, template: str) -> str:
        """Changes when any file does, the service worker too."""
        worker = (self._folder / WORKER).read_text()
        files = [f"{name}{asset.hash}" for name, asset in self.files.items()]
        return hashlib.sha256("".join([*files, template, worker]).encode()).hexdigest()[:12]

    def _worker(self) -> Asset:
        """The worker knows its shell by name and hash, so that it is another worker whenever the shell is another."""
        if not self._has_worker:
            return _asset((self._folder / WORKER_OFF).read_bytes(), ".js")
        shell = {"version": self.version, "index": self.index.hash, "files": self.precached()}
        return _asset(f"self.SHELL = {json.dumps(shell)};\n{(self._folder / WORKER).read_text()}".encode(), ".js")

    def _modules(self) -> Iterator[str]:
        """Scripts, and the style sheets that come with those that are fetched later."""
        return (name for name in self.files if name.endswith((".js", ".css")) and name != STYLES)

    def _start_up(self) -> list[str]:
        """What app.js imports, directly or not, so that all of it can be asked for at once."""
        found: list[str] = []
        waiting = ["app.js"]
        while waiting:
            name = waiting.pop(0)
            if name in found or name not in self.files:
                continue
            found.append(name)
            source = self.files[name].source.decode()
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
        fonts = [name for name in self.files if name.endswith(".woff2") and not name.endswith("-extended.woff2")]
        head = [
            f'<meta name="version" content="{self.version}">',
            *(['<meta name="worker" content="/sw.js">'] if self._has_worker else []),
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
    if type == "text/html":
        type += "; charset=utf-8"
    asset = Asset(content, type)
    asset.hash = hashlib.sha256(asset.content).hexdigest()[:12]
    return asset


def _relative(name: str, target: str) -> str:
    """The name that ``target`` means inside the file ``name``."""
    parts = name.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
