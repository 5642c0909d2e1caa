"""What a file is called that a person takes away."""

import re

MAX_STEM = 80
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+')


def file_name(title: str, suffix: str) -> str:
    """The title, as far as every system takes it."""
    stem = " ".join(_UNFIT.sub(" ", title).split()).strip(". ")[:MAX_STEM].strip()
    return f"{stem or 'conversation'}.{suffix}"
