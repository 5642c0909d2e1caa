"""The fake provider's routes: reads a request, checks it, takes the next scripted answer, plays it."""

import asyncio
import base64
import json
import struct
import time
from collections import deque
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from tests.upstream import lists, messages, responses
from tests.upstream.answer import Answer
from tests.upstream.chat import ChatWire
from tests.upstream.check import problems
from tests.upstream.form import read_form
from tests.upstream.frames import Frame
from tests.upstream.images import EditWire, ImageWire
from tests.upstream.kept import Kept
from tests.upstream.messages import MessageWire
from tests.upstream.play import Connection, Gone
from tests.upstream.record import Asked, Record
from tests.upstream.responses import ResponseWire

_WIRES = {
    "/v1/responses": "responses",
    "/v1/chat/completions": "chat",
    "/v1/messages": "messages",
    "/v1/messages/count_tokens": "count_tokens",
    "/v1/responses/input_tokens": "input_tokens",
    "/v1/images/generations": "images",
    "/v1/images/edits": "edits",
    "/v1/embeddings": "embeddings",
}
_STREAMS: dict[str, Any] = {
    "responses": ResponseWire,
    "chat": ChatWire,
    "messages": MessageWire,
    "images": ImageWire,
    "edits": EditWire,
}
_PAGE = "<!doctype html><html><body><h1>It works</h1></body></html>"


class App:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._kept: dict[str, Kept] = {}
        self._release = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.queue: deque[Answer] = deque()
        self.default = Answer()
        self.trusting = False
        self.openai_models: list[Any] = list(lists.OPENAI)
        self.anthropic_models: list[Any] = list(lists.ANTHROPIC)

    def reset(self) -> None:
        self.release()
        self.queue.clear()
        self._record.clear()
        self.default = Answer()
        self.openai_models, self.anthropic_models = list(lists.OPENAI), list(lists.ANTHROPIC)

    def release(self) -> None:
        if self.loop is not None and not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._release.set()
        self._release = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        raw = await request.body()
        if request.url.path.startswith("/_control/"):
            response = self._control(request, raw)
            return await response(scope, receive, send)
        asked = Asked(
            request.method, request.url.path, dict(request.query_params), dict(request.headers), _body(request, raw)
        )
        asked.port = request.client.port if request.client else 0
        self._record.add(asked)
        try:
            answer = self._next(asked, raw.decode(errors="replace"))
            connection = Connection(asked, answer, receive, send, self._release)
            try:
                await connection.pause(answer.first_delay)
                early = await self._answer(asked, answer, connection)
                if early is not None:
                    asked.status, asked.finished = early.status_code, True
                    await early(scope, receive, send)
            except Gone:
                asked.disconnected_at = time.monotonic()
            finally:
                await connection.close()
        finally:
            asked.over = True
            self._record.changed()

    def _next(self, asked: Asked, body: str) -> Answer:
        """Scripted answers are for calls; lists and cancellations take one only when it names them."""
        for answer in self.queue:
            named = answer.match is not None and answer.match in asked.path
            if named or (asked.path in _WIRES and asked.method == "POST" and answer.fits(asked.path, body)):
                self.queue.remove(answer)
                return answer
        return self.default if asked.path in _WIRES else Answer()

    async def _answer(self, asked: Asked, answer: Answer, connection: Connection) -> Response | None:
        """A short answer, or None once a stream has been played."""
        wire = _WIRES.get(asked.path)
        refusal = self._refuse(asked, answer, wire)
        if refusal is not None:
            return refusal
        if asked.method == "GET" or wire is None:
            return await self._other(asked, answer, connection)
        if asked.body.get("stream") and wire in _STREAMS:
            return await self._stream(asked, answer, connection, wire)
        if answer.html:
            return HTMLResponse(_PAGE)
        return JSONResponse(self._whole(asked, answer, wire))

    def _refuse(self, asked: Asked, answer: Answer, wire: str | None) -> Response | None:
        headers = asked.headers
        shape = messages if _is_anthropic(asked) else responses
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        status, error = answer.status, answer.error
        if status == 200 and (not (key or self.trusting) or "wrong" in key):
            status = 401
        if status == 200 and wire is not None:
            found = problems(wire, asked.body, headers, typed=not self.trusting)
            if found:
                self._record.violation(asked, found)
                status, error = 400, {"message": found[0]}
        if status == 200:
            return None
        more = dict(answer.headers)
        if answer.retry_after is not None:
            more["retry-after"] = answer.retry_after
        return JSONResponse(shape.error_body(status, error), status, more)

    async def _stream(self, asked: Asked, answer: Answer, connection: Connection, wire: str) -> Response | None:
        if answer.html:
            return HTMLResponse(_PAGE)
        if answer.json is not None:
            return JSONResponse(answer.json)
        usage = answer.count(_words(asked.body))
        writer = _STREAMS[wire](answer, asked.body, len(self._record.requests), usage)
        await connection.start("text/event-stream; charset=utf-8")
        if answer.raw is not None:
            await connection.write(answer.raw.encode())
            await connection.finish()
        elif wire == "responses" and asked.body.get("background"):
            kept = self._kept[writer.id] = Kept(writer, answer, self._release)
            await connection.play(_noting(asked, answer, usage, kept.frames(None)), writer.error)
        else:
            await connection.play(_noting(asked, answer, usage, _each(writer.events())), writer.error)
        return None

    def _whole(self, asked: Asked, answer: Answer, wire: str) -> dict[str, Any]:
        usage = asked.usage = answer.count(_words(asked.body))
        asked.charged = answer.extra_usage.get("cost")
        if wire in _STREAMS:
            asked.sent = "" if wire in ("images", "edits") else answer.text
            final: dict[str, Any] = _STREAMS[wire](answer, asked.body, len(self._record.requests), usage).final()
            return final
        if wire == "count_tokens":
            return {"input_tokens": usage["input"]}
        if wire == "input_tokens":
            return {"object": "response.input_tokens", "input_tokens": usage["input"]}
        return _embeddings(asked.body, usage)

    async def _other(self, asked: Asked, answer: Answer, connection: Connection) -> Response | None:
        if answer.html:
            return HTMLResponse(_PAGE)
        if answer.json is not None:
            return JSONResponse(answer.json)
        if asked.path == "/v1/models":
            return JSONResponse(self._models(asked))
        if asked.path == "/v1/key":
            return JSONResponse({"data": {"label": "test", "usage": 0, "limit": None}})
        kind, _, rest = asked.path.removeprefix("/v1/").partition("/")
        kept = self._kept.get(rest.removesuffix("/cancel")) if kind == "responses" else None
        if kept is None:
            return JSONResponse(responses.error_body(404, {"message": "Not found", "code": None}), 404)
        if rest.endswith("/cancel"):
            return JSONResponse(await kept.cancel())
        if asked.query.get("stream") != "true":
            return JSONResponse(kept.object())
        if kept.answer.lost:
            text = "This response can no longer be streamed because it is more than 5 minutes old."
            return JSONResponse(responses.error_body(400, {"message": text}), 400)
        after = asked.query.get("starting_after")
        await connection.start("text/event-stream; charset=utf-8")
        await connection.play(kept.frames(int(after) if after else None), lambda number: Frame({}))
        return None

    def _models(self, asked: Asked) -> dict[str, Any]:
        if _is_anthropic(asked):
            entries = [_entry(model, index, lists.anthropic_model) for index, model in _numbered(self.anthropic_models)]
            return lists.page(entries, asked.query)
        entries = [_entry(model, index, lists.openai_model) for index, model in _numbered(self.openai_models)]
        return {"object": "list", "data": entries}

    def _control(self, request: Request, raw: bytes) -> Response:
        """The same as ``Upstream``'s methods, for other processes."""
        name, body = request.url.path.removeprefix("/_control/"), json.loads(raw or b"{}")
        if name == "script":
            answers = body if isinstance(body, list) else [body]
            self.queue.extend(Answer(**answer) for answer in answers)
        elif name == "default":
            self.default = Answer(**body)
        elif name == "models":
            self.openai_models = body.get("openai", self.openai_models)
            self.anthropic_models = body.get("anthropic", self.anthropic_models)
        elif name == "release":
            self._let_go()
        elif name == "reset":
            self.reset()
        elif name == "requests":
            asked = [asked.to_dict() for asked in self._record.requests]
            return JSONResponse({"requests": asked, "violations": self._record.violations})
        else:
            return JSONResponse({"error": "no such control"}, 404)
        return JSONResponse({"ok": True})


