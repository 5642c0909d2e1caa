"""A request is made to fit its model, and every change is said."""

from typing import Any

import pytest

from server.providers.base import Model
from server.providers.fit import fit
from server.wire.request import Request

THINKS = Model("m", "openai", efforts=("low", "medium", "high"), temperature=False, max_output=100)
PLAIN = Model("m", "openai", efforts=(), temperature=True, max_output=100)
UNKNOWN = Model("m", "compatible")


@pytest.mark.parametrize(
    ("model", "asked", "changed", "noted"),
    [
        (THINKS, {"temperature": 0.5, "top_p": 0.9}, {"temperature": None, "top_p": None}, ["temperature", "top_p"]),
        (PLAIN, {"temperature": 0.5, "top_p": 0.9}, {}, []),
        (UNKNOWN, {"temperature": 0.5, "effort": "max", "max_output_tokens": 10**6}, {}, []),
        (THINKS, {"effort": "high"}, {}, []),
        (THINKS, {"effort": "max"}, {"effort": "high"}, ["effort"]),
        (THINKS, {"effort": "none"}, {"effort": "low"}, ["effort"]),
        (PLAIN, {"effort": "none"}, {"effort": None}, []),
        (PLAIN, {"effort": "low"}, {"effort": None}, ["effort"]),
        (PLAIN, {"max_output_tokens": 100}, {}, []),
        (PLAIN, {"max_output_tokens": 101}, {"max_output_tokens": 100}, ["max_output_tokens"]),
    ],
)
def test_only_what_the_model_refuses_is_changed(
    model: Model, asked: dict[str, Any], changed: dict[str, Any], noted: list[str]
) -> None:
    request = Request("m", (), **asked)
    fitted, notes = fit(request, model)
    assert {field: getattr(fitted, field) for field in asked} == asked | changed
    assert [note.path for note in notes] == noted
    assert all("m " in note.sentence for note in notes)
    assert (fitted is request) == (not changed)
