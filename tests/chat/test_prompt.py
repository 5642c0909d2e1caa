from dataclasses import dataclass

import pytest

from server.chat import prompt
from server.chat.prompt import Settings
from server.providers.base import Model
from server.wire.request import Content, ImagePart, Part, TextPart


@dataclass(frozen=True)
class Turn:
    role: str
    text: str
    id: str = ""


PLAIN = Model("m", "openai", efforts=("low", "medium", "high"), temperature=True)


def asked(*turns: tuple[str, str], go_on: bool = False) -> list[tuple[str, str]]:
    request, _ = prompt.build([Turn(*turn) for turn in turns], Settings(), PLAIN, go_on=go_on)
    return [(message.role, message.text) for message in request.messages]


def test_the_path_becomes_the_messages() -> None:
    path = [("user", "a"), ("assistant", "b"), ("user", "c")]
    assert asked(*path) == path


def test_a_reply_that_said_nothing_is_left_out_and_the_prompts_around_it_join() -> None:
    assert asked(("user", "a"), ("assistant", ""), ("user", "b")) == [("user", "a\n\nb")]


def test_notices_are_not_sent() -> None:
    assert asked(("user", "a"), ("notice", "model changed"), ("assistant", "b")) == [("user", "a"), ("assistant", "b")]


def test_a_continued_answer_is_one_answer_without_a_seam() -> None:
    assert asked(("user", "a"), ("assistant", "one tw"), ("assistant", "o three"), ("user", "b")) == [
        ("user", "a"),
        ("assistant", "one two three"),
        ("user", "b"),
    ]


def test_going_on_asks_for_what_comes_next() -> None:
    assert asked(("user", "a"), ("assistant", "one tw"), go_on=True)[-1] == ("user", prompt.GO_ON)


@pytest.mark.parametrize(
    ("wanted", "efforts", "sent", "noted"),
    [
        ("low", ("low", "medium", "high"), "low", False),
        ("none", ("low", "medium", "high"), "low", True),
        ("minimal", ("none", "low"), "none", True),
        ("max", ("low", "medium", "high"), "high", True),
        ("xhigh", (), None, True),
        ("none", (), None, False),
        ("high", None, "high", False),
        (None, ("low",), None, False),
    ],
)
def test_reasoning_is_what_the_model_takes(
    wanted: str | None, efforts: tuple[str, ...] | None, sent: str | None, noted: bool
) -> None:
    model = Model("m", "openai", efforts=efforts)  # type: ignore[arg-type]
    request, notes = prompt.build([Turn("user", "a")], Settings(reasoning=wanted), model)
    assert request.effort == sent
    assert bool(notes) == noted


@pytest.mark.parametrize(("takes", "sent"), [(True, 0.5), (None, 0.5), (False, None)])
def test_a_temperature_that_a_model_does_not_take_is_left_out_and_said(takes: bool | None, sent: float | None) -> None:
    request, notes = prompt.build(
        [Turn("user", "a")], Settings(temperature=0.5), Model("m", "openai", temperature=takes)
    )
    assert request.temperature == sent
    assert (notes == []) == (takes is not False)


PICTURE, OTHER = ImagePart("image/png", b"1"), ImagePart("image/png", b"2")


def shown(files: dict[str, list[Content]], *turns: tuple[str, str, str]) -> list[tuple[str, tuple[Part, ...]]]:
    path = [Turn(role, text, id) for role, text, id in turns]
    request, _ = prompt.build(path, Settings(), PLAIN, files=files)
    return [(message.role, message.parts) for message in request.messages]


def test_files_stand_before_the_words_they_came_with() -> None:
    assert shown({"1": [PICTURE]}, ("user", "what is this?", "1")) == [("user", (PICTURE, TextPart("what is this?")))]


def test_files_without_a_word_are_a_message() -> None:
    assert shown({"1": [PICTURE]}, ("user", "", "1")) == [("user", (PICTURE,))]


def test_a_picture_that_a_model_made_goes_with_the_next_words_of_the_person() -> None:
    turns = [("user", "/image a fox", "1"), ("assistant", "", "2"), ("user", "what is on it?", "3")]
    assert shown({"2": [PICTURE], "3": [OTHER]}, *turns) == [
        ("user", (TextPart("/image a fox"),)),
        ("assistant", (TextPart(prompt.MADE),)),
        ("user", (PICTURE, OTHER, TextPart("what is on it?"))),
    ]


def test_what_was_attached_to_two_prompts_in_a_row_is_kept_with_both() -> None:
    turns = [("user", "one", "1"), ("assistant", "", "2"), ("user", "two", "3")]
    assert shown({"1": [PICTURE], "3": [OTHER]}, *turns) == [("user", (PICTURE, OTHER, TextPart("one\n\ntwo")))]
