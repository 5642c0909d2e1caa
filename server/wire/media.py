"""Pictures and documents as the wires spell them, where two wires spell them alike. Pure."""

import base64
import binascii
import re
from html import escape
from urllib.parse import unquote_to_bytes

from server.errors import BadRequest
from server.wire.request import Content, DocumentPart, ImagePart, Message, ToolResultPart

_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),(.*)", re.DOTALL)


def data_url(part: ImagePart | DocumentPart) -> str:
    return f"data:{part.media_type};base64,{encoded(part.data)}"


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decoded(data: str, where: str) -> bytes:
    """Raises BadRequest."""
    try:
        return base64.b64decode(data, validate=True)
    except (ValueError, binascii.Error):
        raise BadRequest(f"{where} is not valid base64") from None


def split(url: str, where: str) -> tuple[str, bytes] | None:
    """The media type and the bytes of a data URL; None for any other address. Raises BadRequest."""
    if not url.startswith("data:"):
        return None
    match = _DATA_URL.fullmatch(url)
    if match is None:
        raise BadRequest(f"{where} is not a valid data URL")
    media_type, parameters, data = match.groups()
    if ";base64" in parameters:
        return media_type, decoded("".join(data.split()), where)
    return media_type, unquote_to_bytes(data)


def written_out(part: DocumentPart) -> str:
    """A document of text, for wires that have no place for one."""
    text = part.data.decode("utf-8", "replace")
    return f'<document title="{escape(part.name)}">\n{text}\n</document>'


def unreadable(part: DocumentPart) -> BadRequest:
    return BadRequest(f"a document of type {part.media_type} cannot be sent to this model: send PDF or text")


def results(message: Message) -> list[ToolResultPart]:
    return [part for part in message.parts if isinstance(part, ToolResultPart)]


def contents(message: Message) -> list[Content]:
    """What a message shows: its text, pictures and documents."""
    return [part for part in message.parts if isinstance(part, Content)]
