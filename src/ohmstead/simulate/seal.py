"""Ciphered APDUs: what a meter with a key sends.  The mirror of wire/cipher.

Source: IEC 62056-5-3, 5.7 and 9.5 (general-glo-ciphering; AES-GCM with a tag of 12 bytes).
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ohmstead.wire.cipher import AUTHENTICATED, ENCRYPTED, TAG, Keys

GENERAL_GLO, GENERAL_DED = 0xDB, 0xDC
ENCRYPTED_ONLY, BOTH = ENCRYPTED, ENCRYPTED | AUTHENTICATED
SUITE_0, SUITE_1 = 0x00, 0x01


@dataclass(frozen=True, slots=True)
class Seal:
    """How a kind of meter ciphers: its security control, and how it writes the length."""

    maker: str
    """The three letters that its system title begins with."""
    control: int = BOTH | SUITE_0
    tag: int = GENERAL_GLO
    long_length: bool = False
    """Whether the length always takes two bytes, as in encrypted P1."""

    def title(self, serial: str) -> bytes:
        """The system title: the maker's letters and five bytes out of the serial number."""
        digits = int("".join(filter(str.isdigit, serial)) or "0")
        return self.maker.encode("ascii") + (digits % 2**40).to_bytes(5, "big")

    def sealed(self, plain: bytes, keys: Keys, serial: str, counter: int) -> bytes:
        """The plain text under the keys; `counter` must be another one each time."""
        title, count = self.title(serial), counter.to_bytes(4, "big")
        associated = bytes([self.control]) + (keys.authentication or b"")
        both = AESGCM(keys.encryption).encrypt(title + count, plain, associated)
        kept = len(plain) + (TAG if self.control & AUTHENTICATED else 0)
        content = bytes([self.control]) + count + both[:kept]
        head = bytes([self.tag, len(title)]) + title
        return head + length(len(content), long=self.long_length) + content


def length(count: int, *, long: bool = False) -> bytes:
    """A length as A-XDR writes it: one byte up to 127, else 0x81 or 0x82 and the bytes it takes.

    >>> length(127).hex(), length(128).hex(), length(300).hex(), length(5, long=True).hex()
    ('7f', '8180', '82012c', '820005')
    """
    if long or count > 0xFF:
        return b"\x82" + count.to_bytes(2, "big")
    return bytes([count]) if count < 0x80 else bytes([0x81, count])
