"""Stop sequences that an upstream could not be told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.wire import anthropic_messages, openai_chat, openai_responses
from server.wire.events import Event, Finish, Text, Usage
from server.wire.request import Request
from server.wire.stops import Stops, watch


def run(sequences: tuple[str, ...], *pieces: str) -> list[Event]:
    stops = Stops(sequences)
    events: list[Event] = [*(Text(piece) for piece in pieces), Usage(output=1), Finish("stop")]
    return [seen for event in events for seen in stops.take(event)]


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def test_the_answer_ends_before_the_sequence() -> None:
    assert run(("END",), "so it EN", "Ds here") == [Text("so it "), Finish("stop", stop_sequence="END")]


def test_what_only_began_like_one_is_given_back() -> None:
    events = run(("END",), "the E", "N", "ough")
    assert text(events) == "the ENough"
    assert events[-2:] == [Usage(output=1), Finish("stop")]
    assert text(run(("END",), "a EN")) == "a EN"


@given(st.text("ab", max_size=12), st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=3), st.data())
def test_the_pieces_make_no_difference(answer: str, sequences: list[str], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 5))
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    found = [(at + len(sequence), at) for sequence in sequences if (at := answer.find(sequence)) >= 0]
    assert text(run(tuple(sequences), *pieces)) == answer[: min(found, default=(0, len(answer)))[1]]


@pytest.mark.parametrize(
    ("wire", "sent", "watched"),
    [(openai_responses, None, ("a", "b", "c", "d", "e")), (openai_chat, ["a", "b", "c", "d"], ("e",))],
)
def test_each_wire_gets_as_many_as_it_takes(wire: object, sent: list[str] | None, watched: tuple[str, ...]) -> None:
    request = Request("m", (), stop=("a", "b", "c", "d", "e"))
    assert wire.write_request(request).get("stop") == sent  # type: ignore[attr-defined]
    stops = watch(request, wire.MAX_STOP)  # type: ignore[attr-defined]
    assert stops is not None
    assert stops._sequences == watched


def test_anthropic_takes_any_number() -> None:
    request = Request("m", (), stop=("a", "b", "c", "d", "e", " "))
    assert watch(request, anthropic_messages.MAX_STOP) is None
    assert anthropic_messages.write_request(request)["stop_sequences"] == ["a", "b", "c", "d", "e"]
    assert request.dropped == ["stop_sequences"]
