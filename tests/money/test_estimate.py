"""How good the guess is: the true counts are those that current vocabularies give, the bounds are loose on purpose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.money.estimate import request_tokens, tokens
from server.wire.request import Message, Request, TextPart, Tool, ToolCallPart, ToolResultPart

ENGLISH = (
    "The reply runs on the server, so you can lock the phone and come back later. Nothing is lost, nothing is said"
    " twice, and what it cost stands below the answer. If the network goes away, the page waits for it."
)
CODE = """def settle(usage, price):
    if price is None:
        return None, "unknown_price"
    total = sum(getattr(usage, bucket) * getattr(price, bucket) for bucket in BUCKETS)
    return total // 1_000_000, "computed"
"""
RUSSIAN = "Ответ выполняется на сервере, поэтому телефон можно убрать в карман и вернуться позже: ничего не потеряется."
CHINESE = "回复在服务器上运行，所以你可以锁上手机，稍后再回来。什么都不会丢失，也不会重复。"


@pytest.mark.parametrize(
    ("text", "fewest", "most"),
    [
        ("Hello, world!", 3, 5),
        ("The quick brown fox jumps over the lazy dog.", 8, 12),
        (ENGLISH, len(ENGLISH.split()) * 0.95, len(ENGLISH.split()) * 1.5),
        (ENGLISH, len(ENGLISH) / 5.5, len(ENGLISH) / 3.4),
        (CODE, len(CODE) / 4.8, len(CODE) / 2.6),
        (RUSSIAN, len(RUSSIAN) / 4, len(RUSSIAN) / 1.8),
        (CHINESE, len(CHINESE) * 0.55, len(CHINESE) * 1.3),
        ("1234567890" * 10, 30, 60),
        ("👩‍💻🎉", 3, 12),
    ],
)
def test_the_estimate_is_within_the_bounds_of_real_vocabularies(text: str, fewest: float, most: float) -> None:
    assert fewest <= tokens(text) <= most


def test_nothing_is_no_token_and_anything_is_one() -> None:
    assert tokens("") == 0
    assert tokens(" ") == tokens("\n") == tokens("a") == 1


@given(st.text(max_size=200), st.text(max_size=200))
def test_more_text_is_never_fewer_tokens_and_parts_add_up(one: str, other: str) -> None:
    assert tokens(one + other) >= max(tokens(one), tokens(other))
    assert abs(tokens(one + other) - tokens(one) - tokens(other)) <= 2


@given(st.text(min_size=1, max_size=200))
def test_a_text_has_no_more_tokens_than_bytes_and_a_few(text: str) -> None:
    assert 1 <= tokens(text) <= len(text.encode("utf-8", "surrogatepass")) + 1


def test_a_request_counts_everything_that_is_sent() -> None:
    messages = tuple(Message(role, (TextPart(ENGLISH), TextPart(CODE))) for role in ("user", "assistant", "user"))
    bare = Request(model="m", messages=messages)
    assert request_tokens(bare) >= 3 * tokens(ENGLISH + CODE)
    assert request_tokens(bare) <= 3 * tokens(ENGLISH + CODE) + 20
    told = Request(model="m", messages=messages, system=RUSSIAN)
    assert request_tokens(told) >= request_tokens(bare) + tokens(RUSSIAN)


def test_tools_their_calls_and_what_they_gave_back_are_sent_too() -> None:
    asked = Message("user", (TextPart(ENGLISH),))
    plain = request_tokens(Request("m", (asked,)))
    offered = request_tokens(Request("m", (asked,), tools=(Tool("look_up", ENGLISH, {"type": "object"}),)))
    called = Message("assistant", (ToolCallPart("c", "look_up", CODE),))
    answered = Message("user", (ToolResultPart("c", (TextPart(CODE),)),))
    assert offered >= plain + tokens(ENGLISH)
    assert request_tokens(Request("m", (asked, called, answered))) >= plain + 2 * tokens(CODE)
