"""Bad weather: everything that an upstream can do wrong becomes one kind of error with one sentence."""

import asyncio
import socket

import pytest

from server.providers.base import Credential, Kind, Provider, ProviderError, Timeouts
from server.providers.registry import create
from server.wire.events import Event, Usage
from tests.providers.line import Line, line, text
from tests.upstream import DEFAULT_TEXT, Answer, Upstream

pytestmark = pytest.mark.anyio

SECRET = "sk-test-very-secret-0123456789"


async def fail(way: Line, **more: object) -> tuple[ProviderError, list[Event]]:
    heard: list[Event] = []
    with pytest.raises(ProviderError) as caught:
        async for event in way.provider.stream(way.ask(**more), way.credential):
            heard.append(event)
    return caught.value, heard


@pytest.mark.parametrize(
    ("answer", "kind", "retryable", "words"),
    [
        (Answer(status=400, error={"message": "bad thing"}), "bad_request", False, "bad thing"),
        (Answer(status=401), "auth", False, "the key was refused"),
        (Answer(status=402), "quota", False, "no credit left"),
        (Answer(status=403), "auth", False, "may not"),
        (Answer(status=404), "unknown_model", False, "does not offer"),
        (Answer(status=413), "too_long", False, "too long"),
        (Answer(status=429), "rate_limit", True, "try again in a moment"),
        (Answer(status=429, retry_after="7"), "rate_limit", True, "try again in 7 s"),
        (Answer(status=500), "overloaded", True, "(500)"),
        (Answer(status=503), "overloaded", True, "(503)"),
        (Answer(status=529), "overloaded", True, "(529)"),
        (
            Answer(status=400, error={"message": "prompt is too long: 210000 tokens > 200000 maximum"}),
            "too_long",
            False,
            "start a new one",
        ),
        (Answer(html=True), "network", True, "check the base URL"),
        (Answer(cut_after=0), "network", True, "broke"),
        (Answer(cut_after=1), "network", True, "broke"),
        (Answer(cut_after=8), "network", True, "broke"),
        (Answer(raw=""), "network", True, "without a reply"),
        (Answer(raw="\x00\x01 nonsense \xff" * 50), "network", True, "without a reply"),
        (Answer(raw="data: {oops\n\n" * 9), "network", True, "could not be read"),
        (Answer(raw="data: [1]\n\ndata: 7\n\n" * 9), "network", True, "could not be read"),
    ],
)
async def test_every_failure_has_its_kind_and_a_sentence(
    way: Line, upstream: Upstream, answer: Answer, kind: Kind, retryable: bool, words: str
) -> None:
    upstream.script(answer)
    error, _ = await fail(way)
    assert (error.kind, error.retryable) == (kind, retryable)
    assert words in error.message
    assert not error.message.endswith(".")
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "context_length_exceeded", "message": "too much"}, "too_long"),
        ({"code": "insufficient_quota", "message": "You exceeded your current quota"}, "quota"),
        ({"code": "model_not_found", "message": "no"}, "unknown_model"),
        ({"code": "content_policy_violation", "message": "no"}, "refused"),
    ],
)
async def test_openais_codes_say_more_than_the_status(
    openai: Line, upstream: Upstream, error: dict[str, str], kind: Kind
) -> None:
    for status in (400, 429):
        upstream.script(Answer(status=status, error=error))
        assert (await fail(openai))[0].kind == kind


async def test_a_redirect_is_not_followed_with_the_key(way: Line, upstream: Upstream) -> None:
    elsewhere = upstream.openai.replace("127.0.0.1", "localhost") + "/stolen"
    upstream.script(Answer(status=307, headers={"location": elsewhere}))
    error, _ = await fail(way)
    assert error.kind == "network"
    assert "sent the request elsewhere" in error.message
    assert len(upstream.requests) == 1


