"""The page's files with a name that changes when they do: fingerprints, the import map, compression.

What the page starts with is one script and one style sheet.

Nothing is built ahead: the folder is read at start, each file is compressed when it is first asked for, and once.
"""

import base64
import gzip
import hashlib
import json
import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import Path

from server.api import joined, lean

PREFIX = "/assets/"
SERVED = frozenset({".js", ".css", ".woff2", ".svg", ".png", ".webmanifest"})
"""Everything else in the folder is about the page, not of it."""
STYLES = "styles.css"
"""The style sheets that index.html links, in their order, as one file."""
ENTRY = "app.js"
"""The script that index.html starts, with all that it imports."""
AT_ONCE = "lib/theme.js"
"""The classic script that has to run before the first paint: it stands in the page, so nothing waits for it."""
WORKER, WORKER_OFF = "sw.js", "sw-off.js"
"""The service worker, and the one that takes its place to remove it; both are served as /sw.js."""

_LINK = re.compile(r'<link rel="stylesheet" href="/assets/([^"]+)"\s*/?>\n?')
_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)""")

mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("font/woff2", ".woff2")
mimetypes.add_type("application/manifest+json", ".webmanifest")


@dataclass(slots=True)
class Asset:
    content: bytes
    type: str
    hash: str
    """Of the content: the service worker compares."""
    _encoded: dict[str, bytes] = field(default_factory=dict)

    @property
    def compressible(self) -> bool:
        return not self.type.startswith(("font/", "image/png"))

    def encoded(self, encoding: str) -> bytes:
        """As ``br`` or ``gzip``; made at the first call."""
        if encoding not in self._encoded:
            self._encoded[encoding] = self._encode(encoding)
        return self._encoded[encoding]

    def _encode(self, encoding: str) -> bytes:
        if encoding == "br":
            import brotli

            compressed: bytes = brotli.compress(self.content, quality=11)
            return compressed
        return gzip.compress(self.content, 9, mtime=0)


class Assets:
    """The files below ``folder``, as they were when it was read. Without ``worker`` the page has no service worker."""

    def __init__(self, folder: Path, worker: bool = True) -> None:
        self._folder = folder
        self._has_worker = worker
        self.files: dict[str, Asset] = {}
        template = (folder / "index.html").read_text()
        linked = _LINK.findall(template)
        apart = {*linked, WORKER, WORKER_OFF, AT_ONCE}
        scripts: dict[str, str] = {}
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if not path.is_file() or path.suffix not in SERVED or name in apart:
                continue
            if path.suffix == ".js":
                scripts[name] = lean.script(path.read_text())
            else:
                self.files[name] = _asset(path.read_bytes(), path.suffix)
        self._add_scripts(scripts)
        self.files[STYLES] = _asset("".join(self._style(name) for name in linked).encode(), ".css")
        self.import_map = json.dumps({"imports": {PREFIX + name: self.url(name) for name in self._modules()}})
        self._at_once = lean.script((folder / AT_ONCE).read_text())
        self.script_hashes = tuple(_source_hash(script) for script in (self.import_map, self._at_once))
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
        return hashlib.sha256("".join([*files, template, self._at_once, worker]).encode()).hexdigest()[:12]

    def _worker(self) -> Asset:
        """The worker knows its shell by name and hash, so that it is another worker whenever the shell is another."""
        if not self._has_worker:
            return _asset((self._folder / WORKER_OFF).read_bytes(), ".js")
        shell = {"version": self.version, "index": self.index.hash, "files": self.precached()}
        script = lean.script((self._folder / WORKER).read_text())
        return _asset(f"self.SHELL = {json.dumps(shell)};\n{script}".encode(), ".js")

    def _add_scripts(self, scripts: dict[str, str]) -> None:
        order = joined.start_up(ENTRY, scripts)
        self.files[ENTRY] = _asset(joined.join(order, scripts, PREFIX).encode(), ".js")
        for name, source in scripts.items():
            if name not in order:
                self.files[name] = _asset(joined.beside(name, source, order, ENTRY, PREFIX).encode(), ".js")

    def _modules(self) -> list[str]:
        """The script that starts; those that are fetched when they are wanted, with their style sheets."""
        return [name for name in self.files if name.endswith((".js", ".css")) and name != STYLES]

    def _style(self, name: str) -> str:
        css = (self._folder / name).read_text()

        def pointed(match: re.Match[str]) -> str:
            target = joined.relative(name, match[1])
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
        ]
        page = _LINK.sub("", template).replace(
            f'<script src="{PREFIX}{AT_ONCE}"></script>', f"<script>{self._at_once}</script>"
        )
        for name in self.files:
            page = page.replace(f'"{PREFIX}{name}"', f'"{self.url(name)}"')
        return page.replace("<!-- importmap -->", "\n".join(head))


def _asset(content: bytes, suffix: str) -> Asset:
    type = mimetypes.types_map[suffix]
    if type == "text/html":
        type += "; charset=utf-8"
    if suffix == ".css":
        content = lean.style(content.decode()).encode()
    return Asset(content, type, hashlib.sha256(content).hexdigest()[:12])


def _source_hash(script: str) -> str:
    """As a content security policy names an inline script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
