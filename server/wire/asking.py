"""What the readers of requests share: refusing what cannot be carried, and reporting what is left out. Pure."""

from collections.abc import Collection
from typing import Any

from server.errors import BadRequest
from server.wire.loose import mapping, name, string
from server.wire.media import split
from server.wire.provenance import Signature, is_sealed, opened
from server.wire.request import (
    EFFORTS,
    Effort,
    ImagePart,
    Message,
    Output,
    Part,
    Role,
    ToolCallPart,
    ToolResultPart,
    note,
)


class Reading:
    """One request being read: the key that opens our envelopes, and the paths of what had to be left out."""

    def __init__(self, key: bytes) -> None:
        self.dropped: list[str] = []
        self._key = key
        self._extras: dict[str, Signature] = {}
        """What belongs to calls that come later, by their ids."""

    def drop(self, path: str) -> None:
        note(self.dropped, path)

    def unknown(self, given: dict[str, Any], known: Collection[str], path: str = "") -> None:
        """Reports every field that has a value and no meaning here."""
        for field, value in given.items():
            if field not in known and value not in (None, [], {}):
                self.drop(f"{path}.{field}" if path else field)

    def unmarked(self, block: dict[str, Any]) -> None:
        """Where a cache should end is for Anthropic's own models, which are sent the body as it is."""
        if block.get("cache_control"):
            self.drop("cache_control")

    def signature(self, text: str, native: Signature, path: str) -> Signature | None:
        """Whose signature ``text`` is. An envelope that we did not write, or that is empty, is nobody's."""
        if not is_sealed(text):
            return native if text else None
        found = opened(text, self._key)
        if found is None:
            self.drop(path)
            return None
        if found.call is not None:
            self._extras[found.call] = found
            return None
        return found if found.data else None

    def extra(self, call_id: str) -> Signature | None:
        return self._extras.pop(call_id, None)


def model_of(body: dict[str, Any]) -> str:
    model = name(body.get("model"))
    if model is None:
        raise BadRequest("the request names no model: give one in `model`")
    return model


def needs(value: Any, kind: type, path: str) -> Any:
    """``value`` where it has the right type. Raises BadRequest."""
    if not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool):
        names = {str: "a string", list: "a list", dict: "an object", int: "a whole number", bool: "true or false"}
        raise BadRequest(f"{path} has to be {names[kind]}")
    return value


def number(body: dict[str, Any], field: str) -> float | None:
    value = body.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"{field} has to be a number")
    return float(value)


def whole(body: dict[str, Any], field: str) -> int | None:
    value = body.get(field)
    return None if value is None else int(needs(value, int, field))


def level(value: Any, path: str, reading: Reading) -> Effort | None:
    """A level of thinking; one that is not known is reported, never refused."""
    if value is None:
        return None
    if value not in EFFORTS:
        reading.drop(path)
        return None
    return next(effort for effort in EFFORTS if effort == value)


def output(form: dict[str, Any], field: str | None = None) -> Output | None:
    """The form of the answer; what is said of the schema may lie in a ``field`` of its own."""
    if form.get("type") == "json_object":
        return Output()
    if form.get("type") != "json_schema":
        return None
    given = form if field is None else mapping(form.get(field))
    return Output(
        mapping(given.get("schema")),
        name(given.get("name")) or "answer",
        strict=given.get("strict") is True,
        description=name(given.get("description")),
    )


def picture(url: str, path: str, detail: str | None = None) -> ImagePart:
    """A picture by its data URL or its address. Raises BadRequest."""
    found = split(url, path)
    if found is not None:
        return ImagePart(found[0], found[1], detail=detail)
    if not url.startswith(("https://", "http://")):
        raise BadRequest(f"{path} has to be a data URL or an address that begins with https://")
    return ImagePart("", url=url, detail=detail)


def texts(value: dict[str, Any]) -> dict[str, str]:
    return {key: string(item) for key, item in value.items() if isinstance(item, str)}


class Turns:
    """Puts items into messages: what the assistant says in one go is one, and so are results with what follows them."""

    def __init__(self) -> None:
        self._turns: list[tuple[Role, list[Part]]] = []
        self.called: dict[str, str] = {}
        """The id of the last call of each tool, by its name."""

    def user(self, *parts: Part) -> None:
        """A result joins results, and a message joins the results that it follows."""
        before = self._turns[-1][1] if self._turns and self._turns[-1][0] == "user" else []
        if before and isinstance(before[-1], ToolResultPart):
            before.extend(parts)
        else:
            self._turns.append(("user", list(parts)))

    def assistant(self, *parts: Part, joins: bool = False) -> None:
        """``joins``: it is part of the same turn as what stands before it."""
        self.called |= {part.name: part.id for part in parts if isinstance(part, ToolCallPart)}
        if joins and self._turns and self._turns[-1][0] == "assistant":
            self._turns[-1][1].extend(parts)
        else:
            self._turns.append(("assistant", list(parts)))

    def system(self, *parts: Part) -> None:
        self._turns.append(("system", list(parts)))

    def __bool__(self) -> bool:
        return bool(self._turns)

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(Message(role, tuple(parts)) for role, parts in self._turns)
