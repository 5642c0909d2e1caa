import os

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import Vapid02

from server.ops import webpush
from tests.ops.pushing import Browser, data

RFC8291 = {  # section 5 and appendix A
    "plaintext": "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24",
    "sender": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
}
MESSAGE = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
    "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_message_of_the_standard_comes_out_to_the_byte() -> None:
    assert webpush.text(webpush.seal(**{name: data(value) for name, value in RFC8291.items()})) == MESSAGE


@given(st.binary(max_size=3000))
def test_an_independent_implementation_reads_what_we_seal(message: bytes) -> None:
    browser = Browser("")
    sealed = webpush.seal(message, browser.point, browser.auth)
    assert len(sealed) == 86 + len(message) + 1 + 16  # the header, the padding delimiter, the tag
    assert browser.decrypt(sealed) == message


def test_no_two_messages_share_a_key_or_a_salt() -> None:
    browser = Browser("")
    sealed = [webpush.seal(b"the same", browser.point, browser.auth) for _ in range(20)]
    assert len({message[:16] for message in sealed}) == len({message[21:86] for message in sealed}) == 20


def test_another_browser_reads_nothing() -> None:
    one, other = Browser(""), Browser("")
    with pytest.raises(http_ece.ECEException):
        other.decrypt(webpush.seal(b"private", one.point, one.auth))


def test_an_independent_implementation_knows_the_sender_again() -> None:
    private = webpush.new_key()
    header = webpush.authorization(private, "https://push.example", "mailto:ada@house.example", 2_000_000_000)
    assert Vapid02.verify(header)
    token, _, key = header.removeprefix("vapid t=").partition(",k=")
    head, claims, signature = token.split(".")
    assert data(head) == b'{"typ":"JWT","alg":"ES256"}'
    assert data(claims) == b'{"aud":"https://push.example","exp":2000000000,"sub":"mailto:ada@house.example"}'
    assert data(key) == webpush.public_key(private) and len(data(key)) == 65
    forged = bytearray(data(signature))
    forged[5] ^= 1
    assert not Vapid02.verify(f"vapid t={head}.{claims}.{webpush.text(bytes(forged))},k={key}")


@pytest.mark.parametrize("length", [31, 32])
def test_a_key_that_begins_with_zeros_stays_32_bytes(length: int) -> None:
    private = bytes(32 - length) + b"\x01" * length
    assert ec.derive_private_key(int.from_bytes(private, "big"), ec.SECP256R1()) and len(private) == 32
    assert len(webpush.public_key(private)) == 65


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (b"", os.urandom(16)),
        (b"\x04" + bytes(64), os.urandom(16)),
        (Browser("").point[:64], os.urandom(16)),
        (Browser("").point, os.urandom(15)),
    ],
    ids=["no key", "not on the curve", "too short", "short secret"],
)
def test_keys_that_no_browser_has_are_refused(p256dh: bytes, auth: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        webpush.check_keys(p256dh, auth)
