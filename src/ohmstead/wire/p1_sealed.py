"""P1 telegrams under a key, as in Luxembourg and Austria: a ciphered APDU with a whole telegram in
it.

There is no `/` and no end mark on the line: the length comes from the APDU's own header, and any
byte may be inside.  Source: P1 specification of Luxembourg (Smarty) 1.1.3, section 5; cipher.py for
the APDU.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from ohmstead.wire import cipher, p1
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.cipher import Keys, WrongKey
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import ENCRYPTION_KEY, KEY_REQUIRED, Refused, Telegram

START = re.compile(rb"[\xdb\xdc]\x08[A-Za-z]{3}.{5}\x82([\x00-\x0f].)[\x20\x21\x30\x31]", re.DOTALL)
"""Tag, length and letters of the system title, a length in two bytes, and the security control."""
HEAD = 14  # bytes of it
TITLED = 13  # bytes before those that the length counts
END = re.compile(rb"[\r\n]!([0-9A-Fa-f]{4})?\s*\Z")


class SealedP1(Stream[Telegram | Refused]):
    """The decoder of encrypted P1 telegrams; it holds at most 4 kB and one piece of input."""

    def __init__(self, keys: Keys | None = None) -> None:
        super().__init__()
        self._keys = keys

    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        while True:
            start = self._buffer.find(b"\x08")  # behind the tag
            if start < 0:
                self._drop(max(0, len(self._buffer) - 1))
                return
            self._drop(max(0, start - 1))
            head = START.match(self._buffer[:HEAD])
            if not head:
                if len(self._buffer) < HEAD and not final:
                    return
                self._drop(2 if start else 1)  # a first byte 08 has no tag in front
                if not self._buffer:
                    return
                continue
            end = TITLED + int.from_bytes(head[1], "big")
            if len(self._buffer) >= end:
                yield self._opened(bytes(self._buffer[:end]))
            elif final:
                self._drop(1)
            else:
                return

    def _opened(self, raw: bytes) -> Telegram | Refused:
        """What is in the bytes at the front; they are gone if they are a telegram, else searched
        again."""
        found = opened(raw, self._keys, self._passed)
        whole = isinstance(found, Telegram) or found.status == KEY_REQUIRED
        self._drop(len(raw) if whole else 1)
        return found


def opened(raw: bytes, keys: Keys | None, offset: int = 0) -> Telegram | Refused:
    """The telegram in a ciphered APDU; a refusal says whether a key is missing or wrong."""
    if keys is None:
        return Refused("P1: encrypted, and no key is set", offset, KEY_REQUIRED)
    try:
        plain, _ = cipher.opened(cipher.sealed(raw), keys)
    except WrongKey as error:
        return Refused(f"P1: {error}", offset, ENCRYPTION_KEY)
    except Unreadable as error:
        return Refused(f"P1: an encrypted telegram is damaged: {error}", offset)
    end = END.search(plain)
    crc = int(end[1], 16) if end and end[1] else None
    found = p1.checked(plain[: end.start() + 2], crc, raw, offset) if end else None
    if found is None:
        return Refused("P1: the encryption key does not fit", offset, ENCRYPTION_KEY)
    return replace(found, raw=raw) if isinstance(found, Telegram) else found
