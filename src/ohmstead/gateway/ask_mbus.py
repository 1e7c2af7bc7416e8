"""Meters on the wired M-Bus, asked for their data at a primary or a secondary address.

Source: EN 13757-2, 5 (frames, frame count bit); EN 13757-3:2018, 11 (selection); the wildcards of
the M-Bus documentation 4.8, 7.3.
"""

from ohmstead.gateway.ask import TRIES, Answers, Ended, heard
from ohmstead.gateway.line import Line
from ohmstead.gateway.source import NETWORK_LAYER, Setting
from ohmstead.wire import dif, en13757
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.cipher import Keys
from ohmstead.wire.telegram import Telegram

SHORT, LONG, STOP = 0x10, 0x68, 0x16
RESET, ASK, SELECT, SEND = 0x40, 0x5B, 0x52, 0x53
COUNT_BIT = 0x20
ACKNOWLEDGED = 0xE5
ANYBODY = 254
"""The address to which every meter answers; for a bus with one."""
MOST_TELEGRAMS = 16
"""Telegrams that one meter may have to say."""
BEFORE_DATA, BEHIND_DATA = 7, 2
"""Bytes of a long frame around its data."""
ACKNOWLEDGE_S = 1.5
"""A meter acknowledges within 330 bits and 50 ms, which is 1.15 s at 300 baud."""


def short(control: int, address: int) -> bytes:
    """A short frame.

    >>> short(0x5B, 1).hex()
    '105b015c16'
    """
    return bytes([SHORT, control, address, (control + address) & 0xFF, STOP])


def selection(digits: str) -> bytes:
    """What selects the meter with this secondary address: the 8 digits of its number, or all 16
    (number, maker, version, medium as they stand in its header); F means any digit.

    >>> selection("1234567F").hex()
    '680b0b6853fd527f563412ffffffffb916'
    """
    number = bytes.fromhex(digits[:8])[::-1]
    rest = bytes.fromhex(digits[8:]) or b"\xff\xff\xff\xff"
    body = bytes([SEND, NETWORK_LAYER, SELECT]) + number + rest
    length = len(body)
    return bytes([LONG, length, length, LONG, *body, sum(body) & 0xFF, STOP])


def more_follows(telegram: Telegram) -> bool:
    """Whether the meter says that it has another telegram (DIF 1F at the end of its records)."""
    raw = telegram.raw
    header = en13757.HEADERS.get(raw[6]) if len(raw) > BEFORE_DATA else None
    if header is None:
        return False
    data = raw[BEFORE_DATA + header : -BEHIND_DATA]
    try:
        *_, last = dif.records(data)
    except (Unreadable, ValueError):  # encrypted, or none
        return False
    if last.head is not None:
        return False
    rest = bytes.fromhex(str(last.value.value)) if last.value else b""
    return data[len(data) - len(rest) - 1] == dif.REST_AND_MORE


class AskMbus:
    """A conversation with one meter of a bus."""

    settings = (
        Setting(2400, "even"),
        Setting(300, "even"),
        Setting(9600, "even"),
        Setting(600, "even"),
        Setting(1200, "even"),
        Setting(4800, "even"),
    )

    def __init__(self, address: str | None, keys: Keys | None) -> None:
        self._primary = ANYBODY if address is None else NETWORK_LAYER
        self._secondary: str | None = None
        if address is not None and len(address) <= 3:
            self._primary = int(address)
        else:
            self._secondary = address
        self._keys = keys

    async def round(self, line: Line) -> Answers:
        """Reset, selected where that is how it is found, and asked for all its telegrams."""
        await self._acknowledged(line, short(RESET, self._primary), tries=1)
        if self._secondary and not await self._acknowledged(line, selection(self._secondary)):
            return []
        found: Answers = []
        count = COUNT_BIT
        for _ in range(MOST_TELEGRAMS):
            answer = await self._asked(line, count)
            found += answer
            last = next((one for one in reversed(answer) if isinstance(one, Telegram)), None)
            if last is None or not more_follows(last):
                return found
            count ^= COUNT_BIT
        return found

    async def _asked(self, line: Line, count: int) -> Answers:
        """The next telegram; the count bit stays while it is asked for again, so that the meter
        says the same one again."""
        found: Answers = []
        for _ in range(TRIES):
            await line.write(short(ASK | count, self._primary))
            found = await heard(line, en13757.over_mbus(self._keys).feed)
            if any(isinstance(one, Telegram) or one.status is not None for one in found):
                return found
        return found

    async def _acknowledged(self, line: Line, request: bytes, tries: int = TRIES) -> bool:
        """Whether a meter has said E5 to `request`; an echo of it is passed over."""
        for _ in range(tries):
            await line.write(request)
            got = b""
            try:
                while len(got) < len(request) + 1:
                    piece = await line.read(ACKNOWLEDGE_S)
                    if not piece:
                        raise Ended("it ended")
                    got += piece
                    if got.removeprefix(request)[:1] == bytes([ACKNOWLEDGED]):
                        return True
            except TimeoutError:
                continue
        return False