async def test_retry_after_is_read_from_wherever_it_is(way: Line, upstream: Upstream) -> None:
    upstream.script(
        Answer(status=429, retry_after="12"),
        Answer(status=429, headers={"retry-after-ms": "1500"}),
        Answer(status=429, error={"message": "Rate limit reached. Please try again in 350ms."}),
        Answer(status=429, error={"message": "Please try again in 1m20s."}),
        Answer(status=529, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        Answer(status=429, retry_after="soon"),
    )
    waits = [(await fail(way))[0].retry_after for _ in range(6)]
    assert waits == [12, 1.5, 0.35, 80, 0, None]


async def test_an_error_in_the_middle_keeps_what_came_before(way: Line, upstream: Upstream) -> None:
    overloaded = {"type": "overloaded_error", "code": "server_error", "message": "Overloaded"}
    upstream.script(Answer(chunk=4, error_after=12, error=overloaded))
    error, heard = await fail(way)
    assert error.kind == "overloaded"
    assert text(heard) == upstream.requests[0].sent
    assert text(heard)


async def test_a_rate_limit_in_the_middle_is_one_too(openai: Line, upstream: Upstream) -> None:
    limit = {"code": "rate_limit_exceeded", "message": "Rate limit reached. Please try again in 3s."}
    upstream.script(Answer(chunk=4, error_after=12, error=limit))
    error, _ = await fail(openai)
    assert (error.kind, error.retry_after) == ("rate_limit", 3)


async def test_a_response_that_fails_says_so(openai: Line, upstream: Upstream) -> None:
    upstream.script(Answer(finish="failed"))
    assert (await fail(openai))[0].kind == "overloaded"


async def test_a_cut_stream_keeps_what_came_before(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(chunk=4, cut_after=14))
    error, heard = await fail(way)
    assert error.message.startswith("the connection to ")
    assert text(heard) == upstream.requests[0].sent
    assert DEFAULT_TEXT.startswith(text(heard))
    assert text(heard)


async def test_a_cut_message_still_says_what_its_input_was(anthropic: Line, upstream: Upstream) -> None:
    upstream.script(Answer(cut_after=6, usage={"input": 77}))
    _, heard = await fail(anthropic)
    assert Usage(input=77, output=1) in heard


async def test_one_frame_of_garbage_does_not_kill_a_stream(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(garbage_after=6))
    assert text(await way.hear()) == DEFAULT_TEXT


async def test_garbage_before_a_cut_is_a_cut(way: Line, upstream: Upstream) -> None:
    upstream.script(Answer(garbage_after=3, cut_after=5))
    assert (await fail(way))[0].kind == "network"


@pytest.fixture
async def hasty(upstream: Upstream, way: Line) -> Line:
    """A way on which nobody waits for long."""
    timeouts = Timeouts(connect=1, first_byte=0.3, idle=0.2, total=1.0, models=0.3)
    return line(create(timeouts), way.provider.name, upstream.url)


@pytest.mark.parametrize("held", [None, 0, 1, 6])
async def test_silence_is_a_timeout_and_stops_the_upstream(hasty: Line, upstream: Upstream, held: int | None) -> None:
    upstream.script(Answer(first_delay=30) if held is None else Answer(hold_after=held))
    error, _ = await fail(hasty)
    assert (error.kind, error.retryable) == ("timeout", True)
    assert "sent nothing for 0." in error.message
    await asyncio.to_thread(upstream.wait_gone, timeout=2)
    await hasty.provider.close()


async def test_a_comment_is_a_sign_of_life(way: Line, upstream: Upstream) -> None:
    patient = line(create(Timeouts(idle=0.5, total=60)), way.provider.name, upstream.url)
    upstream.script(Answer(hold_after=4, heartbeat=0.02))
    listening = asyncio.create_task(patient.hear())
    await asyncio.to_thread(upstream.wait)
    # Three times the idle limit.
    await asyncio.wait([listening], timeout=1.5)
    assert not listening.done()
    upstream.release()
    assert text(await listening) == DEFAULT_TEXT
    await patient.provider.close()


async def test_comments_do_not_keep_a_reply_alive_for_ever(hasty: Line, upstream: Upstream) -> None:
    upstream.script(Answer(hold_after=4, heartbeat=0.05))
    error, _ = await fail(hasty)
    assert error.kind == "timeout"
    assert "took longer than 1 s" in error.message
    await hasty.provider.close()


async def test_a_host_that_does_not_exist_is_named(
    providers: dict[str, Provider], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("openai", "anthropic", "compatible"):
        error, _ = await fail(line(providers, name, "http://no-such-host.invalid"))
        assert (error.kind, error.retryable) == ("network", True)
        assert "there is no host named no-such-host.invalid" in error.message


async def test_a_closed_port_is_named(providers: dict[str, Provider]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name in ("openai", "anthropic", "compatible"):
        error, _ = await fail(line(providers, name, f"http://127.0.0.1:{port}"))
        assert error.kind == "network"
        assert "could not reach 127.0.0.1" in error.message


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_server_that_hangs_up_is_not_said_to_be_out_of_reach(
    providers: dict[str, Provider], reset: bool
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if reset:
            writer.transport.abort()
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        for name in ("openai", "anthropic", "compatible"):
            error, _ = await fail(line(providers, name, f"http://{host}:{port}"))
            assert (error.kind, error.retryable) == ("network", True)
            assert "closed the connection without a reply" in error.message


async def test_an_address_that_is_none_is_said_so(providers: dict[str, Provider]) -> None:
    for address in ("nonsense", "ftp://example.org", "http://"):
        way = Line(providers["compatible"], Credential("c", "compatible", None, address), "m")
        error, _ = await fail(way)
        assert error.kind in ("network", "bad_request")
        assert "base URL" in error.message


async def test_no_error_ever_carries_the_key(
    providers: dict[str, Provider], upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("openai", "anthropic", "compatible"):
        way = line(providers, name, upstream.url)
        way = Line(way.provider, Credential("c", name, SECRET, way.credential.base_url), way.model)
        for status in (400, 403, 500):
            upstream.script(Answer(status=status, error={"message": f"Bad header: Bearer {SECRET} is wrong"}))
            error, _ = await fail(way)
            assert "secret" not in error.message
            assert error.__suppress_context__
            assert error.__cause__ is None
    assert SECRET not in caplog.text
    assert SECRET not in repr(way.credential)


async def test_a_mistake_of_ours_is_not_dressed_up_as_theirs(way: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise KeyError("ours")

    monkeypatch.setattr("server.providers.listen._check", broken)
    with pytest.raises(KeyError, match="ours"):
        await way.hear()
