"""Envelopes: what comes back is what went in, or nothing."""

from hypothesis import given
from hypothesis import strategies as st

from server.wire.provenance import Signature, is_sealed, opened, seal

KEY = b"k" * 32
SIGNATURES = st.builds(
    Signature,
    provider=st.sampled_from(["openai", "anthropic", "gemini", "my-server"]),
    data=st.text(st.characters(exclude_categories=["Cs"])),
    id=st.none() | st.just("rs_1"),
    call=st.none() | st.just("call.1"),
    redacted=st.booleans(),
)


@given(SIGNATURES)
def test_an_envelope_gives_back_what_was_put_in(signature: Signature) -> None:
    text = seal(signature, KEY)
    assert is_sealed(text)
    assert text.isascii()
    assert text.startswith(f"gwsig1.{signature.provider}.")
    assert opened(text, KEY) == signature


@given(SIGNATURES, st.data())
def test_an_envelope_that_was_touched_is_empty(signature: Signature, data: st.DataObject) -> None:
    text = seal(signature, KEY)
    at = data.draw(st.integers(len("gwsig1."), len(text) - 1))
    other = data.draw(st.sampled_from("AQgw0_-.").filter(lambda letter: letter != text[at]))
    assert opened(text[:at] + other + text[at + 1 :], KEY) is None
    assert opened(text, b"another") is None


@given(st.text() | st.text().map(lambda text: f"gwsig1.{text}"))
def test_no_text_is_an_exception(text: str) -> None:
    assert opened(text, KEY) is None
