"""The conversation itself: /new /title /delete /restore /retry /stop."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, Situation, command
from commands.results import Notice, Open, Result
from server.chat import conversations, turns
from server.errors import BadRequest


def _has_conversation(now: Situation) -> bool:
    return now.conversation


def _is_running(now: Situation) -> bool:
    return now.running


def _can_retry(now: Situation) -> bool:
    return now.answered and not now.running


@command("new", "start a new conversation")
async def new(context: Context) -> Sequence[Result]:
    return [Open("new")]


@command(
    "title",
    "rename this conversation",
    Argument("text", "the new title", required=True, rest=True),
    when=_has_conversation,
    aliases=("rename",),
)
async def title(context: Context, text: str) -> Sequence[Result]:
    before = (await context.conversation())["title"]
    undo = f"/title {before}" if before else None
    return [*await context.change(title=text), Notice("renamed", undo=undo)]


@command("delete", "put this conversation into the bin", when=_has_conversation)
async def delete(context: Context) -> Sequence[Result]:
    id = (await context.conversation())["id"]
    await context.database.write(lambda connection: conversations.delete(connection, context.user_id, id))
    await context.replies.stop_all(id)
    await context.replies.feed.tell_family(context.user_id, id)
    return [Open("new"), Notice("deleted", undo=f"/restore {id}")]


@command(
    "restore",
    "take a conversation out of the bin",
    Argument("conversation", "a deleted conversation", required=True, values="bin"),
)
async def restore(context: Context, conversation: str) -> Sequence[Result]:
    await context.database.write(lambda connection: conversations.restore(connection, context.user_id, conversation))
    await context.replies.feed.tell_family(context.user_id, conversation)
    return [Open("conversation", conversation), Notice("restored")]


@command(
    "retry",
    "answer the last prompt again",
    Argument("model", "another model for this answer", values="models"),
    when=_can_retry,
)
async def retry(context: Context, model: str | None) -> Sequence[Result]:
    leaf = (await context.conversation())["leaf_id"]
    if leaf is None:
        raise BadRequest("there is nothing to try again yet")
    if model is not None:
        await context.model(model)
    preferred = context.preferences.get("default_model")
    await context.replies.again(
        turns.retry, context.user_id, context.device_id, leaf, context.fresh_id(), preferred=preferred, model=model
    )
    return []


@command("stop", "stop the reply that is being written", when=_is_running)
async def stop(context: Context) -> Sequence[Result]:
    conversation = await context.conversation()
    if not conversation["running"]:
        return [Notice("nothing is being written", tone="warn")]
    await context.replies.stop_all(conversation["id"])
    return [Notice("stopped")]
