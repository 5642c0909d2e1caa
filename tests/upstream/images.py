"""OpenAI's Images wire: the events, or the one object, of a picture of one pixel."""

import base64
import time
from collections.abc import Iterator
from typing import Any

from tests.upstream.answer import Answer
from tests.upstream.frames import Frame

PIXEL = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
    )
).decode()
MADE, GIVEN = 272, 194
"""Tokens of a picture that is made, and of one that is given."""
_KIND = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}


class ImageWire:
    kind = "image_generation"

    def __init__(self, answer: Answer, body: dict[str, Any], number: int, usage: dict[str, int]) -> None:
        self.id = f"img_{number:06d}"
        self._answer = answer
        self._body = body
        self._input = usage["input"]
        self._created = int(time.time())

    def final(self) -> dict[str, Any]:
        data = [{"b64_json": self._picture()} for _ in range(self._body.get("n") or 1)]
        if self._body["model"].startswith("dall-e"):
            return {"created": self._created, "data": data}
        return {"created": self._created, "data": data, "usage": self.usage()} | _KIND

    def usage(self) -> dict[str, Any]:
        pictures = GIVEN * len(_given(self._body))
        return {
            "input_tokens": self._input + pictures,
            "input_tokens_details": {"image_tokens": pictures, "text_tokens": self._input},
            "output_tokens": MADE,
            "total_tokens": self._input + pictures + MADE,
        } | self._answer.extra_usage

    def events(self) -> Iterator[Frame]:
        picture = {"b64_json": self._picture(), "created_at": self._created} | _KIND
        for index in range(self._body.get("partial_images") or 0):
            kind = f"{self.kind}.partial_image"
            yield Frame({"type": kind, "partial_image_index": index} | picture, kind)
        kind = f"{self.kind}.completed"
        yield Frame({"type": kind, "usage": self.usage()} | picture, kind, usage=True)

    def _picture(self) -> str:
        return base64.b64encode(self._answer.picture).decode() if self._answer.picture else PIXEL

    def error(self, number: int) -> Frame:
        error = {"message": "The server had an error.", "type": "image_generation_server_error", "code": None}
        return Frame({"type": "error", "error": error | self._answer.error}, "error")


class EditWire(ImageWire):
    kind = "image_edit"


def _given(body: dict[str, Any]) -> list[Any]:
    given = body.get("image", [])
    return given if isinstance(given, list) else [given]
