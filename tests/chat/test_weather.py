"""Bad weather: every failure of an upstream is one clear sentence, one action, one right row, and nothing lost."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from server.money import ledger
from tests.house import House
from tests.phone import Phone
from tests.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

MODELS = ("gpt-5.1", "claude-sonnet-4-5")


@dataclass(frozen=True)
class Weather:
    """``answers`` the upstream gives; then the reply's error code, its action, and the status of each ledger row."""

    answers: tuple[Answer, ...]
    code: str
    action: str
    rows: tuple[str, ...]
    text: bool = False


TEXT = "one two three four five six seven eight nine ten " * 20

FAILURES = {
    "a wrong key": Weather((Answer(status=401),), "auth", "add_key", ("failed",)),
    "a key that may not": Weather((Answer(status=403),), "auth", "add_key", ("failed",)),
    "an unknown model": Weather((Answer(status=404),), "unknown_model", "pick_model", ("failed",)),
    "a bad request": Weather((Answer(status=400),), "bad_request", "pick_model", ("failed",)),
    "too long a context": Weather(
        (
            Answer(
                status=400,
                error={"code": "context_length_exceeded", "message": "prompt is too long: 9 tokens > 5 maximum"},
            ),
        ),
        "too_long",
        "pick_model",
        ("failed",),
    ),
    "429 with a long Retry-After": Weather((Answer(status=429, retry_after="30"),), "rate_limit", "retry", ("failed",)),
    "429 that stays": Weather((Answer(status=429, retry_after="0.01"),) * 3, "rate_limit", "retry", ("failed",) * 3),
    "500 that stays": Weather((Answer(status=500),) * 3, "overloaded", "retry", ("failed",) * 3),
    "529 that stays": Weather((Answer(status=529),) * 3, "overloaded", "retry", ("failed",) * 3),
    "a stream cut before anything": Weather((Answer(text=TEXT, cut_after=0),) * 3, "network", "retry", ("failed",) * 3),
    "a stream cut after some text": Weather((Answer(text=TEXT, cut_after=12),), "network", "continue", ("cut",), True),
    "an error inside the stream": Weather(
        (Answer(text=TEXT, error_after=12),), "overloaded", "continue", ("cut",), True
    ),
    "a web page instead of a stream": Weather((Answer(html=True),) * 3, "network", "retry", ("failed",) * 3),
    "an empty reply": Weather((Answer(text=""),), "empty", "retry", ("done",)),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("weather", FAILURES.values(), ids=FAILURES.keys())
async def test_a_failure_is_one_sentence_one_action_and_a_right_row(
    house: House, phone: Phone, upstream: Upstream, weather: Weather, model: str
) -> None:
    upstream.script(*weather.answers)
    reply = await phone.ask("hello", model=model)
    assert reply["status"] == "failed"
    assert (reply["error"]["code"], reply["error"]["action"]) == (weather.code, weather.action)
    message = reply["error"]["message"]
    assert len(message) > 10 and "\n" not in message and "sk-" not in message and "Traceback" not in message
    assert bool(reply["text"]) == weather.text and TEXT.startswith(reply["text"])
    rows = await house.services.database.read(
        lambda connection: list(connection.execute(select(ledger.calls).order_by(ledger.calls.c.id)))
    )
    assert tuple(row.status for row in rows) == weather.rows
    for row in rows:
        assert row.settled_at is not None
        assert (row.cost_nanos > 0) == (row.status in ("cut", "done"))
    kept = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"]
    assert kept["conversation"]["figures"]["cost_nanos"] == sum(row.cost_nanos for row in rows)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "failure", [Answer(status=429, retry_after="0.05"), Answer(status=429), Answer(status=503), Answer(cut_after=0)]
)
async def test_a_passing_failure_is_tried_again_before_anything_was_said(
    phone: Phone, upstream: Upstream, failure: Answer, model: str
) -> None:
    upstream.script(failure, Answer(text="there"))
    reply = await phone.ask("hello", model=model)
    assert (reply["status"], reply["text"]) == ("done", "there")
    assert reply["usage"]["calls"] == 2


@pytest.mark.parametrize("model", MODELS)
async def test_one_garbled_frame_does_not_end_a_reply(phone: Phone, upstream: Upstream, model: str) -> None:
    upstream.script(Answer(text=TEXT, garbage_after=12))
    reply = await phone.ask("hello", model=model)
    assert (reply["status"], reply["text"]) == ("done", TEXT)