async def _each(frames: Any) -> Any:
    for frame in frames:
        yield frame


async def _noting(asked: Asked, answer: Answer, usage: dict[str, int], frames: Any) -> Any:
    """Usage counts as reported once the frame that carries it has been asked for and sent."""
    async for frame in frames:
        yield frame
        if frame.usage:
            asked.usage, asked.charged = usage, answer.extra_usage.get("cost")


def _body(request: Request, raw: bytes) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return read_form(request.headers["content-type"], raw)
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_anthropic(asked: Asked) -> bool:
    return asked.path.startswith("/v1/messages") or "anthropic-version" in asked.headers


def _numbered(models: list[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(models))


def _entry(model: Any, index: int, make: Any) -> Any:
    return make(model, index) if isinstance(model, str) else model


def _words(body: dict[str, Any]) -> str:
    fields = ("instructions", "system", "input", "messages", "prompt")
    return json.dumps([body[field] for field in fields if body.get(field)], ensure_ascii=False)


def _embeddings(body: dict[str, Any], usage: dict[str, int]) -> dict[str, Any]:
    given = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vectors = [[round((len(str(item)) + place) % 7 / 7, 4) for place in range(8)] for item in given]
    coded = body.get("encoding_format") == "base64"
    return {
        "object": "list",
        "model": body["model"],
        "data": [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(struct.pack("<8f", *vector)).decode() if coded else vector,
            }
            for index, vector in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": usage["input"], "total_tokens": usage["input"]},
    }
