"""What the values of settings may be: each type is checked when it is read, and says what it expects."""

from decimal import Decimal
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr

MIN_PASSPHRASE = 8
MIN_TOKEN = 16


def web_address(value: str) -> str:
    """``value`` without its last slash. Raises ValueError unless it is an http or https address."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as https://example.com")
    return value.rstrip("/")


def _origin(value: str) -> str:
    value = web_address(value)
    if urlsplit(value)[2:] != ("", "", ""):
        raise ValueError("expected only scheme and host, such as https://chat.example.com")
    return value


def _database(value: str) -> str:
    scheme, separator, rest = value.partition("://")
    if not separator or not scheme or (scheme.startswith("sqlite") and rest in ("", "/", "/:memory:")):
        raise ValueError("expected a database on disk or a server, such as sqlite:////srv/llm-router.db")
    return value


def _contact(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "mailto" and not (parts.scheme == "https" and parts.hostname):
        raise ValueError("expected mailto:you@example.com or https://example.com")
    return value


def _zone(value: str) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("expected the name of a time zone such as Europe/Berlin") from None


def _networks(value: str) -> str:
    try:
        return ", ".join(str(ip_network(each.strip(), strict=False)) for each in value.split(",") if each.strip())
    except ValueError:
        raise ValueError("expected addresses and networks such as 127.0.0.1, 172.18.0.0/16") from None


def _passphrase(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_PASSPHRASE:
        raise ValueError(f"expected at least {MIN_PASSPHRASE} characters")
    return value


def _token(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < MIN_TOKEN:
        raise ValueError(f"expected at least {MIN_TOKEN} characters")
    return value


Url = Annotated[str, AfterValidator(web_address)]
Origin = Annotated[str, AfterValidator(_origin)]
Contact = Annotated[str, AfterValidator(_contact)]
Passphrase = Annotated[SecretStr, AfterValidator(_passphrase)]
Networks = Annotated[str, AfterValidator(_networks)]
Token = Annotated[SecretStr, AfterValidator(_token)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Dollars = Annotated[Decimal, Field(gt=0, le=1_000_000)]
Zone = Annotated[str, AfterValidator(_zone)]
Days = Annotated[int, Field(ge=1, le=3650)]
