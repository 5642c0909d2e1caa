"""How Anthropic's models are told to think: by an effort, by a budget of tokens, or not. Pure."""

from typing import Any, Literal

from server.wire.request import EFFORTS, Effort, Request

Thinking = Literal["adaptive", "enabled", "none"]
"""How a model is told to think: by an effort of its own choosing, by a budget of tokens, or it does not."""

BUDGETS: dict[Effort, int] = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32000,
    "max": 32000,
}
"""Tokens of thinking for models that take a budget."""

LEVELS: tuple[Effort, ...] = ("low", "medium", "high", "xhigh", "max")
_SMALLEST_BUDGET = 1024
_DEFAULT_MAX_TOKENS = 8192
_BY_BUDGET: tuple[tuple[int, Effort], ...] = ((10_000, "high"), (5_000, "medium"), (2_000, "low"))


def room(request: Request, thinking: Thinking, max_output: int | None) -> int:
    """``max_tokens``, which the format demands. A model that thinks takes it out of the same purse."""
    if request.max_output_tokens is not None:
        return request.max_output_tokens
    headroom = 0 if thinking == "none" or request.effort == "none" else BUDGETS[request.effort or "medium"]
    most = _DEFAULT_MAX_TOKENS + headroom
    return min(most, max_output) if max_output else most


def think(
    request: Request, effort: Effort, thinking: Thinking, efforts: tuple[Effort, ...], max_output: int | None
) -> dict[str, Any]:
    if thinking == "none":
        return {}
    if effort == "none":
        return {"thinking": {"type": "disabled"}} if "none" in efforts else {}
    if thinking == "adaptive":
        shown = "summarized" if request.show_reasoning else "omitted"
        body: dict[str, Any] = {"thinking": {"type": "adaptive", "display": shown}}
        level = clamp(effort, efforts)
        return body | ({"output_config": {"effort": level}} if level else {})
    wanted = request.max_output_tokens or _DEFAULT_MAX_TOKENS
    most = min(wanted + BUDGETS[effort], max_output or wanted + BUDGETS[effort])
    # The answer keeps at least half of a small limit: a budget that eats all of it leaves nothing to read.
    budget = min(BUDGETS[effort], max(most - wanted, most // 2))
    if budget < _SMALLEST_BUDGET:
        return {}
    return {"max_tokens": most, "thinking": {"type": "enabled", "budget_tokens": budget}}


def clamp(effort: Effort, efforts: tuple[Effort, ...]) -> Effort | None:
    """The nearest level of Anthropic's at or below ``effort`` that the model takes, else its lowest."""
    known = [level for level in LEVELS if level in efforts]
    below = [level for level in known if EFFORTS.index(level) <= EFFORTS.index(effort)]
    return below[-1] if below else next(iter(known), None)


def effort_of(budget: int) -> Effort:
    """The level that stands for a budget of tokens on the other wires."""
    return next((effort for least, effort in _BY_BUDGET if budget >= least), "minimal")
