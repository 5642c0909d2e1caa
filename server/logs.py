"""What the program says of itself: one line a record, for people on a terminal, as JSON where a machine collects it.

A line never holds what somebody wrote, a key or a cookie. So of an error nobody foresaw it has the kind and the place,
and its own words only where these come from the system; ``debug`` shows everything.
"""

import json
import logging
import re
import sys
import time
import traceback
from contextvars import ContextVar
from pathlib import Path
from sqlite3 import Error as SQLiteError
from typing import TextIO

from server.errors import AppError

REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that is being served."""
OURS = ("server", "commands")
"""Of what others write only warnings are taken: below that, libraries tell whole requests."""
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
FRAMES = 3
_ROOT = f"{Path(__file__).resolve().parent.parent}/"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def install(level: str, format: str, stream: TextIO | None = None) -> "Lines":
    """Sends everything that is logged to ``stream``. ``format`` is text, json, or auto: text on a terminal only."""
    stream = stream or sys.stderr
    as_json = format == "json" or (format == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    lines = Lines(as_json=as_json, whole=level == "debug")
    handler.setFormatter(lines)
    handler.addFilter(lines.prepare)
    remove()
    logging.getLogger().addHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(LEVELS[level])
    return lines


def remove() -> None:
    """Everything is as it was before ``install``."""
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each.formatter, Lines)]:
        root.removeHandler(handler)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


class Lines(logging.Formatter):
    """``whole``: with the traceback of an error and its words."""

    def __init__(self, *, as_json: bool, whole: bool = False) -> None:
        super().__init__()
        self.as_json, self._whole = as_json, whole

    def prepare(self, record: logging.LogRecord) -> bool:
        """Puts an error into words, for the filters behind this one to see; one that was logged on its way up is not
        logged again.
        """
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        seen = getattr(error, "_logged", False)
        error._logged = True  # type: ignore[attr-defined]
        record.exc_text = "".join(traceback.format_exception(error)) if self._whole else described(error)
        return not seen

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := REQUEST.get():
            said["request"] = request
        if record.exc_text:
            said["error"] = record.exc_text
        return json.dumps(said, ensure_ascii=False) if self.as_json else self._text(said)

    def spoken(self, words: str) -> str:
        """What is said to whoever started the server, in the same manner."""
        if not self.as_json:
            return words
        return self.format(logging.LogRecord("server", logging.INFO, "", 0, words.strip(), None, None))

    def _text(self, said: dict[str, str]) -> str:
        head = f"{said['time'][11:19]} {said['level']:<7} "
        line = _CONTROL.sub(" ", said["message"])
        if "request" in said:
            line += f" · {said['request']}"
        if "error" not in said:
            return head + line
        return f"{head}{line}\n{said['error']}" if self._whole else f"{head}{line}: {_CONTROL.sub(' ', said['error'])}"


def described(error: BaseException) -> str:
    """The kind of an error and the places that it came through, the innermost first, those of our own."""
    words = ""
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, AppError | OSError | SQLiteError):
        words = f" ({str(cause).splitlines()[0][:200]})" if str(cause) else ""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_ROOT) and "/site-packages/" not in frame.filename]
    places = [f"{frame.filename.removeprefix(_ROOT)}:{frame.lineno} {frame.name}" for frame in reversed(ours)]
    return f"{type(error).__name__}{words}" + (f" at {' ← '.join(places[:FRAMES])}" if places else "")
