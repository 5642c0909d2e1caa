"""What a server that the whole internet reaches may not be started with. Pure: values in, sentences out."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

MIN_SECRET = 12
MIN_VARIETY = 6
"""Different characters, at least: `aaaaaaaaaaaa` is long and no secret."""

_KNOWN = (
    "password",
    "passwort",
    "changeme",
    "change-me",
    "change_me",
    "letmein",
    "qwertz",
    "qwerty",
    "12345",
    "secret",
)
"""Words of passwords that are tried first; one of them may be a part of a secret, not the most of it."""


def objections(public_url: str | None, secrets: Mapping[str, str | None], names: tuple[str, ...] = ()) -> Iterator[str]:
    """One sentence each. ``secrets`` by the name of their setting; a secret may not be made of one of ``names``."""
    if public_url is None:
        yield "LLM_ROUTER_PUBLIC_URL is not set: production needs the https:// address of this server"
    elif urlsplit(public_url).scheme != "https":
        yield f"LLM_ROUTER_PUBLIC_URL is {public_url!r}: production needs an address that begins with https://"
    for setting, secret in secrets.items():
        if secret is not None and is_weak(secret, names):
            yield (
                f"{setting} is too weak for production: take at least {MIN_SECRET} characters that nobody guesses, "
                "such as those of `openssl rand -base64 24`"
            )


def is_weak(secret: str, names: tuple[str, ...] = ()) -> bool:
    """Whether it is short, of few characters, or mostly a word that is tried first."""
    rest = secret.lower()
    for word in (*(name.lower() for name in names if name), *_KNOWN):
        rest = rest.replace(word, "")
    return len(secret) < MIN_SECRET or len(set(secret)) < MIN_VARIETY or len(rest) < MIN_SECRET // 2
