"""What other programs got wrong about money, with the figures of their reports: tokens × price is in µ$."""

from typing import Any

import pytest

from server.calls.meter import Meter
from server.calls.settlement import price_of
from server.gateway.surface import CHAT, MESSAGES, RESPONSES, Surface
from server.money import cost, price_entry
from server.money.prices import Price
from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.events import Usage
from tests.money.listed import find
from tests.money.reading import NOON, dollars, streamed, whole


def test_tokens_that_are_written_to_the_cache_are_not_charged_as_input_as_well() -> None:
    """BerriAI/litellm#9812 charged 0.0913; Anthropic 3 × 3 + 12,304 × 3.75 + 550 × 15 = 54,399 µ$."""
    usage = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 12_304,
        "cache_read_input_tokens": 0,
        "output_tokens": 550,
    }
    used = whole(MESSAGES, {"usage": usage})
    price = find("anthropic", "claude-3-7-sonnet-20250219", NOON)
    assert price_of(used, price, "provider") == (dollars("0.054399"), "computed")


def test_cached_tokens_within_the_prompt_are_charged_at_the_price_of_the_cache() -> None:
    """maximhq/bifrost#904 charged 1.68; OpenAI 51,232 × 1.25 + 1,188,096 × 0.125 + 12,909 × 10 = 341,642 µ$."""
    usage = {
        "prompt_tokens": 51_232 + 1_188_096,
        "prompt_tokens_details": {"cached_tokens": 1_188_096},
        "completion_tokens": 12_909,
    }
    used = whole(CHAT, {"usage": usage})
    assert price_of(used, find("openai", "gpt-5.1", NOON), "provider") == (dollars("0.341642"), "computed")


def test_a_stream_says_the_input_twice_and_is_charged_for_it_once() -> None:
    """maximhq/bifrost#3451 charged 1.8598; Anthropic 6 × 5 + 159,217 × 6.25 + 2745 × 25 = 1,063,761.25 µ$."""
    usage = {"input_tokens": 6, "cache_creation_input_tokens": 159_217, "output_tokens": 2745}
    frames: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": usage | {"output_tokens": 1}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    used = streamed(anthropic_messages.Reader(), frames)
    rates = {"input": "5", "output": "25", "cache_read": "0.5", "cache_write_5m": "6.25", "cache_write_long": "10"}
    price = price_entry.read(price_entry.check(rates), "admin", "1")
    assert price_of(used, price, "provider") == (dollars("1.06376125"), "computed")


def test_an_admins_price_charges_cached_tokens_once_too() -> None:
    """BerriAI/litellm#40006: a price of one's own charged what was read from the cache at both of its prices."""
    rates = {"input": "3", "output": "15", "cache_read": "0.3", "cache_write_5m": "3.75"}
    price = price_entry.read(price_entry.check(rates), "admin", "1")
    usage = {
        "input_tokens": 100,
        "cache_creation_input_tokens": 700,
        "cache_read_input_tokens": 200,
        "output_tokens": 0,
    }
    # 100 × 3 + 700 × 3.75 + 200 × 0.30 = 300 + 2625 + 60 µ$
    assert price_of(whole(MESSAGES, {"usage": usage}), price, "provider") == (dollars("0.002985"), "computed")


def test_counts_that_grow_with_every_frame_are_not_added_up() -> None:
    """songquanpeng/one-api added the count of the first event to that of the last, which has it already."""
    anthropic: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
    ]
    assert streamed(anthropic_messages.Reader(), anthropic) == Usage(input=25, output=15)
    counted = [{"choices": [], "usage": {"prompt_tokens": 25, "completion_tokens": count}} for count in (1, 9, 15)]
    finish = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    assert streamed(openai_chat.Reader(), [*counted[:2], finish, counted[2]]) == Usage(input=25, output=15)


@pytest.mark.parametrize(
    ("surface", "usage"),
    [
        (CHAT, {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 90}}),
        (CHAT, {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 9}}),
        (CHAT, {"prompt_tokens": 10, "prompt_cache_hit_tokens": 64, "completion_tokens": -1}),
        (RESPONSES, {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 90}, "output_tokens": 5}),
        (RESPONSES, {"input_tokens": 10, "output_tokens": 5, "output_tokens_details": {"reasoning_tokens": 7}}),
        (MESSAGES, {"input_tokens": -1, "cache_read_input_tokens": 90, "output_tokens": 5}),
    ],
)
def test_what_is_taken_off_never_makes_a_count_or_a_cost_negative(surface: Surface, usage: dict[str, Any]) -> None:
    """QuantumNous/new-api#5005: the prompt less what was cached fell below zero, and so did the bill."""
    used = whole(surface, {"usage": usage})
    assert min(used.input, used.cache_read, used.output, used.reasoning) >= 0
    price = find("openai", "gpt-5.1", NOON)
    assert price is not None
    assert (cost.compute(used, price) or 0) > 0


def test_an_answer_that_was_cut_at_its_limit_says_what_it_used() -> None:
    """QuantumNous/new-api#7241: `response.incomplete` was not looked at, and cost nothing."""
    response = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [],
        "usage": {"input_tokens": 75, "output_tokens": 1186, "total_tokens": 1261},
    }
    used = streamed(openai_responses.Reader(), [{"type": "response.incomplete", "response": response}])
    assert used == Usage(input=75, output=1186)


def test_what_an_upstream_says_when_it_fails_is_no_output() -> None:
    """QuantumNous/new-api#5287: the words of an error were counted and billed as an answer."""
    meter = Meter(find("openai", "gpt-5.1", NOON), 1000)
    frame = {"error": {"message": "the server had an error " * 200, "code": 500}}
    assert not any(isinstance(event, Usage) for event in openai_chat.Reader().read(frame))
    assert meter.outcome(finished=False) == (Usage(), "provider")
    assert price_of(Usage(), meter.price, "provider") == (0, "free")


def test_an_amount_for_one_token_where_one_for_a_million_belongs_is_seen_to_be_tiny() -> None:
    """maximhq/bifrost#5243 mixed the two up: here there is one unit, and a sum that is worked out shows the slip."""
    per_token = price_entry.read(price_entry.check({"input": "0.00000125", "output": "0.00001"}), "admin", "1")
    per_million = price_entry.read(price_entry.check({"input": "1.25", "output": "10"}), "admin", "1")
    example = Usage(input=1000, output=500)
    assert cost.compute(example, per_million) == dollars("0.00625")
    assert cost.compute(example, per_token) == 6


def test_a_price_for_the_request_itself_comes_on_top() -> None:
    price = price_entry.read(price_entry.check({"input": "1", "output": "1", "request": "0.005"}), "admin", "1")
    assert cost.compute(Usage(input=1000, output=1000), price) == dollars("0.007")
    assert Price.from_dict(price.to_dict()) == price
    assert not price_entry.read({"input": "0", "output": "0", "request": "0.005"}, "admin", "1").free
