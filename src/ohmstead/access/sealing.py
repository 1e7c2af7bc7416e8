"""What must be read again is sealed before it is kept: AES-256-GCM under the installation's key.

Source: NIST SP 800-38D (GCM); RFC 5869 (the key is derived, so that it is no key of the digests).
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


def sealed(key: bytes, plain: bytes, about: str) -> bytes:
    """`plain` so that only who has `key` reads it; `about` says what it belongs to.

    >>> opened(b"k" * 32, sealed(b"k" * 32, b"secret", "user 1"), "user 1")
    b'secret'
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_derived(key)).encrypt(nonce, plain, about.encode())


def opened(key: bytes, kept: bytes, about: str) -> bytes | None:
    """What was sealed; None when it was changed, or belongs to another key or another `about`."""
    try:
        return AESGCM(_derived(key)).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], about.encode())
    except (InvalidTag, ValueError):
        return None


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"ohmstead sealing 1").derive(key)
