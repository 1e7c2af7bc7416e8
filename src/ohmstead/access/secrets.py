"""Secrets that machines keep: device passwords, sign-in links, sessions.

They are random enough (192 bits and more) that one keyed hash protects them; the check takes
microseconds and the same time whether it fails early or late.  Their characters are safe in an MQTT
client id, a URL and a cookie: `A-Z a-z 0-9 _ -`.
"""

import base64
import hashlib
import hmac
import os

SECRET_BYTES = 24
TOKEN_BYTES = 32
KEY_BYTES = 32


def _written(random: bytes) -> str:
    return base64.urlsafe_b64encode(random).rstrip(b"=").decode()


def new_secret() -> str:
    """A new password for a device: 192 bits, 32 characters."""
    return _written(os.urandom(SECRET_BYTES))


def new_token() -> str:
    """A new token for a sign-in link or a session: 256 bits, 43 characters."""
    return _written(os.urandom(TOKEN_BYTES))


def new_key() -> bytes:
    """A new key for an installation's hashes."""
    return os.urandom(KEY_BYTES)


def new_name() -> str:
    """A new id of an integration: ten of a-z and 2-7, at least one of them a digit.

    A name that a person chose has letters only, so the two never clash.
    """
    while True:
        name = base64.b32encode(os.urandom(10)).decode().lower()[:10]
        if not name.isalpha():
            return name


def new_claim() -> str:
    """A new claim code of a device, for people to type: 40 bits, like `ABCD-EF23`."""
    code = base64.b32encode(os.urandom(5)).decode()
    return f"{code[:4]}-{code[4:]}"


def plain_claim(written: str) -> str:
    """A claim code in its one spelling, however somebody wrote it down.

    >>> plain_claim(" abcd ef23 "), plain_claim("ABCD-EF23")
    ('ABCD-EF23', 'ABCD-EF23')
    """
    code = "".join(c for c in written.upper() if c.isalnum())
    return f"{code[:4]}-{code[4:]}"


def digest(key: bytes, secret: str) -> bytes:
    """What to keep instead of `secret`: BLAKE2b-256 with `key`.  Source: RFC 7693, 2.9.

    >>> digest(b"k" * 32, "secret") == digest(b"k" * 32, "secret") != digest(b"l" * 32, "secret")
    True
    """
    text = secret.encode(errors="surrogatepass")  # a stranger may send anything
    return hashlib.blake2b(text, key=key, digest_size=32).digest()


def matches(key: bytes, secret: str, kept: bytes) -> bool:
    """Whether `secret` is the one that `kept` was made from, in constant time."""
    return hmac.compare_digest(digest(key, secret), kept)
