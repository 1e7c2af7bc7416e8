"""DLMS meters that push: a link layer below, blocks and ciphering between, notifications above."""

from collections.abc import Sequence
from typing import Protocol

from ohmstead.wire import cipher
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.bare import Bare
from ohmstead.wire.cipher import Keys
from ohmstead.wire.familiar import Lists
from ohmstead.wire.gbt import Blocks
from ohmstead.wire.hdlc import Hdlc, Message
from ohmstead.wire.mbus_link import MbusLink
from ohmstead.wire.telegram import ENCRYPTION_KEY, KEY_REQUIRED, Refused, Telegram
from ohmstead.wire.wrapper import Wrapper


class Link(Protocol):
    """A link layer: bytes in, messages out, and telegrams of others that use the same link."""

    def feed(self, data: bytes) -> Sequence[Message | Telegram | Refused]: ...

    def close(self) -> Sequence[Message | Telegram | Refused]: ...

    @property
    def held(self) -> int: ...


class Dlms:
    """The decoder of what comes over `link`; `framing` is its name in the telegrams.

    A ciphered telegram is opened with `keys`; without them it is refused, KEY REQUIRED.
    """

    def __init__(self, link: Link, framing: str, keys: Keys | None = None) -> None:
        self._link = link
        self._framing = framing
        self._keys = keys
        self._blocks = Blocks()
        self._lists = Lists()

    def feed(self, data: bytes) -> list[Telegram | Refused]:
        """Whatever `data` completes."""
        return self._all(self._link.feed(data))

    def close(self) -> list[Telegram | Refused]:
        """What the end of the stream completes."""
        return self._all([*self._link.close(), *self._blocks.close()])

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return self._link.held + self._blocks.held

    def _all(self, messages: Sequence[Message | Telegram | Refused]) -> list[Telegram | Refused]:
        found: list[Telegram | Refused] = []
        for message in messages:
            if isinstance(message, Message):
                found += [
                    self._read(apdu) if isinstance(apdu, Message) else apdu
                    for apdu in self._blocks.join(message.without_llc())
                ]
            else:
                found.append(message)
        return found

    def _read(self, apdu: Message) -> Telegram | Refused:
        if apdu.payload[:1] and apdu.payload[0] in cipher.CIPHERED:
            return opened(apdu, self._framing, self._keys, self._lists)
        return self._lists.telegram(
            apdu.payload, framing=self._framing, raw=apdu.raw, offset=apdu.offset
        )


def opened(apdu: Message, framing: str, keys: Keys | None, lists: Lists) -> Telegram | Refused:
    """The telegram in a ciphered APDU; a refusal says whether a key is missing or wrong.

    Where no tag is checked, a plain text that cannot be read means a wrong key.
    """
    try:
        sealed = cipher.sealed(apdu.payload)
        if sealed.length != len(apdu.payload):
            raise Unreadable("bytes follow it")
        if keys is None:
            return Refused("DLMS: encrypted, and no key is set", apdu.offset, KEY_REQUIRED)
        plain, checked = cipher.opened(sealed, keys)
    except cipher.WrongKey as error:
        return Refused(f"DLMS: {error}", apdu.offset, ENCRYPTION_KEY)
    except Unreadable as error:
        return Refused(f"DLMS: a ciphered telegram is damaged: {error}", apdu.offset)
    found = lists.telegram(
        plain, framing=framing, raw=apdu.raw, offset=apdu.offset, title=sealed.maker
    )
    if isinstance(found, Refused) and not checked:
        return Refused("DLMS: the encryption key does not fit", apdu.offset, ENCRYPTION_KEY)
    return found


def over_hdlc(keys: Keys | None = None) -> Dlms:
    """DLMS over HDLC, as on most customer ports."""
    return Dlms(Hdlc(), "hdlc", keys)


def over_mbus(keys: Keys | None = None) -> Dlms:
    """DLMS over the wired M-Bus, as in Austria."""
    return Dlms(MbusLink(), "mbus", keys)


def over_wrapper(keys: Keys | None = None) -> Dlms:
    """DLMS over TCP, as gateways and converters hand it on."""
    return Dlms(Wrapper(), "wrapper", keys)


def bare(keys: Keys | None = None) -> Dlms:
    """DLMS without any link layer, as published telegrams and some converters have it."""
    return Dlms(Bare(), "none", keys)
