"""What the C library keeps of the memory that was given back to it. Knows nothing of who needed it."""

import sys
from functools import cache

LARGE = 1 << 20
"""Bytes from which a block is the system's again as soon as it is free."""
_MMAP_THRESHOLD = -3


@cache
def give_back_large_blocks() -> None:
    """For those who need much for a moment.

    glibc takes the largest block that was ever freed for usual, and keeps as much at hand from then on: 19 MB after one
    password was hashed, for as long as the server runs. Where there is no glibc there is nothing to say.
    """
    import ctypes  # 1 MB that an idle server does without

    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_MMAP_THRESHOLD, LARGE)
