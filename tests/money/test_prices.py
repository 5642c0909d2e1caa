"""Which price a model has at a moment, and what is honestly not known."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.money import price_book, price_entry
from server.money.prices import FREE, Price
from tests.money.listed import find

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_listed_model_has_its_price_in_nano_dollars_per_million_tokens() -> None:
    price = find("openai", "gpt-5.1", NOW)
    assert price is not None
    assert (price.input, price.output) == (1_250_000_000, 10_000_000_000)
    assert price.standard.rates.cache_read == 125_000_000
    assert price.web_search == 10_000_000
    assert price.source == "genai-prices"
    assert price.version
    assert not price.free


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-4.1-mini"),
        ("openai", "gpt-3.5-turbo"),
        ("openai", "o3"),
        ("openai", "gpt-5.1-2025-11-13"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-20250929"),
        ("anthropic", "claude-haiku-4-5"),
        ("gemini", "gemini-2.5-pro"),
        ("openrouter", "anthropic/claude-opus-5.5"),
        ("groq", "openai/gpt-oss-120b"),
        ("mistral", "mistral-large-4"),
        ("deepseek", "deepseek-v4-pro"),
        ("xai", "grok-4.7"),
    ],
)
def test_every_provider_of_ours_finds_its_models_in_the_list(provider: str, model: str) -> None:
    price = find(provider, model, NOW)
    assert price is not None
    assert price.input
    assert price.output


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-99"),
        ("openai", ""),
        ("anthropic", "claude-mythos-5-1"),
        ("anthropic", "gpt-5.1"),
        ("openrouter", "nobody/nothing"),
        ("compatible", "gpt-5.1"),
        ("somebody", "gpt-5.1"),
    ],
)
def test_an_unknown_model_has_no_price_rather_than_a_guessed_one(provider: str, model: str) -> None:
    assert find(provider, model, NOW) is None


def test_a_machine_of_ones_own_and_the_demo_cost_nothing() -> None:
    assert find("ollama", "qwen3:8b", NOW) is FREE
    assert find("demo", "demo", NOW) is FREE
    assert FREE.free


def test_the_price_is_the_one_of_that_day_and_hour() -> None:
    before = find("openai", "gpt-5.6-sol", datetime(2026, 8, 20, 23, 59, tzinfo=UTC))
    after = find("openai", "gpt-5.6-sol", datetime(2026, 8, 21, tzinfo=UTC))
    assert before is not None
    assert after is not None
    assert (before.input, after.input) == (5_000_000_000, 4_000_000_000)
    peak = find("deepseek", "deepseek-v4-pro", NOW.replace(hour=2))
    rest = find("deepseek", "deepseek-v4-pro", NOW)
    assert peak is not None
    assert rest is not None
    assert peak.input == 2 * (rest.input or 0)


def test_a_service_tier_has_its_own_card_and_an_unknown_one_has_none() -> None:
    price = find("openai", "gpt-6.1-sol", NOW)
    assert price is not None
    assert price.card(None) is price.card("default") is price.card("standard") is price.standard
    priority = price.card("priority")
    assert priority is not None
    assert priority.rates.input == 4_000_000_000
    assert price.card("ultrafast") is None
    assert set(price.only("priority").special) == {"priority"}
    assert price.only(None).special == {}


def test_the_long_time_to_live_is_unknown_where_the_list_has_no_price_for_it() -> None:
    price = find("openai", "gpt-6.1-sol", NOW)
    assert price is not None
    assert price.standard.rates.cache_write_5m == 2_500_000_000
    assert price.standard.rates.cache_write_long is None


@pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-5.1", "gpt-4o"])
def test_a_price_frozen_on_a_row_thaws_as_the_same_price(model: str) -> None:
    price = find("openai", model, NOW)
    assert price is not None
    assert Price.from_dict(json.loads(json.dumps(price.to_dict()))) == price
    assert Price.from_dict(json.loads(json.dumps(FREE.to_dict()))) == FREE
    assert len(json.dumps(price.only(None).to_dict())) < 600


def test_the_file_goes_before_the_list_from_its_day_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {
        "prices": [
            {
                "provider": "openai",
                "model": "gpt-5.*",
                "from": "2026-11-01",
                "input": "0.003625",
                "output": "2",
                "cache_write_long": "7",
                "web_search": "0.01",
                "tiers": [{"above": 1000, "input": "9", "output": "9"}],
                "special": {"ultrafast": {"input": "6", "output": "12"}},
            },
            {"provider": "openai", "model": "gpt-5.1", "from": "2026-12-01", "free": True},
        ]
    }
    file = tmp_path / "overrides.json"
    file.write_text(json.dumps(ours), "utf-8")
    monkeypatch.setattr(price_book, "SHIPPED", file)
    price_book._entries.cache_clear()
    try:
        october, november, december = (find("openai", "gpt-5.1", NOW.replace(month=month)) for month in (10, 11, 12))
        assert october is not None
        assert october.source == "genai-prices"
        assert november is not None
        assert (november.source, november.version) == ("override", "2026-11-01")
        assert november.input == 3_625_000
        assert november.standard.rates.cache_write_long == 7_000_000_000
        assert november.standard.at(1001).input == 9_000_000_000
        assert november.standard.at(1000).input == 3_625_000
        assert november.web_search == 10_000_000
        assert Price.from_dict(november.to_dict()) == november
        assert december is FREE
    finally:
        price_book._entries.cache_clear()


def test_the_file_that_is_shipped_can_be_read() -> None:
    for entry in json.loads(price_book.SHIPPED.read_text("utf-8"))["prices"]:
        assert price_entry.read(entry, "override", entry["from"])
        assert entry["model"] == entry["model"].lower()
