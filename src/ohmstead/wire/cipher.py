"""Telegrams under a key: general-glo and general-ded ciphering with AES-GCM.

`DB | 08 system title | length | security control | invocation counter | data [| tag]`.  0x20 in the
security control means encrypted, 0x10 authenticated.  Source: IEC 62056-5-3, 5.7 and 9.5 (Green
Book 9.2.7).
"""

from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR, GCM

from ohmstead.errors import BadInput
from ohmstead.wire.axdr import Reader, Unreadable

CIPHERED = frozenset({0xDB, 0xDC})
AUTHENTICATED, ENCRYPTED, COMPRESSED = 0x10, 0x20, 0x80
TITLE = 8  # bytes of a system title
TAG = 12  # bytes of the authentication tag
KEY_LENGTHS = (16, 32)  # bytes: security suites 0 and 1, suite 2
FIRST_COUNTER = (2).to_bytes(4, "big")  # GCM keeps block 1 for the tag


class WrongKey(Exception):
    """The telegram does not open with these keys.  It never leaves the wire, and never holds a
    key."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one meter; they are in no text that is made of this."""

    encryption: bytes = field(repr=False)
    """Global unicast encryption key, 16 or 32 bytes."""
    authentication: bytes | None = field(default=None, repr=False)
    """Authentication key; without it a tag is not checked."""

    def __post_init__(self) -> None:
        for name, key in (("encryption", self.encryption), ("authentication", self.authentication)):
            if key is not None and len(key) not in KEY_LENGTHS:
                raise BadInput(
                    f"the {name} key has {len(key)} bytes; 16 or 32 are needed,"
                    " given as 32 or 64 hexadecimal digits"
                )


@dataclass(frozen=True, slots=True)
class Sealed:
    """A ciphered APDU, taken apart."""

    title: bytes
    control: int
    counter: bytes
    data: bytes
    """Cipher text, with the tag behind it where there is one."""
    length: int
    """Bytes of the whole APDU."""

    @property
    def maker(self) -> str | None:
        """The three letters that a system title begins with."""
        letters = self.title[:3]
        return letters.decode("ascii").upper() if letters.isalpha() and letters.isascii() else None


def sealed(apdu: bytes) -> Sealed:
    """The parts of a ciphered APDU; Unreadable if it is none, or cut off."""
    reader = Reader(apdu)
    tag, length = reader.take(1)[0], reader.length()
    if tag not in CIPHERED or length != TITLE:
        raise Unreadable("it is not ciphered with a system title of 8 bytes")
    title = reader.take(TITLE)
    content = reader.length()
    end = reader.position + content
    control, counter = reader.take(1)[0], reader.take(4)
    data = reader.take(end - reader.position) if end >= reader.position else b""
    return Sealed(title, control, counter, data, end)


def opened(message: Sealed, keys: Keys) -> tuple[bytes, bool]:
    """The plain text, and whether a tag has shown that it is right; WrongKey where the tag is not.

    Without an authentication key a tag is cut off and not checked, and where there is none a wrong
    encryption key shows only in what comes out: the caller must look at it.
    """
    control = message.control
    if control & COMPRESSED:
        raise Unreadable("compressed telegrams are not read")
    if not control & (ENCRYPTED | AUTHENTICATED):
        return message.data, False
    tagged = bool(control & AUTHENTICATED)
    text, tag = (message.data[:-TAG], message.data[-TAG:]) if tagged else (message.data, b"")
    if tagged and len(tag) < TAG:
        raise Unreadable("its authentication tag is cut off")
    nonce = message.title + message.counter
    if tagged and keys.authentication is not None:
        associated = bytes([control]) + keys.authentication
        return _verified(text, tag, nonce, associated, keys.encryption), True
    if not control & ENCRYPTED:
        return text, False
    cipher = Cipher(AES(keys.encryption), CTR(nonce + FIRST_COUNTER)).decryptor()
    return cipher.update(text) + cipher.finalize(), False


def _verified(text: bytes, tag: bytes, nonce: bytes, associated: bytes, key: bytes) -> bytes:
    """The plain text of what is authenticated; one that is not encrypted is associated data as a
    whole."""
    cipher = Cipher(AES(key), GCM(nonce, tag, min_tag_length=TAG)).decryptor()
    encrypted = bool(associated[0] & ENCRYPTED)
    cipher.authenticate_additional_data(associated if encrypted else associated + text)
    try:
        plain = cipher.update(text if encrypted else b"") + cipher.finalize()
    except InvalidTag:
        raise WrongKey("the authentication tag is not right") from None
    return plain if encrypted else text
