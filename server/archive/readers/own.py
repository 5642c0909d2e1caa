"""Our own export: conversations as they are in the database, with their usage and files."""

from base64 import b64decode
from binascii import Error as NotBase64
from io import BytesIO
from typing import Any

from server.archive.build import Context, objects
from server.archive.shape import FORMAT, VERSION, Broken, Exported
from server.archive.tree import planted
from server.content.kinds import PDF, PICTURES, TEXT
from server.ids import is_id

SOURCE = "LLM Router"
DIGITS = frozenset("0123456789abcdef")


def check(format: Any, version: Any) -> None:
    """Raises Broken for what is none of ours, and for what a newer program wrote."""
    if format != FORMAT:
        raise Broken("this is not an export that can be read here")
    if not isinstance(version, int) or version < 1:
        raise Broken("the export does not say which version it is: it is damaged")
    if version > VERSION:
        raise Broken(f"this export is of version {version}, this server reads up to {VERSION}: update the server first")


def recognises(item: dict[str, Any]) -> bool:
    return isinstance(item.get("conversation"), dict) and isinstance(item.get("messages"), list)


def read(item: dict[str, Any], context: Context) -> Exported | None:
    conversation, messages = item["conversation"], objects(item["messages"])
    for row in (conversation, *messages):
        if not is_id(str(row.get("id"))):
            raise Broken("a row in the export has no id: it is damaged")
        if row is not conversation:
            row["conversation_id"] = conversation["id"]
    ordered, repaired = planted(messages)
    if repaired:
        context.report.leave_out("links between messages that led nowhere", repaired)
    known = {message["id"] for message in ordered}
    attachments = [one for one in objects(item.get("attachments")) if _is_whole(one)]
    for attachment in attachments:
        links = attachment.get("links")
        attachment["links"] = [
            link
            for link in (links if isinstance(links, list) else [])
            if isinstance(link, list) and len(link) == 2 and link[0] in known and isinstance(link[1], int)
        ]
        if context.package.is_zip and not (context.folder / attachment["sha256"]).exists():
            _take_from_zip(attachment, context)
    calls = [call for call in objects(item.get("calls")) if is_id(str(call.get("id"))) and call.get("status") != "held"]
    return Exported(conversation=conversation, messages=ordered, calls=calls, attachments=attachments)


def take_file(item: Any, context: Context) -> None:
    """A file that lies in the JSON itself."""
    if not isinstance(item, dict) or not isinstance(item.get("data"), str):
        raise Broken("a file in the export has no content: the export is damaged")
    try:
        data = b64decode(item["data"], validate=True)
    except (NotBase64, ValueError):
        raise Broken("a file in the export is damaged: export it again") from None
    kept = context.keep(BytesIO(data), str(item.get("name") or "file"))
    if kept is not None and kept["sha256"] != item.get("sha256"):
        raise Broken("a file in the export was changed on its way: export it again")


def _take_from_zip(attachment: dict[str, Any], context: Context) -> None:
    name = f"files/{attachment['sha256']}"
    if name not in context.package:
        return
    with context.package.open(name) as file:
        kept = context.keep(file, str(attachment.get("name")))
    if kept is not None and kept["sha256"] != attachment["sha256"]:
        raise Broken("a file in the export was changed on its way: export it again")


def _is_whole(attachment: dict[str, Any]) -> bool:
    sha256 = attachment.get("sha256")
    return (
        is_id(str(attachment.get("id")))
        and isinstance(sha256, str)
        and len(sha256) == 64
        and DIGITS.issuperset(sha256)
        and attachment.get("type") in {*PICTURES, PDF, TEXT}
    )
