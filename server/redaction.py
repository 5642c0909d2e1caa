"""Takes whatever looks like a secret out of a log line, its traceback too: whoever writes a line may err, once."""

import logging
import re

GONE = "[removed]"

_SECRETS = re.compile(
    r"""
    \b(?:sk|rk|gsk|pk)[-_][A-Za-z0-9_-]{8,}             # the keys of most providers, and ours
    | \bxai-[A-Za-z0-9_-]{8,} | \bAIza[A-Za-z0-9_-]{16,} | \bAQ\.[A-Za-z0-9_-]{16,}
    | \bgAAAA[A-Za-z0-9_-]{16,}=*                       # what Fernet encrypted
    | (?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}=(?![A-Za-z0-9_=-])   # a key of Fernet
    | (?<=earer\s)[^\s"',;]{8,} | (?<=asic\s)[A-Za-z0-9+/=_-]{8,}
    | (?<=x-provider-keys)[^\n]+ | (?<=X-Provider-Keys)[^\n]+   # those that a device keeps
    | (?<=://)[^\s/@:"']*:[^\s/@"']+(?=@)               # name and password of an address
    """,
    re.X,
)
_NAMED = re.compile(
    r"""(?i)((?:x-api-key|api[_-]?key|password|passphrase|secret|authorization|cookie|csrf(?:-token)?
    |llm_router_session)["']?\s*(?:[:=,]|\s=\s)\s*["'b]*)(?!\s|["']?\s*$|None\b|\[removed\])([^\s"',;)}\]]{4,})""",
    re.X,
)


def redacted(text: str) -> str:
    """``text`` without what looks like a secret."""
    return _NAMED.sub(rf"\1{GONE}", _SECRETS.sub(GONE, text))


class Redaction(logging.Filter):
    """For a handler: every line that it writes has been looked through."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if (clean := redacted(message)) != message:
            record.msg, record.args = clean, None
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redacted(record.exc_text)
        return True


_FORMATTER = logging.Formatter()


def install() -> None:
    """Looks through what is written by every handler that there is, the one of last resort too."""
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    handlers = {handler for logger in (logging.root, *loggers) for handler in logger.handlers}
    for handler in (*handlers, logging.lastResort):
        if handler is not None and not any(isinstance(each, Redaction) for each in handler.filters):
            handler.addFilter(Redaction())
