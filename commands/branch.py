"""Going another way from here, and seeing all the ways: /branch /branches."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, Situation, command
from commands.results import Notice, Open, Result
from server.chat import branches


def _has_messages(now: Situation) -> bool:
    return now.answered


@command(
    "branch",
    "go another way from here, in a new conversation with the history so far",
    Argument("title", "its title; without it the number of the branch is added to the title", rest=True),
    when=_has_messages,
    aliases=("fork",),
)
async def branch(context: Context, title: str | None) -> Sequence[Result]:
    conversation = await context.conversation()
    made = await context.database.write(
        lambda connection: branches.branch_from(
            connection, context.user_id, conversation["id"], client_id=context.client_id, title=title
        )
    )
    await context.replies.feed.tell_family(context.user_id, made)
    return [Open("conversation", made), Notice(f"branched from “{conversation['title']}”")]


def _has_conversation(now: Situation) -> bool:
    return now.conversation


@command("branches", "show where this conversation came from and what branched from it", when=_has_conversation)
async def list_branches(context: Context) -> Sequence[Result]:
    return [Open("branches", (await context.conversation())["id"])]
