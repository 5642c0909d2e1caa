"""Checks that a written stream is one that its wire's clients can follow. An empty list means that it is."""

import json
from typing import Any

from server.wire.sse import Decoder

FAILED = {"error", "response.failed"}


def frames(data: bytes) -> list[dict[str, Any]]:
    """The JSON of every event; ``[DONE]`` is left as ``{"done": True}``."""
    decoder = Decoder()
    found = decoder.feed(data) + decoder.end()
    return [{"done": True} if text == "[DONE]" else json.loads(text) for text in found]


def problems(wire: str, data: bytes) -> list[str]:
    checks = {"chat": _chat, "responses": _responses, "messages": _messages}
    return checks[wire](frames(data)) + _names(data)


def _names(data: bytes) -> list[str]:
    """An event's name and the type in its data are the same."""
    wrong = []
    for block in data.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "event" in lines and json.loads(lines["data"])["type"] != lines["event"]:
            wrong.append(f"the event {lines['event']} says that it is another")
    return wrong


def _messages(events: list[dict[str, Any]]) -> list[str]:
    wrong: list[str] = []
    open_block: int | None = None
    blocks = 0
    state = "new"
    for event in events:
        kind = event["type"]
        if state == "over":
            wrong.append(f"{kind} after the end")
        elif kind == "message_start":
            wrong += [] if state == "new" else ["a second message_start"]
            state = "open"
        elif kind == "error":
            state = "over"
        elif state == "new":
            wrong.append(f"{kind} before message_start")
        elif kind == "content_block_start":
            wrong += [] if open_block is None else ["a block within a block"]
            wrong += [] if event["index"] == blocks else [f"block {event['index']} instead of {blocks}"]
            open_block, blocks = event["index"], blocks + 1
        elif kind == "content_block_delta":
            wrong += [] if event["index"] == open_block else ["a delta for a block that is not open"]
        elif kind == "content_block_stop":
            wrong += [] if event["index"] == open_block else ["a stop for a block that is not open"]
            open_block = None
        elif kind == "message_delta":
            wrong += [] if open_block is None else ["message_delta within a block"]
            wrong += [] if event["delta"]["stop_reason"] else ["no stop_reason"]
            state = "delta"
        elif kind == "message_stop":
            wrong += [] if state == "delta" else ["message_stop without message_delta"]
            state = "over"
        elif kind != "ping":
            wrong.append(f"unknown {kind}")
    return wrong + ([] if state == "over" else ["no end"])


def _chat(events: list[dict[str, Any]]) -> list[str]:
    wrong: list[str] = []
    if events and "error" in events[-1]:
        return [] if not any("done" in event for event in events) else ["[DONE] beside an error"]
    if not events or "done" not in events[-1]:
        return ["no [DONE]"]
    chunks = events[:-1]
    if len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) > 1:
        wrong.append("chunks of more than one completion")
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    if not choices or choices[0]["delta"].get("role") != "assistant":
        wrong.append("the first chunk has no role")
    if [choice["finish_reason"] is not None for choice in choices].count(True) != 1 or not choices[-1]["finish_reason"]:
        wrong.append("not exactly one finish_reason, at the end")
    known = 0
    for call in (call for choice in choices for call in choice["delta"].get("tool_calls", [])):
        if "id" in call:
            wrong += [] if call["index"] == known else [f"call {call['index']} instead of {known}"]
            known += 1
        elif call["index"] >= known:
            wrong.append("a piece of a call that has not begun")
    counted = [chunk for chunk in chunks if chunk.get("usage")]
    if len(counted) > 1 or any(chunk["choices"] for chunk in counted):
        wrong.append("usage more than once, or beside a choice")
    return wrong


def _responses(events: list[dict[str, Any]]) -> list[str]:
    wrong: list[str] = []
    if [event["sequence_number"] for event in events] != list(range(len(events))):
        wrong.append("the sequence numbers do not count up from 0")
    if not events or events[0]["type"] != "response.created":
        wrong.append("it does not begin with response.created")
    terminal = {"response.completed", "response.incomplete", "response.failed"}
    ends = [place for place, event in enumerate(events) if event["type"] in terminal]
    if ends != [len(events) - 1]:
        wrong.append("not exactly one terminal event, at the end")
    open_item: dict[str, Any] | None = None
    open_part = False
    done: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"]
        if kind == "response.output_item.added":
            wrong += [] if open_item is None else ["an item within an item"]
            wrong += [] if event["output_index"] == len(done) else ["an item out of its place"]
            open_item = event["item"]
        elif kind == "response.output_item.done":
            same = open_item is not None and open_item["id"] == event["item"]["id"] and not open_part
            wrong += [] if same else ["an item is done that was not open"]
            done.append(event["item"])
            open_item = None
        elif kind.endswith("_part.added"):
            wrong += ["a part within a part"] if open_part else []
            open_part = True
        elif kind.endswith("_part.done"):
            wrong += [] if open_part else ["a part is done that was not open"]
            open_part = False
        elif "item_id" in event:
            fits = open_item is not None and open_item["id"] == event["item_id"]
            wrong += [] if fits else [f"{kind} for an item that is not open"]
            if kind.startswith(("response.output_text", "response.refusal", "response.reasoning")) and not open_part:
                wrong.append(f"{kind} without a part")
    if events and events[-1]["type"] != "response.failed" and events[-1]["response"]["output"] != done:
        wrong.append("the response is not the sum of its items")
    return wrong
