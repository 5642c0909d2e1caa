"""Pictures and documents on every wire, judged by the SDKs' own types."""

from base64 import b64encode
from typing import Any

import pytest

from server.errors import BadRequest
from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.request import Content, DocumentPart, ImagePart, Message, Request, TextPart
from tests.upstream.check import problems

PNG = b"\x89PNG\r\n\x1a\n"
PACKED = b64encode(PNG).decode()
PDF = b"%PDF-1.7"
PACKED_PDF = b64encode(PDF).decode()
NOTE = '<document title="a &lt;b&gt;.txt">\nhello\n</document>'

WRITERS: dict[str, Any] = {
    "chat": openai_chat.write_request,
    "responses": openai_responses.write_request,
    "messages": anthropic_messages.write_request,
}


def written(wire: str, part: Content) -> dict[str, Any]:
    request = Request("m", (Message("user", (TextPart("look"), part)),))
    body = WRITERS[wire](request)
    assert problems(wire, body, {"anthropic-version": "2023-06-01"}) == []
    turn: dict[str, Any] = (body.get("messages") or body["input"])[0]
    content: dict[str, Any] = turn["content"][1]
    return content


@pytest.mark.parametrize(
    ("wire", "part", "expected"),
    [
        (
            "chat",
            ImagePart("image/png", PNG),
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PACKED}"}},
        ),
        (
            "chat",
            ImagePart("", url="https://example.com/a.png", detail="low"),
            {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        ),
        (
            "responses",
            ImagePart("image/png", PNG),
            {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PACKED}"},
        ),
        (
            "responses",
            ImagePart("", url="https://example.com/a.png", detail="high"),
            {"type": "input_image", "detail": "high", "image_url": "https://example.com/a.png"},
        ),
        (
            "messages",
            ImagePart("image/webp", PNG),
            {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": PACKED}},
        ),
        (
            "messages",
            ImagePart("", url="https://example.com/a.png"),
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        ),
        (
            "chat",
            DocumentPart("application/pdf", "a.pdf", PDF),
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PACKED_PDF}"},
            },
        ),
        (
            "responses",
            DocumentPart("application/pdf", "", PDF),
            {
                "type": "input_file",
                "filename": "document.pdf",
                "file_data": f"data:application/pdf;base64,{PACKED_PDF}",
            },
        ),
        (
            "responses",
            DocumentPart("application/pdf", "", url="https://example.com/a.pdf"),
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        ),
        (
            "messages",
            DocumentPart("application/pdf", "a.pdf", PDF),
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": PACKED_PDF},
                "title": "a.pdf",
            },
        ),
        (
            "messages",
            DocumentPart("application/pdf", "", url="https://example.com/a.pdf"),
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        ),
        ("chat", DocumentPart("text/plain", "a <b>.txt", b"hello"), {"type": "text", "text": NOTE}),
        ("responses", DocumentPart("text/plain", "a <b>.txt", b"hello"), {"type": "input_text", "text": NOTE}),
        (
            "messages",
            DocumentPart("text/csv", "a.csv", b"1,2"),
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "1,2"},
                "title": "a.csv",
            },
        ),
    ],
)
def test_every_wire_has_its_own_spelling(wire: str, part: Content, expected: dict[str, Any]) -> None:
    assert written(wire, part) == expected


@pytest.mark.parametrize("wire", WRITERS)
def test_a_document_that_no_model_reads_is_refused(wire: str) -> None:
    with pytest.raises(BadRequest, match="send PDF or text"):
        written(wire, DocumentPart("application/zip", "a.zip", b"PK"))


def test_what_one_wire_cannot_carry_is_refused_there() -> None:
    with pytest.raises(BadRequest, match="send PNG or JPEG"):
        written("messages", ImagePart("image/tiff", PNG))
    with pytest.raises(BadRequest, match="send the document itself"):
        written("chat", DocumentPart("application/pdf", "", url="https://example.com/a.pdf"))


@pytest.mark.parametrize("wire", WRITERS)
def test_a_picture_without_words_is_a_message_too(wire: str) -> None:
    request = Request("m", (Message("user", (ImagePart("image/png", PNG),)),))
    assert problems(wire, WRITERS[wire](request), {"anthropic-version": "2023-06-01"}) == []
