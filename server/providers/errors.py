"""Turns everything an upstream can do wrong into one ``ProviderError`` with a sentence a person can act on.

Knows exceptions by their shape, not their class, so that no SDK has to be loaded for it.
"""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from server.ids import now
from server.providers.base import Credential, Kind, ProviderError
from server.providers.halves import whole
from server.providers.known import PROVIDERS
from server.wire.events import Failure
from server.wire.loose import integer, mapping, mappings, name, string

_QUOTA = {
    "insufficient_quota",
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "usage_not_included",
    "payment_required",
}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length", "request_too_large"}
_UNKNOWN_MODEL = {
    "model_not_found",
    "model_not_available",
    "unknown_model",
    "invalid_model",
    "not_found_error",
}
_AUTH = {"invalid_api_key", "authentication_error", "permission_error", "API_KEY_INVALID", "UNAUTHENTICATED"}
_REFUSED = {
    "content_filter",
    "content_policy_violation",
    "invalid_prompt",
    "bio_policy",
    "cyber_policy",
    "misalignment_policy_violation",
    "image_content_policy_violation",
    "moderation_blocked",
}
_RATE = {"rate_limit_error", "rate_limit_exceeded", "too_many_requests", "RESOURCE_EXHAUSTED", "slow_down"}
_BAD = {"invalid_request_error", "BadRequestError", "INVALID_ARGUMENT", "data_residency_mismatch"}

_HUNG_UP = {"ServerDisconnectedError", "ClientOSError"}
"""What aiohttp calls the end of a connection that was open, and the SDKs take for one that never was."""
_OUT_OF_REACH = {"ClientConnectorError", "ConnectionTimeoutError"}

_TOO_LONG_TEXT = re.compile(
    r"prompt is too long|context[ _-](length|window|size)|maximum context|input is too long|too many tokens"
    r"|reduce the length|input token count.*exceeds|exceeds? the (available|maximum).*(context|tokens)",
    re.IGNORECASE,
)
_NO_MONEY_TEXT = re.compile(r"credit balance is too low|insufficient (credits|balance|funds)", re.IGNORECASE)
_BAD_KEY_TEXT = re.compile(
    r"(invalid|incorrect|wrong|missing).{0,20}api.?key|api.?key.{0,20}(not valid|invalid|incorrect)",
    re.IGNORECASE,
)
_NO_MODEL_TEXT = re.compile(
    r"model.{0,80}(does ?n[o']t exist|not (found|exist|supported)|is not available|no longer)"
    r"|not a valid model|(unknown|invalid) model|no such model|no endpoints found",
    re.IGNORECASE,
)
_RETRY_TEXT = re.compile(r"(?:try again|retry) in (?:(\d+)m(?!s))? ?(\d+(?:\.\d+)?)? ?(ms|s)?", re.IGNORECASE)
_SECRET = re.compile(r"\b(?:sk|gsk|xai|pk)[-_][\w*.-]{6,}|\bAIza[\w*-]{6,}|\bBearer \S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upstream:
    """Whom we are talking to: what an error may name, and the secret that it may not."""

    provider: str
    title: str
    host: str
    model: str = ""
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, provider: str, base_url: str, credential: Credential, model: str = "") -> "Upstream":
        host = _host(base_url)
        title = PROVIDERS[provider].title if provider in PROVIDERS else provider
        return cls(provider, host if provider == "compatible" else title, host, model, credential.key)

    def error(self, kind: Kind, message: str, **more: Any) -> ProviderError:
        return ProviderError(kind, message, provider=self.provider, **more)

    def no_key(self) -> ProviderError:
        return self.error("no_key", f"there is no key for {self.title}: add one in the settings")

    def cut(self, *, empty: bool) -> ProviderError:
        if empty:
            return self.error("network", f"{self.title} closed the connection without a reply: try again")
        return self.error("network", f"the connection to {self.title} broke before the reply was complete")

    def garbage(self) -> ProviderError:
        return self.error("network", f"{self.title} sent data that could not be read: try again")

    def not_an_api(self) -> ProviderError:
        return self.error("network", f"{self.host} answered, but not as a model server: check the base URL")

    def silent(self, seconds: float) -> ProviderError:
        return self.error("timeout", f"{self.title} sent nothing for {_seconds(seconds)}: try again")

    def endless(self, seconds: float) -> ProviderError:
        return self.error("timeout", f"the reply of {self.title} took longer than {_seconds(seconds)}")


@lru_cache(maxsize=256)
def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def from_exception(exc: BaseException, upstream: Upstream) -> ProviderError | None:
    """None when ``exc`` is not an upstream's doing: then it is a mistake of ours and must not be hidden."""
    status, response = integer(getattr(exc, "status_code", None)), getattr(exc, "response", None)
    if status is not None and response is not None:
        if 300 <= status < 400:
            return upstream.error("network", f"{upstream.host} sent the request elsewhere: check its base URL")
        body = getattr(exc, "body", None)
        failure = read_body(body, status)
        if status == 404 and (not failure.message or body == {"detail": failure.message}):
            return upstream.not_an_api()
        return from_failure(failure, upstream, retry_after=retry_header(response.headers))
    return _transport(exc, upstream)


def from_failure(failure: Failure, upstream: Upstream, *, retry_after: float | None = None) -> ProviderError:
    """``failure`` came as an answer's body or as an event in a stream."""
    kind = classify(failure)
    if retry_after is None:
        retry_after = failure.retry_after if failure.retry_after is not None else _retry_text(failure.message)
    return upstream.error(
        kind,
        _sentence(kind, failure, upstream, retry_after),
        status=failure.status,
        retry_after=retry_after if kind in ("rate_limit", "overloaded") else None,
    )


