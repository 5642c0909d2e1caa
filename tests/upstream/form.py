"""A form with files, as the SDKs send it, read into the fields that their types describe."""

from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

_NUMBERS = ("partial_images", "n")


def read_form(content_type: str, raw: bytes) -> dict[str, Any]:
    """Files as (name, size, media type); the field ``image[]`` is a list under ``image``."""
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + raw)
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        value: Any = (
            data.decode() if part.get_filename() is None else (part.get_filename(), len(data), part.get_content_type())
        )
        if name.endswith("[]"):
            fields.setdefault(name.removesuffix("[]"), []).append(value)
        elif name in _NUMBERS:
            fields[name] = int(value)
        else:
            fields[name] = value == "true" if name == "stream" else value
    return fields
