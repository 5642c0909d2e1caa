"""How a reply ended, and what of that is written into its row. Knows nothing of who made it."""

from dataclasses import dataclass, field
from typing import Any

from server.chat.running import RunningReply
from server.ids import now
from server.ops.push import Ending
from server.providers.models import Choice


@dataclass(slots=True)
class Outcome:
    """How a reply ended, as columns of its row."""

    status: str = "failed"
    error: dict[str, Any] | None = None
    finish_reason: str | None = None
    notes: list[str] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    """Which models did not answer, and who was asked instead."""
    attachments: list[str] = field(default_factory=list)
    """The pictures that were made."""
    reasoning_ms: int | None = None
    choice: Choice | None = None


def ending(reply: RunningReply, outcome: Outcome) -> dict[str, Any]:
    """The columns that end the row."""
    meter, error = reply.meter, outcome.error
    if outcome.status == "interrupted":
        error = {"code": "interrupted", "message": "the server stopped while this was being written"}
    elif outcome.status == "done" and not reply.text and not outcome.attachments:
        why = "refused to answer" if outcome.finish_reason == "refusal" else "sent an empty reply"
        error = {"code": "empty", "message": f"{reply.model} {why}: ask again, or in other words"}
        outcome.status = "failed"
    return {
        "model": reply.model,
        "route": reply.route,
        "text": reply.text,
        "reasoning": reply.reasoning,
        "status": outcome.status,
        "error": error,
        "finish_reason": outcome.finish_reason,
        "finished_at": now(),
        "notes": outcome.notes or None,
        "reasoning_ms": outcome.reasoning_ms,
        "first_token_ms": meter.first_token_ms if meter else None,
        "duration_ms": meter.elapsed_ms if meter else None,
        "resume": None,
    }


def told(reply: RunningReply, values: dict[str, Any]) -> Ending:
    """What the person's devices are told of it; ``values`` are the columns."""
    problem = values["error"] and values["error"]["message"]
    return Ending(reply.user_id, reply.conversation_id, reply.id, values["status"], values["text"], problem)
