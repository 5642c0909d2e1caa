"""A newer price list in the data folder: taken whole or not at all, and only while it is the newer one."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from genai_prices.data_snapshot import get_snapshot

from server.errors import BadRequest, Unavailable
from server.money import price_list
from server.money.price_list import FILE, PriceList, install
from tests.money.list_file import published, with_price, without

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def cost(prices: PriceList, model: str = "gpt-5.1") -> int | None:
    price = prices.find("openai", model, NOW)
    return price.input if price else None


def test_the_same_list_from_a_file_has_the_same_price_for_every_model_at_any_hour(tmp_path: Path) -> None:
    about, changed = install(tmp_path, published().encode())
    assert (about.source, changed) == ("file", 0)
    ours, theirs = PriceList(tmp_path), PriceList(None)
    assert ours.about().models == theirs.about().models > 1000
    names = {listed: name for name, listed in price_list._LISTED_AS.items()}
    for provider in get_snapshot().providers:
        for model in provider.models if provider.id in names else ():
            for at in (NOW, NOW.replace(hour=2), NOW.replace(month=6)):
                here = ours.find(names[provider.id], model.id, at)
                there = theirs.find(names[provider.id], model.id, at)
                assert (here is None) == (there is None)
                if here and there:
                    assert (here.standard, here.special, here.web_search) == (
                        there.standard,
                        there.special,
                        there.web_search,
                    )


def test_a_new_list_counts_at_once_and_leaves_nothing_else_behind(tmp_path: Path) -> None:
    prices = PriceList(tmp_path)
    assert cost(prices) == 1_250_000_000
    about, changed = install(tmp_path, with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    assert (cost(prices), changed) == (9_000_000_000, 1)
    assert prices.about() == about
    found = prices.find("openai", "gpt-5.1", NOW)
    assert found is not None and (found.source, found.version) == ("file", about.version)
    assert [file.name for file in tmp_path.iterdir()] == [FILE]
    (tmp_path / FILE).unlink()
    assert cost(prices) == 1_250_000_000


def test_a_list_that_cannot_be_put_in_its_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left on the device")

    monkeypatch.setattr(price_list.os, "replace", full)
    with pytest.raises(Unavailable, match="no space left"):
        install(tmp_path, with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_is_wrong_is_refused_and_the_one_that_was_there_stays(tmp_path: Path) -> None:
    install(tmp_path, with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    wrong = {
        b"not json": "not JSON",
        b"[" * 100_000: "not JSON",
        b'{"prices": []}': "no price list",
        b"[]": "not whole: it does not have anthropic, deepseek",
        without("x-ai"): "not whole: it does not have x-ai",
        with_price("gpt-5.1", input_mtok=-1, output_mtok=1): "gpt-5.1 has a negative price",
        published().replace('"match":', '"matches":').encode(): "cannot be read",
    }
    for text, why in wrong.items():
        with pytest.raises(BadRequest) as refused:
            install(tmp_path, text)
        assert why in refused.value.message
    assert cost(PriceList(tmp_path)) == 9_000_000_000
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


def test_a_release_with_another_list_in_it_goes_before_the_file(tmp_path: Path) -> None:
    install(tmp_path, with_price("gpt-5.1", input_mtok=9, output_mtok=90))
    file = tmp_path / FILE
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | {"package": "0.0.1"}), "utf-8")
    assert cost(PriceList(tmp_path)) == 1_250_000_000


def test_a_file_that_was_damaged_is_passed_over_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text('{"package": ', "utf-8")
    with caplog.at_level(logging.ERROR):
        assert cost(PriceList(tmp_path)) == 1_250_000_000
    assert "cannot be read" in caplog.text
