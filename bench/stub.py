"""A provider that costs next to nothing: Chat Completions over bare sockets, so that it is not what is measured.

``max_tokens`` of the request, by either name, is how many chunks come, a hundred times its ``temperature`` the
milliseconds between two: both outlive a translation. A message may say how many "words" it wants. The arguments, after
the port, are for requests that do not say.
"""

import asyncio
import json
import re
import sys
from functools import partial
from typing import Any

import uvloop

_WORD = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "bench"}
_LIST = {"object": "list", "data": [{"id": "bench", "object": "model", "created": 1, "owned_by": "bench"}]}
_USAGE = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}


def _chunk(delta: dict[str, str], **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": more.pop("reason", None)}
    return _framed(b"data: " + json.dumps(_WORD | {"choices": [choice]} | more).encode() + b"\n\n")


def _framed(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_ROLE = _chunk({"role": "assistant", "content": ""})
_TOKENS = _chunk({"content": "river "}), _chunk({"content": "river, "})
"""In turns: LiteLLM breaks off where the same comes a hundred times."""
_END = (
    _chunk({}, reason="stop")
    + _framed(b"data: " + json.dumps(_WORD | {"choices": [], "usage": _USAGE}).encode() + b"\n\n")
    + _framed(b"data: [DONE]\n\n")
    + b"0\r\n\r\n"
)
_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_MESSAGE = {"index": 0, "message": {"role": "assistant", "content": "river " * 40}, "finish_reason": "stop"}
_WHOLE = _WORD | {"object": "chat.completion", "choices": [_MESSAGE], "usage": _USAGE}


def _wanted(body: dict[str, Any], usual: int) -> int:
    found = re.search(r"in (\d+) words", json.dumps(body["messages"][-1]))
    return int(found[1]) if found else usual


async def _serve(chunks: int, pause: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            body = json.loads(await reader.readexactly(length)) if length else {}
            if body.get("stream"):
                writer.write(_STREAM + _ROLE + _TOKENS[0])
                count = body.get("max_tokens") or body.get("max_completion_tokens") or _wanted(body, chunks)
                each = body.get("temperature", pause / 100) / 10
                for number in range(1, count):
                    if each:
                        await asyncio.sleep(each)
                    writer.write(_TOKENS[number % 2])
                    await writer.drain()
                writer.write(_END)
            else:
                data = json.dumps(_WHOLE if body else _LIST).encode()
                said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                writer.write(said % len(data) + data)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _main(port: int, chunks: int, pause: int) -> None:
    server = await asyncio.start_server(partial(_serve, chunks, pause), "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(_main(*map(int, sys.argv[1:])))
