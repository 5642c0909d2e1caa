"""Every other ``POST /v1/…``: passed through to the provider of the model, inside a fence.

Embeddings, pictures, speech, files … go as they come, JSON or multipart, to the paths that are listed here and nowhere
else: what starts work that nobody can meter, or is about the account behind the credential, is not.
"""

import asyncio
import json
import re
from typing import Any

from server.calls.entry import Entry
from server.calls.meter import Meter
from server.errors import BadRequest, NotFound
from server.gateway import passthrough
from server.gateway.asked import Asked
from server.gateway.body import Body
from server.gateway.client import address, answer_headers, failure, request_headers
from server.gateway.exchange import Exchange, Way
from server.gateway.form import Form
from server.gateway.outlet import STREAM
from server.gateway.piece import Head, Last, Pieces
from server.gateway.surface import CHAT, RESPONSES
from server.gateway.targets import Target
from server.providers.base import Credential, Model, ProviderError
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS
from server.wire import openai_images
from server.wire.events import Finish, Start, Usage
from server.wire.loose import mapping, name
from server.wire.openai_images import ImageRequest

_KEPT = 16 * 1024
"""Bytes from the end of an answer, where it says what it used."""

_OPENAI = re.compile(
    r"embeddings|completions|moderations|rerank|images/(generations|edits|variations)"
    r"|audio/(speech|transcriptions|translations)|files|uploads(/[\w-]+/(parts|complete|cancel))?"
    r"|responses/(input_tokens|compact)|videos"
)
_ANTHROPIC = re.compile(r"complete|files")
_SILENT = ("embeddings", "moderations", "rerank", "responses/input_tokens")
"""What answers without output tokens."""
_FREE = re.compile(r"files|uploads|responses/input_tokens")
_USAGE = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')


async def forward(asked: Asked) -> None:
    """Raises AppError, Gone."""
    path = asked.path.strip("/")
    if not (_OPENAI.fullmatch(path) or _ANTHROPIC.fullmatch(path)):
        known = re.fullmatch(r"[\w/-]{1,100}", path)
        raise NotFound(f"/v1/{path if known else '…'} is not passed on by this server")
    if asked.headers.get("content-type", "application/json").startswith("application/json"):
        await _forward_json(asked, path)
    else:
        asked.check_encoding()
        await _forward_form(asked, path)


async def _forward_json(asked: Asked, path: str) -> None:
    body = await asked.body()
    await asked.desk.refuse_others(asked.caller, body)
    target, model = await _target(asked, body.value.get("model"))
    data = body.sent(target.model.name) if model else body.raw
    sent = _Sent(asked, path, target, data)
    sent.streams = body.streams
    if path == "images/generations":
        sent.pictures = _pictures(target.model.name, body)
    longest = 0 if path in _SILENT else None
    exchange = Exchange(asked, path, model or path, body.tokens, longest, answers=body.answers, pictures=sent.pictures)
    await exchange.ask([target], lambda _: sent.way)


async def _forward_form(asked: Asked, path: str) -> None:
    form = Form(asked)
    given = await form.model()
    target, model = await _target(asked, given)
    sent = _Sent(asked, path, target, form.parts(given, target.model.name), form)
    sent.length = form.length(given, target.model.name)
    exchange = Exchange(asked, path, model or path, 1, None, again=False)
    await exchange.ask([target], lambda _: sent.way)


async def _target(asked: Asked, model: Any) -> tuple[Target, str]:
    """Where to, and the name that was asked for: of the model, or none."""
    desk, user_id = asked.desk, asked.caller.user_id
    if isinstance(model, str) and model:
        return await desk.targets.find(user_id, model), model
    credential = await desk.targets.of_provider(user_id, asked.headers.get("x-gateway-provider"))
    return Target(Model(name="", provider=credential.provider), [credential], ()), ""


def _pictures(model: str, body: Body) -> tuple[str, int]:
    wish = ImageRequest(model, "", name(body.value.get("size")), name(body.value.get("quality")))
    return openai_images.price_class(wish), body.answers


