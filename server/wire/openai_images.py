"""OpenAI's Images format: what to ask for a picture, and its stream or its one answer as canonical events. Pure."""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from server.wire.charged import charged
from server.wire.events import Event, Failure, Finish, Image, Usage
from server.wire.loose import count, integer, mapping, mappings, name, string
from server.wire.request import ImagePart

SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536")
QUALITIES = ("auto", "low", "medium", "high")
_LEGACY = ("dall-e-2", "dall-e-3")
_TOKENS = {"low": 300, "medium": 1250, "high": 5000}
"""Of one picture, roughly, where nobody has counted them."""
_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A picture to be made; with ``pictures`` it is made from them. None and ``auto`` are the provider's choice."""

    model: str
    prompt: str
    size: str | None = None
    quality: str | None = None
    pictures: tuple[ImagePart, ...] = ()
    sketches: int = 2
    """How many unfinished ones to send before it, where that is offered."""

    @property
    def is_legacy(self) -> bool:
        return self.model.startswith(_LEGACY)

    @property
    def path(self) -> str:
        return "/images/edits" if self.pictures else "/images/generations"


def write_request(request: ImageRequest, *, stream: bool) -> dict[str, Any]:
    """The fields of the body; the pictures of an edit go beside them, as files."""
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt}
    if request.size not in (None, "auto"):
        body["size"] = request.size
    if request.quality not in (None, "auto"):
        body["quality"] = request.quality
    if request.is_legacy:
        body["response_format"] = "b64_json"
    elif stream:
        body |= {"stream": True, "partial_images": request.sketches}
    return body


def files(request: ImageRequest) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The pictures of an edit as form fields."""
    field = "image" if len(request.pictures) == 1 else "image[]"
    return [
        (field, (f"picture-{number}.{part.media_type.partition('/')[2]}", part.data, part.media_type))
        for number, part in enumerate(request.pictures, 1)
    ]


def expected_tokens(request: ImageRequest) -> int:
    """What one picture will take, roughly: nobody has counted it yet."""
    return 0 if request.is_legacy else _TOKENS.get(request.quality or "", _TOKENS["medium"])


def price_class(request: ImageRequest) -> str:
    """By what a picture's price goes where it is billed by the piece: ``quality size``."""
    size = request.size if request.size not in (None, "auto") else "1024x1024"
    return f"{'hd' if request.quality == 'hd' else 'standard'} {size}"


class Reader:
    """Reads the frames of one streamed picture."""

    def __init__(self, request: ImageRequest) -> None:
        self._request = request

    def read(self, frame: dict[str, Any]) -> Iterator[Event | Failure]:
        kind = string(frame.get("type"))
        if kind.endswith(".partial_image"):
            yield _image(string(frame.get("b64_json")), integer(frame.get("partial_image_index")) or 0)
        elif kind.endswith(".completed"):
            yield _image(string(frame.get("b64_json")), None)
            yield read_usage(mapping(frame.get("usage")), price_class(self._request))
            yield Finish("stop")
        elif kind == "error" or "error" in frame:
            error = mapping(frame.get("error")) or frame
            yield Failure(string(error.get("message")) or "no picture was made", name(error.get("code")))

    def end(self, done: bool) -> Iterator[Event | Failure]:
        """The connection ended. A whole stream has said so itself."""
        yield from ()


def read_answer(answer: dict[str, Any], request: ImageRequest) -> Iterator[Event | Failure]:
    """The one object that is answered where nothing is streamed."""
    made = [string(item.get("b64_json")) for item in mappings(answer.get("data"))]
    if not made or not made[0]:
        yield Failure("the server sent no picture, or only the address of one")
        return
    yield _image(made[0], None)
    yield read_usage(mapping(answer.get("usage")), price_class(request), len(made))
    yield Finish("stop")


def _image(encoded: str, partial: int | None) -> Image | Failure:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    media_type = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
    return Failure("the server sent a picture that is none") if media_type is None else Image(data, media_type, partial)


def read_usage(usage: dict[str, Any], kind: str, pictures: int = 1) -> Usage:
    """Without tokens of their own the pictures are billed by the piece, each as one of its ``kind``."""
    cost = charged(usage)
    if not usage.get("input_tokens") and not usage.get("output_tokens"):
        return Usage(images=pictures, image_class=kind, provider_cost_nanos=cost, raw=usage)
    given, made = mapping(usage.get("input_tokens_details")), mapping(usage.get("output_tokens_details"))
    shown = min(count(given.get("image_tokens")), count(usage.get("input_tokens")))
    text = min(count(made.get("text_tokens")), count(usage.get("output_tokens")))
    return Usage(
        input=count(usage.get("input_tokens")) - shown,
        image_input=shown,
        output=text,
        image_output=count(usage.get("output_tokens")) - text,
        provider_cost_nanos=cost,
        raw=usage,
    )
