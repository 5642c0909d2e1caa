"""What a meter believes of an upstream, and what it keeps of what it is told."""

import pytest

from server.calls.meter import Meter
from server.wire.events import Start, Text, Usage
from server.wire.loose import MOST


@pytest.mark.parametrize(
    "said", [Usage(input=5, output=MOST), Usage(input=MOST // 2, output=MOST // 2), Usage(input=5, web_searches=MOST)]
)
def test_a_report_that_cannot_be_true_is_none_and_neither_is_the_one_that_it_replaced(said: Usage) -> None:
    meter = Meter(None, 40)
    meter.see(Usage(input=5, output=1))
    meter.see(Text("word " * 100))
    meter.see(said)
    usage, source = meter.outcome(finished=True)
    assert (usage.input, source) == (40, "estimated")
    assert 50 < usage.output < 200
    meter.see(Usage(input=5, output=100))
    assert meter.outcome(finished=True) == (Usage(input=5, output=100), "provider")


def test_the_names_that_an_upstream_gives_are_kept_as_text_of_a_sane_length() -> None:
    meter = Meter(None, 0)
    meter.see(Start("resp_\ud83d\N{SNOWMAN}", "m" * 100_000))
    assert meter.response_id == "resp_?\N{SNOWMAN}"
    assert meter.model_served is not None and len(meter.model_served) == 256
    meter.see(Start())
    assert meter.response_id == "resp_?\N{SNOWMAN}"
