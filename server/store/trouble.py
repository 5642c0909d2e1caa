"""Why the database takes no writes, where that is nobody's mistake: as an error that a person can act on."""

from collections.abc import Iterator

from server.errors import Unavailable

_SENTENCES = {
    "SQLITE_FULL": "the disk is full: nothing was stored; make room on the server and try again",
    "SQLITE_IOERR": "the disk could not be written: nothing was stored; the server's log says more",
    "SQLITE_READONLY": "the disk cannot be written: nothing was stored; the server's log says more",
    "SQLITE_CANTOPEN": "the database cannot be opened: nothing was stored; look whether its folder is there and ours",
    "SQLITE_BUSY": "another program holds the database: nothing was stored; try again in a moment",
}


class Unwritable(Unavailable):
    """What was to be stored is not, and would be at another time."""

    code = "unwritable"


def told(error: BaseException) -> BaseException:
    """``error``, or what it comes from where that is the disk or another process."""
    for link in _chain(error):
        name = str(getattr(link, "sqlite_errorname", ""))
        for begins, sentence in _SENTENCES.items():
            if name.startswith(begins):
                found = Unwritable(sentence)
                found.__cause__ = error
                return found
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        orig = getattr(error, "orig", None)
        if isinstance(orig, BaseException):
            yield orig
        error = error.__cause__ or error.__context__