class _Sent:
    """One request on its way."""

    def __init__(
        self, asked: Asked, path: str, target: Target, data: passthrough.Data, form: Form | None = None
    ) -> None:
        """Raises BadRequest where the provider has no such path."""
        wire = PROVIDERS[target.model.provider].wire
        fence = _ANTHROPIC if wire == "messages" else _OPENAI
        if wire == "demo" or not fence.fullmatch(path):
            title = PROVIDERS[target.model.provider].title
            raise BadRequest(f"{title} has no /v1/{path}: name a model of another provider")
        self._asked, self._path, self._target, self._data, self._form = asked, path, target, data, form
        self.streams = False
        self.length: int | None = None
        self.pictures: tuple[str, int] | None = None
        """Of which kind, and how many, where the request says that it wants pictures."""

    def way(self, credential: Credential) -> Way:
        return Way("same", lambda entry: self._pieces(credential, entry))

    async def _pieces(self, credential: Credential, entry: Entry) -> Pieces:
        url = address(credential, self._path, self._asked.query)
        upstream = Upstream.of(credential.provider, url, credential, self._target.model.name)
        client, clock = self._asked.desk.client, asyncio.get_running_loop().time
        timeouts, until = client.timeouts, clock() + client.timeouts.total
        waits = timeouts.first_byte if self.streams else timeouts.total
        response, end, meter = None, b"", entry.meter
        # Seconds of sound and the like: to call its text the whole of it would be wrong.
        meter.unpriced = self._path not in _SILENT
        if _FREE.match(self._path):
            meter.see(Usage())
        try:
            async with asyncio.timeout(waits):
                response = await client.post(url, self._data, self._headers(credential), upstream, meter)
                await passthrough.check(response, upstream)
            meter.see(Start())
            kind = response.headers.get("content-type", "application/octet-stream")
            shape = STREAM if kind.startswith("text/event-stream") else {"content-type": kind}
            yield Head(response.status, shape | answer_headers(response.headers))
            waits = timeouts.idle
            whole = False
            while not whole:
                async with asyncio.timeout_at(min(clock() + waits, until)):
                    chunk = await response.content.readany()
                end = (end + chunk)[-_KEPT:]
                whole = not chunk or response.content.at_eof()
                if whole:
                    self._finish(meter, end)
                if chunk:
                    yield Last(chunk) if whole else chunk
        except Exception as exc:
            if self._form is not None and self._form.error is not None:
                raise self._form.error from None
            if isinstance(exc, ProviderError):
                raise
            if isinstance(exc, TimeoutError):
                raise (upstream.endless(timeouts.total) if clock() >= until else upstream.silent(waits)) from None
            raise failure(exc, upstream) or exc from None
        finally:
            if response is not None:
                response.close()
            if self._form is not None and not self._form.whole:
                # Half a form starts no work.
                meter.sent = False

    def _finish(self, meter: Meter, end: bytes) -> None:
        used = self._used(end)
        if used is not None:
            meter.see(used)
        meter.see(Finish("stop"))

    def _headers(self, credential: Credential) -> dict[str, str]:
        given = self._asked.headers
        headers = request_headers(given, credential, given.get("content-type", "application/json"))
        if self.length is not None:
            headers["content-length"] = str(self.length)
        if accept := given.get("accept"):
            headers["accept"] = accept
        return headers

    def _used(self, end: bytes) -> Usage | None:
        """What the answer says that it used, or what is known without its saying so."""
        usage = _usage(end)
        if self._path.startswith("images/") and (usage or self.pictures):
            return openai_images.read_usage(usage, *(self.pictures or ("", 1)))
        if usage.get("total_tokens") or "prompt_tokens" in usage:
            return (RESPONSES if "input_tokens" in usage else CHAT).usage({"usage": usage})
        return None


def _usage(end: bytes) -> dict[str, Any]:
    found = _USAGE.findall(end)
    try:
        return mapping(json.loads(found[-1])) if found else {}
    except ValueError:
        return {}
