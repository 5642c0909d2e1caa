"""The gateway beside the direct call and a bare pass-through: time, processor, memory; all in turns in one run."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import proc, process, server
from bench.proc import MB
from bench.report import Figure, Table

STREAMS = (1, 8, 32, 100)
CHUNKS, PAUSE_MS = 20, 40
REQUESTS, AT_ONCE = 300, 8
LONG, READERS = 20_000, 50
GROWTH_MB = 20.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to the provider: where it is, what is sent there, and the process in between."""

    name: str
    url: str
    path: str
    model: str
    key: str = "sk-bench"
    pid: int | None = None

    def request(self, *, stream: bool, chunks: int = CHUNKS, pause: int = PAUSE_MS) -> bytes:
        asked = {"model": self.model, "max_tokens": chunks, "seed": pause, "stream": stream}
        body = json.dumps(asked | {"messages": [{"role": "user", "content": "Tell me about the river."}]}).encode()
        host = urlsplit(self.url).netloc
        head = f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.key}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body


async def measure(folder: Path, *, quick: bool) -> Table:
    table = Table("gateway", "Gateway", "a bare aiohttp pass-through, in turns with it")
    async with _ways(folder / "data") as (direct, relay, same, translated):
        for way in (direct, relay, same, translated):
            await _streams(way, 4, 2, 0)  # opens connections, and loads what is loaded late
            await _whole(way, 20, 4)
        rounds = 3 if quick else 8
        for count in STREAMS[1:3] if quick else STREAMS:
            table.add(*await _first_token((direct, relay, same, translated), count, rounds))
        table.add(*await _requests((relay, same, translated), rounds))
        table.add(*await _memory(same, quick=quick))
    table.notes.append(
        f"Streams have {CHUNKS} chunks, {PAUSE_MS} ms apart; admission, limits and both writes of the ledger are part "
        "of the gateway's figures. The aims: 1.5 times the pass-through in added time to first token (translated 3 "
        "times), 2 times in processor time."
    )
    return table


@asynccontextmanager
async def _ways(data: Path) -> AsyncIterator[tuple[Way, Way, Way, Way]]:
    stub_port, relay_port = process.free_port(), process.free_port()
    upstream = f"http://127.0.0.1:{stub_port}"
    stub = process.begin("bench.stub", str(stub_port))
    relay = process.begin("bench.relay", str(relay_port), upstream)
    try:
        await process.ready(stub_port)
        await process.ready(relay_port)
        async with server.serving(data, OLLAMA_BASE_URL=f"{upstream}/v1") as started, server.opened(started) as page:
            key = await page.virtual_key()
            chat, messages = "/v1/chat/completions", "/v1/messages"
            yield (
                Way("direct", upstream, chat, "bench"),
                Way("pass-through", f"http://127.0.0.1:{relay_port}", chat, "bench", pid=relay.pid),
                Way("same wire", started.url, chat, "ollama/bench", key, started.pid),
                Way("translated", started.url, messages, "ollama/bench", key, started.pid),
            )
    finally:
        await process.end(relay)
        await process.end(stub)


async def _first_token(ways: tuple[Way, ...], count: int, rounds: int) -> list[Figure]:
    """Milliseconds added to the direct call, the median of all streams of a round."""
    seen: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            seen[way.name].append(statistics.median(await _streams(way, count, CHUNKS, PAUSE_MS)) * 1000)
    direct = statistics.median(seen["direct"])
    added = {name: [value - direct for value in values] for name, values in seen.items()}
    relay = added["pass-through"]
    when = f"{count} stream{'s' if count > 1 else ''}"
    return [
        Figure(f"{when}: pass-through, added to first token", relay, "ms"),
        Figure(f"{when}: same wire, added to first token", added["same wire"], "ms", baseline=relay),
        Figure(f"{when}: translated, added to first token", added["translated"], "ms", baseline=relay),
    ]


async def _requests(ways: tuple[Way, ...], rounds: int) -> list[Figure]:
    rates: dict[str, list[float]] = {way.name: [] for way in ways}
    cpu: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            assert way.pid is not None
            before, began = proc.cpu_seconds(way.pid), time.monotonic()
            await _whole(way, REQUESTS, AT_ONCE)
            rates[way.name].append(REQUESTS / (time.monotonic() - began))
            await asyncio.sleep(0.1)  # the settlements of the last ones
            cpu[way.name].append((proc.cpu_seconds(way.pid) - before) / REQUESTS * 1e6)
    relay = ways[0].name
    figures = []
    for title, unit, seen in (("requests a second", "/s", rates), ("processor time a request", "µs", cpu)):
        for way in ways:
            beside = seen[relay] if way.name != relay else ()
            figures.append(Figure(f"{way.name}: {title}", seen[way.name], unit, baseline=beside))
    return figures


async def _memory(way: Way, *, quick: bool) -> list[Figure]:
    assert way.pid is not None
    running = asyncio.gather(*(_stream(way, 60, 40) for _ in range(100)))
    await asyncio.sleep(1.5)
    at_100 = proc.memory(way.pid).rss / MB
    await running
    await asyncio.sleep(1)
    before = proc.memory(way.pid).rss
    long = LONG // 10 if quick else LONG
    reading = asyncio.gather(*(_stream(way, long, 0) for _ in range(READERS)))
    most = before
    while not reading.done():
        await asyncio.sleep(0.2)
        most = max(most, proc.memory(way.pid).rss)
    await reading
    return [
        Figure("100 streams, RSS", [at_100], "MB", aim=150.0),
        Figure(f"{READERS} streams of {long:,} chunks: growth", [(most - before) / MB], "MB", aim=GROWTH_MB),
    ]


async def _streams(way: Way, count: int, chunks: int, pause: int) -> list[float]:
    return list(await asyncio.gather(*(_stream(way, chunks, pause) for _ in range(count))))


async def _stream(way: Way, chunks: int, pause: int) -> float:
    """Seconds until the first piece of the answer."""
    parts = urlsplit(way.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    began, first, end = time.monotonic(), 0.0, b""
    writer.write(way.request(stream=True, chunks=chunks, pause=pause))
    while not end.endswith(b"0\r\n\r\n"):
        chunk = await reader.read(65536)
        if not chunk:
            raise ConnectionError(f"{way.name}: the stream broke off: {end!r}")
        if not first and b"river" in chunk:
            first = time.monotonic() - began
        end = (end + chunk)[-200:]
    writer.close()
    if not first:
        raise ConnectionError(f"{way.name}: no answer: {end!r}")
    return first


async def _whole(way: Way, count: int, at_once: int) -> None:
    parts = urlsplit(way.url)
    left = iter(range(count))
    request = way.request(stream=False, chunks=1)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        for _ in left:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(f"{way.name}: {head!r}")
            if b"content-length:" in head:
                await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            else:
                await reader.readuntil(b"0\r\n\r\n")
        writer.close()

    await asyncio.gather(*(work() for _ in range(at_once)))
