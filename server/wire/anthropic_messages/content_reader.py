"""What Anthropic's blocks show: text, pictures and documents, however they are packed. Pure."""

from collections.abc import Iterator
from typing import Any

from server.errors import BadRequest
from server.wire.asking import Reading
from server.wire.loose import mapping, mappings, string
from server.wire.media import decoded
from server.wire.request import Content, DocumentPart, ImagePart, TextPart


def read_contents(reading: Reading, blocks: list[dict[str, Any]], path: str) -> Iterator[Content]:
    """Raises BadRequest."""
    for block in blocks:
        yield from _content(reading, block, path)


def _content(reading: Reading, block: dict[str, Any], path: str) -> Iterator[Content]:
    kind = block.get("type")
    reading.unmarked(block)
    if kind == "text":
        reading.unknown(block, ("type", "text", "cache_control"), path)
        yield TextPart(string(block.get("text")))
    elif kind == "image":
        yield _image(mapping(block.get("source")), path)
    elif kind == "document":
        reading.unknown(block, ("type", "source", "title", "cache_control"), path)
        yield from _document(reading, block, path)
    elif kind == "search_result":
        heading = f"{string(block.get('title'))}\n{string(block.get('source'))}".strip()
        yield TextPart(f"{heading}\n")
        yield from read_contents(reading, mappings(block.get("content")), path)
    elif kind == "tool_reference":
        reading.drop(path)
    else:
        raise BadRequest(f"{path} is of type {kind}, which this model's provider cannot take")


def _image(source: dict[str, Any], path: str) -> ImagePart:
    kind = source.get("type")
    if kind == "base64":
        return ImagePart(string(source.get("media_type")), decoded(string(source.get("data")), path))
    if kind == "url":
        return ImagePart("", url=string(source.get("url")))
    raise _kept_there(path)


def _document(reading: Reading, block: dict[str, Any], path: str) -> Iterator[Content]:
    source, title = mapping(block.get("source")), string(block.get("title"))
    kind, media_type = source.get("type"), string(source.get("media_type"))
    if kind == "base64":
        yield DocumentPart(media_type, title, decoded(string(source.get("data")), path))
    elif kind == "text":
        yield DocumentPart(media_type or "text/plain", title, string(source.get("data")).encode())
    elif kind == "url":
        yield DocumentPart("application/pdf", title, url=string(source.get("url")))
    elif kind == "content":
        content = source.get("content")
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else mappings(content)
        yield from read_contents(reading, blocks, path)
    else:
        raise _kept_there(path)


def _kept_there(path: str) -> BadRequest:
    return BadRequest(f"{path} names a file that only its own provider has: send the file itself")
