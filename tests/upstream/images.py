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
_KIND = {"background": "opaque", "output_format": "png", "quality": "low", "size": "1024x1024"}


class ImageWire:
    def __init__(self, answer: Answer, body: dict[str, Any], number: int, usage: dict[str, int]) -> None:
        self.id = f"img_{number:06d}"
        self._answer = answer
        self._body = body
        self._input = usage["input"]
        self._created = int(time.time())

    def final(self) -> dict[str, Any]:
        data = [{"b64_json": PIXEL} for _ in range(self._body.get("n") or 1)]
        return {"created": self._created, "data": data, "usage": self.usage()} | _KIND

    def usage(self) -> dict[str, Any]:
        return {
            "input_tokens": self._input,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": self._input},
            "output_tokens": 272,
            "total_tokens": self._input + 272,
        } | self._answer.extra_usage

    def events(self) -> Iterator[Frame]:
        picture = {"b64_json": PIXEL, "created_at": self._created} | _KIND
        for index in range(self._body.get("partial_images") or 0):
            kind = "image_generation.partial_image"
            yield Frame({"type": kind, "partial_image_index": index} | picture, kind)
        kind = "image_generation.completed"
        yield Frame({"type": kind, "usage": self.usage()} | picture, kind, usage=True)

    def error(self, number: int) -> Frame:
        error = {"message": "The server had an error.", "type": "image_generation_server_error", "code": None}
        return Frame({"type": "error", "error": error | self._answer.error}, "error")
