"""What a provider's own usage object costs, read off its wire as a stream and as one answer: worked out by hand.

The objects are those of the providers' documentation and of bug reports that quote the provider's bill; prices are in
dollars per million tokens, so that tokens times price is in millionths of a dollar (µ$).
"""

import base64
from typing import Any

import pytest

from server.calls.settlement import price_of
from server.gateway.surface import CHAT, MESSAGES, RESPONSES
from server.wire import anthropic_messages, openai_chat, openai_images, openai_responses
from server.wire.events import Usage
from server.wire.openai_images import ImageRequest
from tests.money.listed import find
from tests.money.reading import NOON, dollars, streamed, whole

CHATS: list[Any] = [
    pytest.param(
        # gpt-4o 2.50 / 1.25 cached / 10: 86 × 2.50 + 1920 × 1.25 + 300 × 10 = 215 + 2400 + 3000 µ$
        "openai",
        "gpt-4o",
        {
            "prompt_tokens": 2006,
            "completion_tokens": 300,
            "total_tokens": 2306,
            "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "0.005615",
        "computed",
        id="openai, cached prompt",
    ),
    pytest.param(
        # gpt-6.1-sol above 272,000 tokens 4 / 0.20 / 15: 100,000 × 4 + 200,000 × 0.20 + 2000 × 15 µ$
        "openai",
        "gpt-6.1-sol",
        {
            "prompt_tokens": 300_000,
            "completion_tokens": 2000,
            "total_tokens": 302_000,
            "prompt_tokens_details": {"cached_tokens": 200_000},
        },
        "0.47",
        "computed",
        id="openai, long context",
    ),
    pytest.param(
        # gemini-2.5-pro above 200,000 tokens 2.50 / 15, thoughts are output: 250,000 × 2.50 + 12,000 × 15 µ$
        "gemini",
        "gemini-2.5-pro",
        {"prompt_tokens": 250_000, "completion_tokens": 5000, "total_tokens": 262_000},
        "0.805",
        "computed",
        id="gemini, long context, thoughts only in the total",
    ),
    pytest.param(
        # deepseek-v4-pro off peak 0.66 / 0.022 hit / 1.98:
        # 936 × 0.66 + 64 × 0.022 + 120 × 1.98 = 617.76 + 1.408 + 237.6 µ$
        "deepseek",
        "deepseek-v4-pro",
        {
            "prompt_tokens": 1000,
            "prompt_cache_hit_tokens": 64,
            "prompt_cache_miss_tokens": 936,
            "completion_tokens": 120,
            "total_tokens": 1120,
        },
        "0.000856768",
        "computed",
        id="deepseek, off peak",
    ),
    pytest.param(
        # mistral-large-4 0.70 / 2.10: 16 × 0.70 + 34 × 2.10 = 11.2 + 71.4 µ$
        "mistral",
        "mistral-large-4",
        {"prompt_tokens": 16, "completion_tokens": 34, "total_tokens": 50},
        "0.0000826",
        "computed",
        id="mistral",
    ),
    pytest.param(
        # gpt-oss-120b 0.15 / 0.075 / 0.60: 6000 × 0.15 + 4000 × 0.075 + 1000 × 0.60 = 900 + 300 + 600 µ$
        "groq",
        "openai/gpt-oss-120b",
        {
            "queue_time": 0.037,
            "prompt_tokens": 10_000,
            "prompt_tokens_details": {"cached_tokens": 4000},
            "completion_tokens": 1000,
            "total_tokens": 11_000,
        },
        "0.0018",
        "computed",
        id="groq",
    ),
    pytest.param(
        # OpenRouter says 0.95; what its upstream took is in that, and not on top
        "openrouter",
        "somebody/new",
        {
            "completion_tokens": 2,
            "completion_tokens_details": {"reasoning_tokens": 0},
            "cost": 0.95,
            "cost_details": {"upstream_inference_cost": 19},
            "prompt_tokens": 194,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "total_tokens": 196,
        },
        "0.95",
        "exact",
        id="openrouter, its own figure",
    ),
    pytest.param(
        # 37,756,000 ticks of which a dollar has 10^10
        "xai",
        "grok-4.7",
        {"prompt_tokens": 199, "completion_tokens": 1, "total_tokens": 200, "cost_in_usd_ticks": 37_756_000},
        "0.0037756",
        "exact",
        id="xai, its own figure in ticks",
    ),
    pytest.param(
        "compatible",
        "sonar",
        {
            "prompt_tokens": 8,
            "completion_tokens": 439,
            "total_tokens": 447,
            "cost": {"input_tokens_cost": 0.00002, "output_tokens_cost": 0.0066, "total_cost": 0.01162},
        },
        "0.01162",
        "exact",
        id="perplexity, its own figure with its parts",
    ),
    pytest.param(
        # sound has prices of its own: better not known than too little
        "openai",
        "gpt-4o",
        {
            "prompt_tokens": 100,
            "completion_tokens": 50,
            "prompt_tokens_details": {"audio_tokens": 80, "cached_tokens": 0},
        },
        None,
        "unknown_price",
        id="sound",
    ),
]
RESPONDED: list[Any] = [
    pytest.param(
        # gpt-5.1 1.25 / 10: 75 × 1.25 + 1186 × 10 = 93.75 + 11,860 µ$
        "gpt-5.1",
        {
            "input_tokens": 75,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 1186,
            "output_tokens_details": {"reasoning_tokens": 1024},
            "total_tokens": 1261,
        },
        {"service_tier": "default"},
        "0.01195375",
        "computed",
        id="reasoning is output, once",
    ),
    pytest.param(
        # gpt-5.1 priority 2.50 / 0.25 / 20, a search is a cent: 40 × 2.50 + 60 × 0.25 + 50 × 20 + 20,000 = 21,115 µ$
        "gpt-5.1",
        {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 60},
            "output_tokens": 50,
            "output_tokens_details": {"reasoning_tokens": 20},
            "total_tokens": 150,
        },
        {"service_tier": "priority", "tool_usage": {"web_search": {"num_requests": 2}}},
        "0.021115",
        "computed",
        id="priority, two searches",
    ),
    pytest.param(
        "grok-4.7",
        {"input_tokens": 199, "output_tokens": 1, "total_tokens": 200, "cost_in_usd_ticks": 158_500},
        {},
        "0.00001585",
        "exact",
        id="xai, its own figure",
    ),
    pytest.param(
        # the pictures of the hosted tool are billed beside the usage, at the prices of another model
        "gpt-5.1",
        {"input_tokens": 100, "output_tokens": 50, "total_tokens": 150},
        {"tool_usage": {"image_gen": {"input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210}}},
        None,
        "unknown_price",
        id="a hosted tool that makes pictures",
    ),
]
MESSAGED: list[Any] = [
    pytest.param(
        # claude-sonnet-4-5 3 / 3.75 (5 min) / 6 (1 h) / 0.30 read / 15:
        # 2048 × 3 + 148 × 3.75 + 100 × 6 + 1800 × 0.30 + 503 × 15 = 6144 + 555 + 600 + 540 + 7545 µ$
        "claude-sonnet-4-5",
        {
            "input_tokens": 2048,
            "cache_read_input_tokens": 1800,
            "cache_creation_input_tokens": 248,
            "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
            "output_tokens": 503,
        },
        "0.015384",
        id="both times to live",
    ),
    pytest.param(
        # claude-sonnet-4-5, and a cent for the search: 10,682 × 3 + 510 × 15 + 10,000 = 49,696 µ$
        "claude-sonnet-4-5",
        {
            "input_tokens": 10_682,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 510,
            "server_tool_use": {"web_search_requests": 1},
        },
        "0.049696",
        id="a web search",
    ),
    pytest.param(
        # claude-haiku-5-5 above 100,000 tokens 0.50 / 0.05 read / 2.50, cached ones count for the threshold:
        # 5000 × 0.50 + 110,000 × 0.05 + 1000 × 2.50 = 2500 + 5500 + 2500 µ$
        "claude-haiku-5-5",
        {
            "input_tokens": 5000,
            "cache_read_input_tokens": 110_000,
            "cache_creation_input_tokens": 0,
            "output_tokens": 1000,
        },
        "0.0105",
        id="long context, by all of the input",
    ),
    pytest.param(
        # claude-opus-5-5 fast 8 / 40: 10,000 × 8 + 1000 × 40 = 120,000 µ$
        "claude-opus-5-5",
        {"input_tokens": 10_000, "output_tokens": 1000, "service_tier": "standard", "speed": "fast"},
        "0.12",
        id="the fast speed",
    ),
]


def chat_frames(usage: dict[str, Any]) -> list[dict[str, Any]]:
    delta = {"choices": [{"index": 0, "delta": {"content": "hi"}}]}
    return [delta, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": usage}]


@pytest.mark.parametrize(("provider", "model", "usage", "amount", "state"), CHATS)
def test_a_chat_costs_what_was_worked_out_by_hand_streamed_or_not(
    provider: str, model: str, usage: dict[str, Any], amount: str | None, state: str
) -> None:
    used = whole(CHAT, {"usage": usage})
    assert streamed(openai_chat.Reader(), chat_frames(usage)) == used
    assert price_of(used, find(provider, model, NOON), "provider") == (dollars(amount), state)


@pytest.mark.parametrize(("model", "usage", "response", "amount", "state"), RESPONDED)
def test_a_response_costs_what_was_worked_out_by_hand_streamed_or_not(
    model: str, usage: dict[str, Any], response: dict[str, Any], amount: str | None, state: str
) -> None:
    answer = {"id": "resp_1", "status": "completed", "output": [], "usage": usage} | response
    used = whole(RESPONSES, answer)
    assert streamed(openai_responses.Reader(), [{"type": "response.completed", "response": answer}]) == used
    assert price_of(used, find("openai", model, NOON), "provider") == (dollars(amount), state)


@pytest.mark.parametrize(("model", "usage", "amount"), MESSAGED)
def test_a_message_costs_what_was_worked_out_by_hand_streamed_or_not(
    model: str, usage: dict[str, Any], amount: str
) -> None:
    used = whole(MESSAGES, {"usage": usage})
    start = {"type": "message_start", "message": {"id": "m", "model": model, "usage": usage | {"output_tokens": 3}}}
    # The counts of the end are of the whole message, and the input is said again.
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}
    assert streamed(anthropic_messages.Reader(), [start, end, {"type": "message_stop"}]) == used
    assert price_of(used, find("anthropic", model, NOON), "provider") == (dollars(amount), "computed")


def test_a_picture_costs_what_was_worked_out_by_hand_streamed_or_not() -> None:
    """gpt-image-1 5 text / 10 pictures / 40: 10 × 5 + 40 × 10 + 50 × 40 = 50 + 400 + 2000 µ$."""
    usage = {
        "total_tokens": 100,
        "input_tokens": 50,
        "output_tokens": 50,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    }
    request, data = ImageRequest("gpt-image-1", "a fox"), base64.b64encode(b"\x89PNG").decode()
    frame = {"type": "image_edit.completed", "b64_json": data, "usage": usage}
    (used,) = [
        event
        for event in openai_images.read_answer({"data": [{"b64_json": data}], "usage": usage}, request)
        if isinstance(event, Usage)
    ]
    assert streamed(openai_images.Reader(request), [frame]) == used
    assert price_of(used, find("openai", "gpt-image-1", NOON), "provider") == (dollars("0.00245"), "computed")


def test_pictures_by_the_piece_cost_so_many_times_one() -> None:
    used = openai_images.read_usage({}, "hd 1024x1024", 3)
    assert price_of(used, find("openai", "dall-e-3", NOON), "provider") == (dollars("0.24"), "computed")
    charged = openai_images.read_usage({"cost_in_usd_ticks": 200_000_000}, "standard 1024x1024")
    assert price_of(charged, None, "provider") == (dollars("0.02"), "exact")
