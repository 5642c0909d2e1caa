"""Canonical events to the stream of one response. Pure."""

from typing import Any

from server.wire.blocks import Block
from server.wire.errors import Problem, response_error
from server.wire.events import Finish, Usage
from server.wire.openai_responses.answer_writer import carried, ended, id_of, item, part, response
from server.wire.sse import encode, packed
from server.wire.stream_writer import StreamWriter

_KINDS = {
    "text": "response.output_text",
    "refusal": "response.refusal",
    "reasoning": "response.reasoning_summary_text",
    "call": "response.function_call_arguments",
}
_FULL = {"text": "text", "refusal": "refusal", "reasoning": "text", "call": "arguments"}
_EMPTY: dict[str, dict[str, Any]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
}


class Writer(StreamWriter):
    """Each item is announced, filled and completed before the next; one terminal event carries the whole response."""

    _number = 0
    _before = b""
    _kind = ""

    def begin(self) -> None:
        self._output: list[dict[str, Any]] = []
        self._pieces: list[str] = []
        self._response = response(self.asked, self.response_id, self.created)
        self._event("response.created", response=self._response)
        self._event("response.in_progress", response=self._response)

    def opened(self, block: Block) -> None:
        if block.call is not None:
            for extra in carried(block.call.extra, self.response_id, len(self._output), self.asked, self._key):
                self._event("response.output_item.added", output_index=len(self._output), item=extra)
                self._complete(extra)
        self._pieces.clear()
        self._kind = "response.custom_tool_call_input" if block.custom else _KINDS[block.kind]
        if self._is_hidden(block):
            return
        whole = item(block, self.response_id, len(self._output), self.asked, self._key)
        status = {"status": "in_progress"} if "status" in whole else {}
        added = whole | _EMPTY[whole["type"]] | status
        self._event("response.output_item.added", output_index=len(self._output), item=added)
        if block.kind == "reasoning":
            self._event("response.reasoning_summary_part.added", **self._at(block), part=_summary(""))
        elif block.call is None:
            self._event("response.content_part.added", **self._at(block), part=part(block.kind, ""))
        self._open_deltas(block)

    def added(self, block: Block, text: str) -> None:
        self._pieces.append(text)
        self.say(b'%s%d,"delta":%s}\n\n' % (self._before, self._number, packed(text)))
        self._number += 1

    def closed(self, block: Block) -> None:
        whole = Block(block.kind, self._pieces, signature=block.signature, call=block.call, custom=block.custom)
        written = item(whole, self.response_id, len(self._output), self.asked, self._key)
        if self._is_hidden(whole):
            if "encrypted_content" in written:
                self._event("response.output_item.added", output_index=len(self._output), item=written)
                self._complete(written)
            return
        text, at = whole.text, self._at(block)
        if block.call is not None:
            field = "input" if block.custom else "arguments"
            self._event(f"{self._kind}.done", **at, name=block.call.name, **{field: written[field]})
        else:
            more: dict[str, Any] = {"logprobs": []} if block.kind == "text" else {}
            self._event(f"{self._kind}.done", **at, **{_FULL[block.kind]: text}, **more)
            if block.kind == "reasoning":
                self._event("response.reasoning_summary_part.done", **at, part=_summary(text))
            else:
                self._event("response.content_part.done", **at, part=part(block.kind, text))
        self._complete(written)

    def finished(self, finish: Finish) -> None:
        end = ended(finish, self._output, self.usage or Usage(input=self._estimate))
        self._event(f"response.{end['status']}", response=self._response | end)

    def failed(self, problem: Problem) -> None:
        self._begin_once()
        end = {"status": "failed", "error": response_error(problem), "output": self._output}
        self._event("response.failed", response=self._response | end)

    def beat(self) -> None:
        # Comments do not count as life for every client, and an event that repeats itself does no harm.
        self._event("response.in_progress", response=self._response)

    def _is_hidden(self, block: Block) -> bool:
        """Thinking that only its maker can read."""
        return block.kind == "reasoning" and not block.pieces and block.signature is not None

    def _at(self, block: Block) -> dict[str, Any]:
        place = len(self._output)
        at: dict[str, Any] = {"item_id": id_of(block, self.response_id, place), "output_index": place}
        if block.kind == "reasoning":
            return at | {"summary_index": 0}
        return at if block.call is not None else at | {"content_index": 0}

    def _open_deltas(self, block: Block) -> None:
        kind = f"{self._kind}.delta"
        more: dict[str, Any] = {"logprobs": []} if block.kind == "text" else {}
        head = packed({"type": kind} | self._at(block) | more)[:-1]
        self._before = b"event: " + kind.encode() + b"\ndata: " + head + b',"sequence_number":'

    def _complete(self, whole: dict[str, Any]) -> None:
        self._event("response.output_item.done", output_index=len(self._output), item=whole)
        self._output.append(whole)

    def _event(self, kind: str, **data: Any) -> None:
        self.say(encode({"type": kind, "sequence_number": self._number} | data, kind))
        self._number += 1


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
