"""The fake provider: a small server that speaks the real wires and answers what a test tells it to.

    with Upstream() as upstream:
        upstream.script(Answer(text="hello", chunk=2, delay=0.01))
        ...                                     # point an SDK at upstream.openai or upstream.anthropic
        assert upstream.requests[0].body["model"] == "gpt-5.1"
        upstream.check()                        # no request broke the providers' own types

Other processes run ``python -m tests.upstream --port N`` and script it over HTTP (``/_control/…``).
"""

from tests.upstream.answer import DEFAULT_TEXT, LONG, Answer
from tests.upstream.record import Asked
from tests.upstream.server import Upstream

__all__ = ["DEFAULT_TEXT", "LONG", "Answer", "Asked", "Upstream"]
