"""What is kept and found again: /favorite /tag /history. The page opens /search and /bin by itself."""

from collections.abc import Sequence

from commands.context import Context
from commands.registry import Argument, Situation, command
from commands.results import Insert, Notice, Open, Result
from server.chat import messages, tags


def _has_conversation(now: Situation) -> bool:
    return now.conversation


@command(
    "favorite",
    "make this conversation a favourite, or no favourite any more",
    when=_has_conversation,
    aliases=("favourite", "star"),
)
async def favorite(context: Context) -> Sequence[Result]:
    wanted = not (await context.conversation())["favorite"]
    said = "a favourite now" if wanted else "no favourite any more"
    return [*await context.change(favorite=wanted), Notice(said, undo="/favorite")]


@command(
    "tag",
    "give this conversation tags, or take them away",
    Argument(
        "tags",
        "words to add, with - in front to take away; without any the tags are shown",
        values="tags",
        rest=True,
    ),
    when=_has_conversation,
)
async def tag(context: Context, tags: str | None) -> Sequence[Result]:
    before = (await context.conversation())["tags"]
    if tags is None:
        said = f"tags: {' '.join(before)}" if before else "no tags: /tag <word> gives this conversation one"
        return [Notice(said)]
    after = _changed(before, tags.split())
    undo = " ".join([*(set(before) - set(after)), *(f"-{word}" for word in set(after) - set(before))])
    notice = Notice(f"tags: {' '.join(after)}" if after else "no tags any more", undo=f"/tag {undo}" if undo else None)
    return [*await context.change(tags=after), notice]


def _changed(before: Sequence[str], words: Sequence[str]) -> list[str]:
    kept = set(before)
    for word in words:
        if word.startswith("-"):
            kept.discard(tags.written(word[1:]))
        else:
            kept.add(tags.written(word))
    return tags.tidy(kept)


@command(
    "history",
    "recall a past prompt",
    Argument("prompt", "one that you wrote before; without it the list opens", values="prompts"),
)
async def history(context: Context, prompt: str | None) -> Sequence[Result]:
    if prompt is None:
        return [Open("history")]
    row = await context.database.read(lambda connection: messages.get(connection, context.user_id, prompt))
    return [Insert(row.text)]
