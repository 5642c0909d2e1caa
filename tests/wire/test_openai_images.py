import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire import openai_images
from server.wire.events import Failure, Finish, Image, Usage
from server.wire.openai_images import ImageRequest, Reader
from server.wire.request import ImagePart
from tests.upstream.images import PIXEL

DATA = base64.b64decode(PIXEL)
COUNTED = {
    "input_tokens": 30,
    "input_tokens_details": {"image_tokens": 20, "text_tokens": 10},
    "output_tokens": 272,
    "total_tokens": 302,
}


def test_only_what_was_chosen_is_asked_for() -> None:
    plain = ImageRequest("gpt-image-2", "a fox", "auto", "auto")
    assert openai_images.write_request(plain, stream=False) == {"model": "gpt-image-2", "prompt": "a fox"}
    chosen = ImageRequest("gpt-image-2", "a fox", "1024x1024", "low")
    assert openai_images.write_request(chosen, stream=True) == {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "size": "1024x1024",
        "quality": "low",
        "stream": True,
        "partial_images": 2,
    }


def test_dalle_is_asked_for_its_bytes_and_never_streamed() -> None:
    body = openai_images.write_request(ImageRequest("dall-e-3", "a fox"), stream=True)
    assert body == {"model": "dall-e-3", "prompt": "a fox", "response_format": "b64_json"}


def test_pictures_to_change_go_as_files() -> None:
    one, two = ImagePart("image/png", b"1"), ImagePart("image/jpeg", b"2")
    request = ImageRequest("gpt-image-2", "join", pictures=(one, two))
    assert request.path == "/images/edits"
    assert openai_images.files(request) == [
        ("image[]", ("picture-1.png", b"1", "image/png")),
        ("image[]", ("picture-2.jpeg", b"2", "image/jpeg")),
    ]


@pytest.mark.parametrize("kind", ["image_generation", "image_edit"])
def test_a_stream_is_sketches_then_the_picture_then_its_tokens(kind: str) -> None:
    reader = Reader(ImageRequest("gpt-image-2", "a fox"))
    frames = [
        {"type": f"{kind}.partial_image", "partial_image_index": 0, "b64_json": PIXEL},
        {"type": f"{kind}.completed", "b64_json": PIXEL, "usage": COUNTED},
    ]
    events = [event for frame in frames for event in reader.read(frame)]
    assert events == [
        Image(DATA, "image/png", 0),
        Image(DATA, "image/png"),
        Usage(input=10, image_input=20, image_output=272),
        Finish("stop"),
    ]
    usage = events[2]
    assert isinstance(usage, Usage) and usage.total == COUNTED["total_tokens"]


def test_an_answer_without_tokens_is_one_picture_by_the_piece() -> None:
    answer = {"created": 1, "data": [{"b64_json": PIXEL}]}
    request = ImageRequest("dall-e-3", "a fox", "1792x1024", "hd")
    events = list(openai_images.read_answer(answer, request))
    assert events[1] == Usage(images=1, image_class="hd 1792x1024")


def test_an_answer_with_text_tokens_in_its_output_keeps_them_apart() -> None:
    usage = COUNTED | {"output_tokens_details": {"image_tokens": 200, "text_tokens": 72}}
    answer = {"data": [{"b64_json": PIXEL}], "usage": usage}
    events = list(openai_images.read_answer(answer, ImageRequest("gpt-image-2", "a fox")))
    assert events[1] == Usage(input=10, image_input=20, output=72, image_output=200)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"data": []},
        {"data": [{"url": "https://example.com/a.png"}]},
        {"data": [{"b64_json": "bm90IGEgcGljdHVyZQ=="}]},
    ],
)
def test_an_answer_without_a_picture_is_a_failure(answer: dict[str, object]) -> None:
    first = next(iter(openai_images.read_answer(answer, ImageRequest("gpt-image-2", "a fox"))))
    assert isinstance(first, Failure)


def test_an_error_in_the_stream_is_told_in_the_providers_words() -> None:
    reader = Reader(ImageRequest("gpt-image-2", "a fox"))
    frame = {"type": "error", "error": {"message": "no", "code": "moderation_blocked"}}
    assert list(reader.read(frame)) == [Failure("no", "moderation_blocked")]


@given(
    st.dictionaries(
        st.sampled_from(["type", "b64_json", "usage", "error", "data"]), st.none() | st.integers() | st.text()
    )
)
def test_nothing_that_a_server_says_breaks_the_reader(frame: dict[str, object]) -> None:
    request = ImageRequest("gpt-image-2", "a fox")
    list(Reader(request).read(frame))
    list(openai_images.read_answer(frame, request))
