"""Every other ``POST /v1/…``: passed through to the provider of the model, inside a fence.

Embeddings, pictures, speech, files … go as they come, JSON or multipart, to the paths that are listed here and nowhere
else: what starts work that nobody can meter, or is about the account behind the credential, is not.
"""

import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from server.calls.admission import Caller
from server.calls.entry import Entry
from server.errors import BadRequest, NotFound, TooLarge
from server.gateway import passthrough
from server.gateway.body import Body, Gone, Receive, read
from server.gateway.client import address, answer_headers, failure, request_headers
from server.gateway.exchange import Desk, Exchange, Way
from server.gateway.outlet import STREAM, Outlet
from server.gateway.piece import Head, Pieces
from server.gateway.surface import CHAT, MESSAGES, RESPONSES, Surface
from server.gateway.targets import Target
from server.providers.base import Credential, Model, ProviderError
from server.providers.errors import Upstream
from server.providers.known import PROVIDERS
from server.wire.events import Finish, Start
from server.wire.loose import mapping

MAX_UPLOAD = 512 * 1024 * 1024
_HEAD = 1024 * 1024
"""Bytes of a form within which its model has to be named; clients put the files last."""
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
_FIELD = re.compile(rb'name="?model"?\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]*)\r?\n')
_USAGE = re.compile(rb'"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})')


async def forward(
    desk: Desk,
    surface: Surface,
    caller: Caller,
    path: str,
    query: str,
    headers: dict[str, str],
    receive: Receive,
    outlet: Outlet,
    request_id: str,
) -> None:
    """Raises AppError, Gone."""
    path = path.strip("/")
    if not (_OPENAI.fullmatch(path) or _ANTHROPIC.fullmatch(path)):
        known = re.fullmatch(r"[\w/-]{1,100}", path)
        raise NotFound(f"/v1/{path if known else '…'} is not passed on by this server")
    kind = headers.get("content-type", "application/json")
    exchange = Exchange(desk, surface, caller, outlet, request_id, path)
    wanted = headers.get("x-gateway-provider")
    if kind.startswith("application/json"):
        body = Body(await read(receive))
        outlet.watch(receive)
        target, asked = await _target(desk, caller, body.value.get("model"), wanted)
        data = body.sent(target.model.name) if asked else body.raw
        sent = _Sent(desk, path, query, headers, kind, target, data)
        most = 0 if path in _SILENT else None
        await exchange.ask(asked or path, target, sent.way, input_tokens=body.tokens, max_output=most)
        return
    form = _Form(receive, headers, lambda: outlet.watch(receive))
    given = await form.model()
    target, asked = await _target(desk, caller, given, wanted)
    sent = _Sent(desk, path, query, headers, kind, target, form.parts(given, target.model.name))
    sent.length = form.length(given, target.model.name)
    await exchange.ask(asked or path, target, sent.way, input_tokens=1, max_output=None, again=False)


async def _target(desk: Desk, caller: Caller, model: Any, provider: str | None) -> tuple[Target, str]:
    """Where to, and the name that was asked for: of the model, or none."""
    if isinstance(model, str) and model:
        return await desk.targets.find(caller.user_id, model), model
    credential = await desk.targets.of_provider(caller.user_id, provider)
    return Target(Model(name="", provider=credential.provider), [credential], ()), ""


class _Sent:
    """One request on its way."""

    def __init__(
        self,
        desk: Desk,
        path: str,
        query: str,
        headers: dict[str, str],
        kind: str,
        target: Target,
        data: passthrough.Data,
    ) -> None:
        wire = PROVIDERS[target.model.provider].wire
        fence = _ANTHROPIC if wire == "messages" else _OPENAI
        if wire == "demo" or not fence.fullmatch(path):
            title = PROVIDERS[target.model.provider].title
            raise BadRequest(f"{title} has no /v1/{path}: name a model of another provider")
        self._surface = MESSAGES if wire == "messages" else RESPONSES if path.startswith("responses") else CHAT
        self._desk, self._path, self._query, self._headers = desk, path, query, headers
        self._kind, self._target, self._data = kind, target, data
        self.length: int | None = None

    def way(self, credential: Credential) -> Way:
        return Way("same", lambda entry: self._pieces(credential, entry))

    async def _pieces(self, credential: Credential, entry: Entry) -> Pieces:
        url = address(credential, self._path, self._query)
        headers = request_headers(self._headers, credential, self._kind)
        if self.length is not None:
            headers["content-length"] = str(self.length)
        if accept := self._headers.get("accept"):
            headers["accept"] = accept
        upstream = Upstream.of(credential.provider, url, credential, self._target.model.name)
        response = await self._desk.client.post(url, self._data, headers, upstream)
        end = b""
        try:
            await passthrough.check(response, upstream)
            entry.meter.see(Start())
            kind = response.headers.get("content-type", "application/octet-stream")
            shape = STREAM if kind.startswith("text/event-stream") else {"content-type": kind}
            yield Head(response.status, shape | answer_headers(response.headers))
            async for chunk in response.content.iter_any():
                end = (end + chunk)[-_KEPT:]
                yield chunk
        except ProviderError:
            raise
        except Exception as exc:
            raise failure(exc, upstream) or exc from None
        finally:
            response.close()
        self._count(entry, end)

    def _count(self, entry: Entry, end: bytes) -> None:
        found = _USAGE.findall(end)
        usage = mapping(json.loads(found[-1])) if found else {}
        shape = RESPONSES if "input_tokens" in usage else CHAT
        used = shape.usage({"usage": usage}) if usage.get("total_tokens") or "prompt_tokens" in usage else None
        if used is not None:
            entry.meter.see(used)
        entry.meter.see(Finish("stop"))


class _Form:
    """A body that is passed on while it comes in: only its beginning is looked at."""

    def __init__(self, receive: Receive, headers: dict[str, str], read: Callable[[], None]) -> None:
        """``read`` is called when all of it has come in."""
        self._receive, self._read = receive, read
        announced = headers.get("content-length", "")
        self._announced = int(announced) if announced.isdecimal() else None
        if self._announced is not None and self._announced > MAX_UPLOAD:
            raise TooLarge(f"this is too large: a file has at most {MAX_UPLOAD // 1024 // 1024} MB")
        self._head = b""
        self._more = True

    async def model(self) -> str | None:
        """The one that the form names, if it names one."""
        while self._more and len(self._head) < _HEAD and _FIELD.search(self._head) is None:
            self._head += await self._next()
        found = _FIELD.search(self._head)
        return found[1].decode("utf-8", "replace").strip() if found else None

    def length(self, given: str | None, model: str) -> int | None:
        if self._announced is None:
            return None
        return self._announced + (len(model.encode()) - len(given.encode()) if given else 0)

    async def parts(self, given: str | None, model: str) -> AsyncIterator[bytes]:
        found = _FIELD.search(self._head)
        head = self._head
        if given and found is not None:
            head = head[: found.start(1)] + model.encode() + head[found.end(1) :]
        self._head = b""
        yield head
        size = len(head)
        while self._more:
            chunk = await self._next()
            size += len(chunk)
            if size > MAX_UPLOAD:
                raise TooLarge("this is too large")
            yield chunk

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Gone
        self._more = bool(message.get("more_body"))
        if not self._more:
            self._read()
        body: bytes = message.get("body", b"")
        return body
