"""What we know of models by name, and what their providers say of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.providers import catalog
from server.providers.base import Model
from server.providers.known import PROVIDERS
from tests.wire.test_openai_responses import JSON

REASONING = ("none", "low", "medium", "high")


@pytest.mark.parametrize(
    ("name", "context", "efforts", "temperature", "vision", "tier"),
    [
        ("gpt-5.1", 400_000, REASONING, False, True, "large"),
        ("gpt-5.1-2025-11-13", 400_000, REASONING, False, True, "large"),
        ("gpt-5-mini", 400_000, ("minimal", "low", "medium", "high"), False, True, "medium"),
        ("gpt-6.1-sol", 1_050_000, ("low", "medium", "high", "xhigh", "max"), False, True, "large"),
        ("gpt-9", 1_050_000, ("low", "medium", "high", "xhigh", "max"), False, True, "large"),
        ("gpt-4.1-nano", 1_047_576, (), True, True, "small"),
        ("gpt-4o-2024-08-06", 128_000, (), True, True, "large"),
        ("gpt-4", 8_192, (), True, False, "large"),
        ("gpt-3.5-turbo-0125", 16_385, (), True, False, "small"),
        ("o3-mini", 200_000, ("low", "medium", "high"), False, False, "medium"),
        ("o1", 200_000, ("low", "medium", "high"), False, True, "large"),
        ("claude-sonnet-4-5", 200_000, REASONING, True, True, "medium"),
        ("claude-sonnet-4-5-20250929", 200_000, REASONING, True, True, "medium"),
        ("claude-opus-4-1-20250805", 200_000, REASONING, True, True, "large"),
        ("claude-opus-4-7", 1_000_000, (*REASONING, "xhigh", "max"), False, True, "large"),
        ("claude-haiku-4-5", 200_000, REASONING, True, True, "small"),
        ("anthropic/claude-sonnet-4.5", 200_000, REASONING, True, True, "medium"),
        ("openai/gpt-oss-120b:free", 131_072, ("low", "medium", "high"), True, False, "large"),
        ("nobody/knows-this-7b", None, None, None, None, "small"),
        ("nobody/knows-this", None, None, None, None, "medium"),
    ],
)
def test_a_name_says_what_a_model_can_do(
    name: str, context: int | None, efforts: Any, temperature: Any, vision: Any, tier: str
) -> None:
    model = catalog.describe("compatible", name, None)
    assert (model.context, model.efforts, model.temperature, model.vision, model.tier) == (
        context,
        efforts,
        temperature,
        vision,
        tier,
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("gpt-image-1", "image"),
        ("dall-e-3", "image"),
        ("gemini-2.5-flash-image", "image"),
        ("text-embedding-3-large", "embedding"),
        ("nomic-embed-text", "embedding"),
        ("whisper-1", "other"),
        ("gpt-4o-mini-tts", "other"),
        ("gpt-4o-realtime-preview", "other"),
        ("o3-deep-research", "other"),
        ("codex-mini-latest", "chat"),
        ("llama-3.1-8b-instruct", "chat"),
        ("gpt-5-chat-latest", "chat"),
    ],
)
def test_only_models_that_chat_are_offered_for_it(name: str, kind: str) -> None:
    assert catalog.describe("openai", name, {}).kind == kind


def test_openrouters_list_wins() -> None:
    model = catalog.describe(
        "openrouter",
        "x-ai/grok-9",
        {
            "id": "x-ai/grok-9",
            "name": "xAI: Grok 9",
            "created": 1_790_000_000,
            "context_length": 2_000_000,
            "architecture": {"input_modalities": ["text", "image"]},
            "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
            "top_provider": {"max_completion_tokens": 30_000},
            "supported_parameters": ["reasoning", "max_tokens"],
        },
    )
    assert model == Model(
        name="x-ai/grok-9",
        provider="openrouter",
        title="xAI: Grok 9",
        created=1_790_000_000,
        context=2_000_000,
        max_output=30_000,
        vision=True,
        efforts=("low", "medium", "high"),
        temperature=False,
        input_price=2_500_000_000,
        output_price=10_000_000_000,
        tier="large",
    )


def test_a_price_that_varies_is_not_a_price() -> None:
    model = catalog.describe("openrouter", "openrouter/auto", {"pricing": {"prompt": "-1", "completion": "?"}})
    assert (model.input_price, model.output_price) == (None, None)


@pytest.mark.parametrize(
    ("entry", "context"),
    [
        ({"context_window": 131_072}, 131_072),
        ({"max_context_length": 32_768}, 32_768),
        ({"max_model_len": 4_096}, 4_096),
        ({"context_length": "many"}, None),
    ],
)
def test_other_servers_have_other_words_for_the_context(entry: dict[str, Any], context: int | None) -> None:
    assert catalog.describe("compatible", "m", entry).context == context


def test_a_model_without_thinking_is_listed_without_levels() -> None:
    capabilities = {"thinking": {"supported": False, "types": {}}, "effort": {"supported": False}}
    assert catalog.describe("anthropic", "claude-x-9", {"capabilities": capabilities}).efforts == ()
    assert catalog.thinking("claude-x-9", {"capabilities": capabilities}) == "none"


@pytest.mark.parametrize(
    ("name", "thinking"),
    [
        ("claude-3-haiku-20240307", "none"),
        ("claude-sonnet-4-5", "enabled"),
        ("claude-opus-4-6", "adaptive"),
        ("claude-new-9", "adaptive"),
    ],
)
def test_how_a_model_thinks_is_known_by_its_name(name: str, thinking: str) -> None:
    assert catalog.thinking(name) == thinking


def test_the_built_in_lists_name_the_families_that_people_ask_for() -> None:
    names = {provider: [model.name for model in catalog.built_in(provider)] for provider in PROVIDERS}
    for name in ("gpt-6.1-sol", "gpt-5.1", "gpt-4.1", "gpt-4o", "gpt-3.5-turbo", "o3", "o4-mini"):
        assert name in names["openai"]
    for family in ("opus", "sonnet", "haiku"):
        assert any(family in name for name in names["anthropic"])
    assert "claude-sonnet-4-5" in names["anthropic"]
    assert names["ollama"] == names["compatible"] == []


def test_everything_built_in_is_marked_and_one_of_it_makes_pictures() -> None:
    models = [model for provider in PROVIDERS for model in catalog.built_in(provider)]
    assert {model.source for model in models} == {"built-in"}
    assert [model.name for model in models if model.kind != "chat"] == ["gpt-image-2"]
    known = [model for model in models if model.provider in ("openai", "anthropic") and model.kind == "chat"]
    assert all(model.context and model.max_output and model.efforts is not None for model in known)


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("gpt-5.1", "openai"),
        ("o3", "openai"),
        ("claude-next", "anthropic"),
        ("gemini-3-pro", "gemini"),
        ("grok-4", "xai"),
        ("gpt-oss-20b", None),
        ("meta/llama-3", None),
        ("something", None),
    ],
)
def test_a_bare_name_says_who_makes_it(name: str, provider: str | None) -> None:
    assert catalog.family(name) == provider


def test_the_newest_general_model_stands_in_for_a_missing_default() -> None:
    def listed(name: str, created: int | None) -> Model:
        return catalog.describe("openai", name, {"created": created})

    models = [
        listed("gpt-5.5", 30),
        listed("gpt-6", 40),
        listed("gpt-6-mini", 60),
        listed("gpt-6-codex", 70),
        listed("gpt-image-9", 90),
    ]
    newest = catalog.newest_general(models)
    assert newest is not None
    assert newest.name == "gpt-6"
    undated = catalog.newest_general([listed("gpt-5.5", None), listed("gpt-5.10", None)])
    assert undated is not None
    assert undated.name == "gpt-5.10"
    assert catalog.newest_general([]) is None


FIELDS = ["created", "created_at", "capabilities", "pricing", "architecture", "top_provider", "name", "id"]
MORE = ["supported_parameters", "reasoning", "context_length", "retires_at", "display_name"]


@given(st.dictionaries(st.sampled_from(FIELDS + MORE), JSON), st.text(max_size=30))
def test_no_entry_of_a_list_is_an_exception(entry: dict[str, Any], name: str) -> None:
    catalog.describe("openrouter", name, entry)