def classify(failure: Failure) -> Kind:
    """By the code, then by the words where a code says too little, then by the status."""
    code, status, text = failure.code or "", failure.status, failure.message
    if status == 402 or code in _QUOTA or _NO_MONEY_TEXT.search(text):
        return "quota"
    if status == 413 or code in _TOO_LONG or (status in (None, 400, 422) and _TOO_LONG_TEXT.search(text)):
        return "too_long"
    if code in _REFUSED:
        return "refused"
    if code in _UNKNOWN_MODEL:
        return "unknown_model"
    if status == 429 or code in _RATE:
        return "rate_limit"
    if status == 401 or (status in (None, 400, 403) and (code in _AUTH or _BAD_KEY_TEXT.search(text))):
        return "auth"
    if status == 404 or (status in (None, 400, 403) and _NO_MODEL_TEXT.search(text)):
        return "unknown_model"
    if status == 403:
        return "auth"
    if status == 408:
        return "timeout"
    if code in _BAD or (status is not None and 400 <= status < 500):
        return "bad_request"
    return "overloaded"


def _sentence(kind: Kind, failure: Failure, upstream: Upstream, retry_after: float | None) -> str:
    title, model = upstream.title, upstream.model or "this model"
    said = _scrub(failure.message, upstream.secret)
    if kind == "auth" and failure.status == 403:
        return f"the key may not do this at {title}: {said}"
    if kind == "rate_limit":
        when = f"in {_seconds(retry_after)}" if retry_after else "in a moment"
        return f"{title} asks to slow down: try again {when}"
    if kind == "overloaded":
        what = f" ({failure.status})" if failure.status else ""
        return f"{title} is overloaded or failing{what}: try again, or pick another model"
    sentences = {
        "auth": f"the key was refused by {title}: check it or replace it in the settings",
        "quota": f"the {title} account has no credit left: top it up there, or use another key",
        "unknown_model": f"{title} does not offer {model} to this key: pick another model",
        "too_long": f"the conversation is too long for {model}: start a new one, or pick a larger model",
        "refused": f"{title} refused this request under its policy: {said}",
        "timeout": f"{title} took too long: try again",
    }
    return sentences.get(kind, f"{title} did not accept the request: {said}")


def read_body(body: Any, status: int | None) -> Failure:
    """The body of an error answer, in any of the shapes that servers use."""
    if isinstance(body, list) and body:
        body = body[0]
    outer = mapping(body)
    error = outer.get("error", outer)
    if isinstance(error, str):
        return Failure(error, status=status)
    error = mapping(error)
    message = error.get("message") or error.get("detail") or outer.get("message") or ""
    code = name(error.get("code")) or name(error.get("status")) or name(error.get("type"))
    return Failure(
        message if isinstance(message, str) else json.dumps(message),
        code=code,
        status=status or integer(error.get("code")),
        retry_after=_retry_details(error),
    )


def retry_header(headers: Any) -> float | None:
    """``retry-after-ms``, or ``retry-after`` in seconds or as a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        if value is None:
            return None
        if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
            return float(value)
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - now()).total_seconds())
    except (ValueError, TypeError):
        return None


def _retry_details(error: dict[str, Any]) -> float | None:
    """Google puts the wait into the error's details: ``{"retryDelay": "34s"}``."""
    for detail in mappings(error.get("details")):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)s", string(detail.get("retryDelay")))
        if match:
            return float(match[1])
    return None


def _retry_text(message: str) -> float | None:
    match = _RETRY_TEXT.search(message)
    if match is None or not (match[1] or match[2]):
        return None
    seconds = float(match[2] or 0) / (1000 if (match[3] or "s").lower() == "ms" else 1)
    return int(match[1] or 0) * 60 + seconds


def _transport(exc: BaseException, upstream: Upstream) -> ProviderError | None:
    chain = list(_chain(exc))
    names = {cls.__name__ for link in chain for cls in type(link).__mro__}
    host = upstream.host
    if any(isinstance(link, socket.gaierror) for link in chain):
        return upstream.error("network", f"there is no host named {host}: check the base URL and the network")
    if any(isinstance(link, ssl.SSLError) for link in chain):
        return upstream.error("network", f"no secure connection to {host}: its certificate was not accepted")
    if names & _HUNG_UP and not names & _OUT_OF_REACH:
        return upstream.cut(empty=True)
    if "ConnectTimeout" in names or "ConnectError" in names:
        return upstream.error("network", f"could not reach {host}: check that it runs, and the base URL")
    if names & {"InvalidURL", "UnsupportedProtocol"}:
        return upstream.error("network", f"{host} is no address of a model server: check the base URL")
    if names & {"TimeoutException", "APITimeoutError"}:
        return upstream.error("timeout", f"{upstream.title} took too long: try again")
    if names & {"HTTPError", "APIConnectionError", "StreamError", "OSError"}:
        return upstream.cut(empty=False)
    if names & {"APIError", "JSONDecodeError", "UnicodeDecodeError"}:
        return upstream.garbage()
    return None


def _chain(exc: BaseException | None) -> Iterator[BaseException]:
    while exc is not None:
        yield exc
        exc = exc.__cause__ or exc.__context__


def _scrub(text: str, secret: str | None) -> str:
    """One short line without anything that looks like a key."""
    if secret:
        text = text.replace(secret, "…")
    text = " ".join(_SECRET.sub("…", whole(text)).split()).rstrip(".")
    if not text or "<html" in text.lower():
        return "it did not say why"
    return text if len(text) <= 300 else text[:299] + "…"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min"
