"""A body that goes to its provider as it is, and the conversation in it that other models may have had a part in."""

from server.gateway.body import Body
from server.gateway.surface import Surface
from server.wire.provenance import PREFIX
from server.wire.sse import packed

_SEALED = PREFIX.encode()
_MARKS = {"messages": (_SEALED,), "responses": (_SEALED, b'"reasoning"'), "chat": (_SEALED, b'"reasoning_content"')}
"""What is in every body that may have to be changed."""


def own(surface: Surface, body: Body, key: bytes, family: str) -> tuple[Body, tuple[str, ...]]:
    """``body`` itself, unless it carries thinking that ``family`` could not read or would refuse; what was left out."""
    if not any(mark in body.raw for mark in _MARKS[surface.wire]):
        return body, ()
    kept, dropped = surface.codec.own_history(body.value, key, family)
    return (body, ()) if kept is body.value else (Body(packed(kept)), dropped)
