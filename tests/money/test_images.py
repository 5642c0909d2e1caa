"""What pictures cost: by their tokens, or by the piece."""

from datetime import UTC, datetime

import pytest

from server.money import cost, estimate
from server.money.prices import Price
from server.wire.events import Usage
from server.wire.openai_images import ImageRequest
from server.wire.request import DocumentPart, ImagePart, Message, Request, TextPart
from tests.money.listed import find

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def price(model: str) -> Price:
    found = find("openai", model, NOW)
    assert found is not None
    return found


def test_tokens_of_pictures_have_prices_of_their_own() -> None:
    usage = Usage(input=100, image_input=1000, image_output=4160)
    assert cost.settle(usage, price("gpt-image-2"), "provider") == (133_300_000, "computed")


def test_a_model_that_makes_only_pictures_is_billed_for_them_at_its_output_price() -> None:
    assert price("gpt-image-1").standard.rates.image_output == 40_000_000_000
    assert price("gpt-5.1").standard.rates.image_output is None


@pytest.mark.parametrize(
    ("model", "kind", "nanos"),
    [
        ("dall-e-3", "standard 1024x1024", 40_000_000),
        ("dall-e-3", "hd 1792x1024", 120_000_000),
        ("dall-e-2", "standard 256x256", 16_000_000),
        ("dall-e-2", "standard 300x300", None),
    ],
)
def test_old_models_are_billed_by_the_piece(model: str, kind: str, nanos: int | None) -> None:
    assert cost.compute(Usage(images=1, image_class=kind), price(model)) == nanos


def test_the_price_of_a_picture_survives_its_row_in_the_ledger() -> None:
    kept = Price.from_dict(price("dall-e-3").to_dict())
    assert cost.compute(Usage(images=2, image_class="hd 1024x1024"), kept) == 160_000_000
    assert not kept.free


def test_what_is_attached_counts_before_it_is_sent() -> None:
    def tokens(*parts: ImagePart | DocumentPart) -> int:
        return estimate.request_tokens(Request("m", (Message("user", (*parts, TextPart("hi"))),)))

    plain = tokens()
    assert tokens(ImagePart("image/png", b"x")) - plain == estimate.PICTURE
    assert tokens(DocumentPart("text/plain", "a.txt", b"x" * 4000)) - plain == 1000
    assert tokens(DocumentPart("application/pdf", "a.pdf", b"x" * 600_000)) - plain == 20_000
    drawn = ImageRequest("gpt-image-2", "a fox", pictures=(ImagePart("image/png", b"x"),))
    assert estimate.drawing_tokens(drawn) > estimate.PICTURE
