"""The three formats that clients speak: how each is told what went wrong, kept awake, and read off the side."""

from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any, Literal

from server.calls.limits import Allowance
from server.ids import now
from server.wire import anthropic_messages, errors, openai_chat, openai_responses
from server.wire.errors import Problem
from server.wire.events import Usage
from server.wire.sse import encode, packed

Wire = Literal["chat", "responses", "messages"]


@dataclass(frozen=True, slots=True)
class Surface:
    """``path`` is what follows /v1; ``ping`` a sign of life that its clients read over."""

    wire: Wire
    path: str
    codec: ModuleType
    ping: bytes
    prefix: str
    """Of the ids of its answers."""

    def head(self, request_id: str) -> dict[str, str]:
        return {"request-id" if self.wire == "messages" else "x-request-id": request_id}

    def refusal(self, problem: Problem, request_id: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer that is an error."""
        if self.wire == "messages":
            status, body = errors.anthropic(problem, request_id)
        else:
            status, body = errors.openai(problem)
        return status, self.head(request_id) | errors.headers(problem), packed(body)

    def broken(self, problem: Problem) -> bytes:
        """The last frame of a stream of the upstream's own that broke off."""
        if self.wire == "messages":
            return encode(errors.anthropic_body(problem), "error")
        if self.wire == "chat":
            return encode(errors.openai_body(problem))
        error = errors.response_error(problem)
        response = {"object": "response", "status": "failed", "error": error, "output": []}
        return encode({"type": "response.failed", "response": response}, "response.failed")

    def limits(self, left: tuple[Allowance, ...]) -> dict[str, str]:
        """What remains of the virtual key's own limits."""
        said: dict[str, str] = {}
        for one in left:
            if self.wire == "messages":
                at = (now() + timedelta(seconds=one.reset)).strftime("%Y-%m-%dT%H:%M:%SZ")
                fields = {"limit": str(one.limit), "remaining": str(one.remaining), "reset": at}
                said |= {f"anthropic-ratelimit-{one.kind}-{name}": value for name, value in fields.items()}
            else:
                fields = {"limit": str(one.limit), "remaining": str(one.remaining), "reset": f"{one.reset:.3f}s"}
                said |= {f"x-ratelimit-{name}-{one.kind}": value for name, value in fields.items()}
        return said

    def usage(self, answer: dict[str, Any]) -> Usage | None:
        """What an answer that is not streamed says it used."""
        usage = answer.get("usage")
        if not isinstance(usage, dict):
            return None
        if self.wire == "responses":
            return openai_responses.read_usage(usage, answer)
        if self.wire == "messages":
            return anthropic_messages.read_usage(usage)
        tier = answer.get("service_tier")
        return openai_chat.read_usage(usage, tier if isinstance(tier, str) else None)


CHAT = Surface("chat", "chat/completions", openai_chat, openai_chat.PING, "chatcmpl-")
RESPONSES = Surface("responses", "responses", openai_responses, openai_chat.PING, "resp_")
MESSAGES = Surface("messages", "messages", anthropic_messages, anthropic_messages.PING, "msg_")
