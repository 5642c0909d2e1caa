"""Makes a request one that its model takes: what it would refuse is left out or brought to the nearest. Pure."""

from dataclasses import dataclass, replace
from typing import Any

from server.providers.base import Model
from server.wire.request import EFFORTS, Effort, Request

_SAMPLING = ("temperature", "top_p", "top_k")


@dataclass(frozen=True, slots=True)
class Note:
    """What stands at ``path`` was changed; ``sentence`` is for people."""

    path: str
    sentence: str


def fit(request: Request, model: Model) -> tuple[Request, list[Note]]:
    """The request, and a note for each thing that was changed. What is not known is left to the provider."""
    notes: list[Note] = []
    changes: dict[str, Any] = {}
    if model.temperature is False:
        for field in _SAMPLING:
            value = getattr(request, field)
            if value is not None:
                notes.append(Note(field, f"{field} {value:g} left out: {model.name} does not take one"))
                changes[field] = None
    effort = _effort(request.effort, model, notes)
    if effort != request.effort:
        changes["effort"] = effort
    wanted, most = request.max_output_tokens, model.max_output
    if wanted is not None and most is not None and wanted > most:
        notes.append(Note("max_output_tokens", f"{most} tokens instead of {wanted}: {model.name} writes no more"))
        changes["max_output_tokens"] = most
    return (replace(request, **changes) if changes else request), notes


def _effort(wanted: Effort | None, model: Model, notes: list[Note]) -> Effort | None:
    """The level itself, or the nearest one below that the model takes, else its lowest."""
    if wanted is None or model.efforts is None or wanted in model.efforts:
        return wanted
    if not model.efforts:
        if wanted != "none":
            notes.append(Note("effort", f"reasoning {wanted} left out: {model.name} does not reason"))
        return None
    lower = [effort for effort in model.efforts if EFFORTS.index(effort) < EFFORTS.index(wanted)]
    taken = lower[-1] if lower else model.efforts[0]
    notes.append(Note("effort", f"reasoning {taken} instead of {wanted}: {model.name} does not take {wanted}"))
    return taken
