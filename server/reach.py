"""How settings name hosts, proxies and origins: lists with commas, each entry checked. Knows nothing of requests."""

import re
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

PRIVATE = "private"
"""Stands for every proxy that is no host on the internet."""
ANY = "*"

_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_ORIGIN = re.compile(r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?")


def _items(value: Any) -> Any:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _host(value: str) -> str:
    if value != ANY and not _NAME.fullmatch(value):
        raise ValueError("expected names such as chat.example.com, with commas between them")
    return value.lower().rstrip(".")


def _proxy(value: str) -> str:
    try:
        return value if value == PRIVATE else str(ip_network(value))
    except ValueError:
        raise ValueError(f"expected addresses or networks such as 10.0.0.0/8, or the word {PRIVATE}") from None


def _origin(value: str) -> str:
    if value != ANY and not _ORIGIN.fullmatch(value):
        raise ValueError("expected origins such as https://tool.example.com, with commas between them")
    return value.lower().rstrip("/")


Hosts = Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(_items)]
Proxies = Annotated[tuple[Annotated[str, AfterValidator(_proxy)], ...], BeforeValidator(_items)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_items)]
