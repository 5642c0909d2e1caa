"""Several models on one prompt: /compare, and /merge, which makes one answer of theirs."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, Situation, browser, command
from commands.results import Result
from server.chat import turns
from server.errors import BadRequest


def _is_compared(now: Situation) -> bool:
    return now.compared and not now.running


browser(
    "compare",
    "ask two to four models the same",
    Argument("models", "two to four of them; without them a list opens", values="models", rest=True),
)


@command(
    "merge",
    "make one answer of those that are compared",
    Argument("model", "the model that merges them; without it this conversation's", values="models"),
    when=_is_compared,
)
async def merge(context: Context, model: str | None) -> Sequence[Result]:
    leaf = (await context.conversation())["leaf_id"]
    if leaf is None:
        raise BadRequest("there is nothing to merge: /compare asks several models the same")
    if model is not None:
        await context.model(model)
    preferred = context.preferences.get("default_model")
    await context.replies.again(
        turns.merge, context.user_id, context.device_id, leaf, context.fresh_id(), preferred=preferred, model=model
    )
    return []
