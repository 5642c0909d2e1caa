"""The cryptography of Web Push: message encryption (RFC 8291 over RFC 8188) and who sends (RFC 8292). Pure.

Imported when first needed, as an idle server does without the library.
"""

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4096
"""Size of the one record that a message is; what every push service has to take."""

_CURVE = ec.SECP256R1()


def text(data: bytes) -> str:
    """base64url without padding, as everything here is written."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def data(text: str) -> bytes:
    """Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key() -> bytes:
    """A private key: 32 bytes."""
    return ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big")


def public_key(private: bytes) -> bytes:
    """The uncompressed point: 65 bytes."""
    return _point(_private(private))


def check_keys(p256dh: bytes, auth: bytes) -> None:
    """Raises ValueError unless these can be a browser's: a point of the curve, and 16 bytes."""
    if len(p256dh) != 65 or len(auth) != 16:
        raise ValueError("the keys of the subscription have the wrong size")
    ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, p256dh)


def seal(
    plaintext: bytes, p256dh: bytes, auth: bytes, *, sender: bytes | None = None, salt: bytes | None = None
) -> bytes:
    """The body of the request, in content coding aes128gcm. ``sender`` and ``salt`` are new for every message."""
    salt = salt or os.urandom(16)
    own = _private(sender or new_key())
    receiver = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, p256dh)
    point = _point(own)
    secret = _derive(own.exchange(ec.ECDH(), receiver), auth, b"WebPush: info\0" + p256dh + point, 32)
    key = _derive(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(secret, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD.to_bytes(4, "big") + bytes([len(point)]) + point
    return header + AESGCM(key).encrypt(nonce, plaintext + b"\x02", None)


def authorization(private: bytes, origin: str, contact: str, expires: int) -> str:
    """The header that says who sends. ``origin`` is the push service's, ``expires`` in Unix seconds."""
    claims = {"aud": origin, "exp": expires, "sub": contact}
    signed = ".".join(text(_json(part)) for part in ({"typ": "JWT", "alg": "ES256"}, claims))
    r, s = decode_dss_signature(_private(private).sign(signed.encode(), ec.ECDSA(SHA256())))
    token = f"{signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return f"vapid t={token},k={text(public_key(private))}"


def _private(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(scalar, "big"), _CURVE)


def _point(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