@pytest.mark.parametrize("model", MODELS)
async def test_a_refusal_is_an_answer_that_says_so(phone: Phone, upstream: Upstream, model: str) -> None:
    upstream.script(Answer(text="", refusal="I cannot help with that."))
    reply = await phone.ask("hello", model=model)
    assert reply["finish_reason"] == "refusal"
    assert "cannot help" in reply["text"] + " ".join(reply["notes"]) + str(reply["error"])


async def test_a_provider_that_stays_silent_is_given_up(house: House, phone: Phone, upstream: Upstream) -> None:
    await house.stop()
    house.environment |= {"LLM_ROUTER_FIRST_BYTE_TIMEOUT": "0.2", "LLM_ROUTER_IDLE_TIMEOUT": "0.2"}
    await house.start()
    phone.http.base_url = house.url
    upstream.script(Answer(hold_after=0))
    reply = await phone.ask("hello")
    assert (reply["error"]["code"], reply["error"]["action"]) == ("timeout", "retry")
    upstream.script(Answer(text=TEXT, hold_after=12))
    reply = await phone.ask("hello")
    assert (reply["error"]["code"], reply["error"]["action"]) == ("timeout", "continue")


async def test_a_host_that_does_not_exist_is_named(house: House, phone: Phone, root: Phone) -> None:
    await root.post(
        "/api/settings/api-keys",
        {"provider": "compatible", "base_url": "http://no-such-host.invalid/v1", "everybody": True},
    )
    reply = await phone.ask("hello", model="compatible/anything")
    assert reply["error"]["code"] == "network" and "no-such-host.invalid" in reply["error"]["message"]


async def test_without_a_key_the_person_is_told_which_one_is_needed(phone: Phone) -> None:
    reply = await phone.ask("hello", model="openrouter/x/y")
    assert (reply["error"]["code"], reply["error"]["action"]) == ("no_key", "add_key")
    assert "OpenRouter" in reply["error"]["message"]


async def test_a_model_of_nobodys_family_can_be_picked_anew(phone: Phone) -> None:
    reply = await phone.ask("hello", model="zzz-nine")
    assert (reply["error"]["code"], reply["error"]["action"]) == ("unknown_model", "pick_model")


async def test_what_a_model_does_not_take_is_left_out_and_said(phone: Phone, upstream: Upstream) -> None:
    reply = await phone.ask("hello", model="gpt-5.1", temperature=0.5)
    assert reply["status"] == "done"
    assert "temperature" not in upstream.calls[0].body
    assert any("temperature 0.5 left out" in note for note in reply["notes"])


@pytest.mark.parametrize("text", ["", "   \n "])
async def test_a_message_of_nothing_is_refused(phone: Phone, text: str) -> None:
    conversation = await phone.conversation()
    body = {"client_id": "12345678-none", "text": text}
    answer = await phone.post(f"/api/conversations/{conversation}/messages", body, expect=400)
    assert answer["error"]["code"] == "empty"


async def test_a_message_of_a_megabyte_arrives_whole(phone: Phone, upstream: Upstream) -> None:
    text = "漢字 and words\n" * 60_000
    reply = await phone.ask(text[:1_000_000])
    assert reply["status"] == "done"
    assert text[:1_000_000] in upstream.calls[0].body["input"][0]["content"]


async def test_more_than_a_megabyte_is_refused_with_its_size(phone: Phone) -> None:
    conversation = await phone.conversation()
    body = {"client_id": "12345678-much", "text": "x" * 1_000_001}
    answer = await phone.post(f"/api/conversations/{conversation}/messages", body, expect=400)
    assert "1,000,001" in answer["error"]["message"]


NASTY = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "👩‍💻🇩🇪 emoji",
    "日本語と中文と한국어",
    "שלום עולם مرحبا",
    "a\u202eb\u2066c",
    "\ud7ff\ue000\U0010ffff",
    "line\r\nline\rline\n",
    "`${alert(1)}` {{7*7}} %s \\u0000",
]


@pytest.mark.parametrize("text", NASTY)
async def test_any_text_comes_back_as_it_was(phone: Phone, upstream: Upstream, text: str) -> None:
    upstream.script(Answer(text=text, chunk=1))
    reply = await phone.ask(text)
    page = await phone.get(f"/api/conversations/{reply['conversation_id']}")
    assert [message["text"] for message in page["messages"]] == [text, text]
    assert "<script" not in reply["html"] and "<img" not in reply["html"]
