"""P1 telegrams: DSMR 2.2 to 5, e-MUCS, the Swedish, Luxembourg and Austrian ones, and what looks
like them.

`/` identification, empty line, one `OBIS(value)` a line, `!`, and from DSMR 4 on a CRC.  One
decoder reads every country: a line it does not know keeps its code, and a value that is no number
with a unit stays text. Source: P1 companion standard 5.0.2, sections 6.2 to 6.13; 2.2+ and 3.0 for
the gas value on a line of its own.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

from ohmstead.reading import obis, units
from ohmstead.reading.reading import Identity
from ohmstead.wire.crc import crc16_arc
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused, Telegram, Value
from ohmstead.wire.vendors import VENDORS, prefix_of

START = re.compile(rb"/[A-Za-z]{3}[^\r\n/!()]{0,64}\r?\n")
"""The identification line; brackets are in data lines only, so a `/` inside a text is not taken for
it."""

LINE = re.compile(
    rb"^([0-9A-F][0-9A-F.:*&-]{2,28})\("
    rb"(?:([-+]?\d{1,15}(?:\.\d{1,9})?)\*([^()\r\n]{1,8})\)[ \t]*$|([^\r\n]*)\))",
    re.MULTILINE,
)
"""A data line: code, then either number and unit, or all between the outermost brackets."""

NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,9})?")
TIME = re.compile(
    r"(?:20(?=\d{6} |\d{12}(?!\d)))?(\d\d)(\d\d)(\d\d) ?(\d\d):?(\d\d)(?::?(\d\d))?([SW]?)",
    re.IGNORECASE,
)
HEX_TEXT = re.compile(r"(?:[2-7][0-9A-Fa-f]){4,}")

MODEL = re.compile(r"^[A-Za-z]{3}[0-9A-Z]?:?(?:\\2)?")
"""What stands before the model in an identification line: vendor, baud rate, and the mark of mode
E."""

IDENTIFYING = ("96.1.0", "96.1.1", "96.1.255", "0.0.0", "42.0.0", "1-3:0.2.8", "0.2.8", "96.1.4")

CRC_DIGITS = 4
GAS_PARTS = 7  # time, status, period, count, code, unit and, from the line after it, the value


@lru_cache(maxsize=1024)
def _key(code: bytes) -> str | None:
    """The short OBIS code of a written one, None where it is none.  Remembered: meters use few."""
    try:
        return obis.parse(code.decode("ascii")).own.short
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _unit(spelled: bytes) -> str:
    return units.named(spelled.decode("latin-1"))


def time_of(written: str) -> datetime | None:
    """The moment that `YYMMDDhhmmssX` spells: naive wall time, X is S (summer, fold 0) or W
    (winter, fold 1).

    Older telegrams leave X out, NES writes `20240111 09:35:00`; what is no date gives None.

    >>> time_of("170102192002W"), time_of("632525252525W")
    (datetime.datetime(2017, 1, 2, 19, 20, 2, fold=1), None)
    """
    found = TIME.fullmatch(written)
    if not found:
        return None
    year, month, day, hour, minute = (int(group) for group in found.groups()[:5])
    second, winter = int(found[6] or 0), found[7] in ("W", "w")
    try:
        return datetime(  # noqa: DTZ001  (the telegram does not say its offset)
            2000 + year, month, day, hour, minute, second, fold=int(winter)
        )
    except ValueError:
        return None


def text_of(written: str) -> str:
    """What an octet string stands for: its ASCII text where it is hexadecimal for one, else itself.

    >>> text_of("4B384547303034303436333935353037"), text_of("1ESY1336001560")
    ('K8EG004046395507', '1ESY1336001560')
    """
    if not HEX_TEXT.fullmatch(written):
        return written
    text = bytes.fromhex(written).decode("ascii").strip()
    return text if text and text.isprintable() else written


def _numbered(written: str, unit: str | None = None, at: datetime | None = None) -> Value:
    """The value of `number*unit`; without a unit (of its own or given) it stays text."""
    number, star, spelled = written.partition("*")
    unit = units.named(spelled) if star else unit
    if unit is None or not NUMBER.fullmatch(number):
        return Value(written, None, at)
    return Value(float(number) if "." in number else int(number), unit, at)


def _value(inside: str) -> Value | None:
    """The value of a line that is not just number and unit; None for an empty one and for logs of
    the past."""
    if ")" not in inside:
        return Value(inside) if inside else None
    parts = inside.split(")(")
    first = parts[0]
    if len(parts) == 2:
        if at := time_of(first):
            return _numbered(parts[1], at=at)
        if at := time_of(parts[1]):
            return _numbered(first, at=at)
        return None
    if len(parts) == GAS_PARTS and _key(parts[4].encode()):
        return _numbered(parts[6], units.named(parts[5]), time_of(first))
    return None


@lru_cache(maxsize=64)
def _identity(ident: str, texts: tuple[str | None, ...]) -> Identity:
    """Who the meter is: its identification line, and what it says under `IDENTIFYING`.  A meter
    never changes."""
    said = {key: text_of(text) for key, text in zip(IDENTIFYING, texts, strict=True) if text}
    prefix = prefix_of(ident)
    version = next((said[key] for key in ("1-3:0.2.8", "0.2.8", "96.1.4") if key in said), None)
    if version and version.isdigit() and len(version) >= 2:
        version = f"{version[0]}.{version[1]}"
    return Identity(
        id=next(
            (said[key] for key in ("96.1.0", "96.1.1", "96.1.255", "0.0.0") if key in said), None
        ),
        logical_name=said.get("42.0.0"),
        model=said.get("96.1.1") or MODEL.sub("", ident).split(" ")[0] or None,
        vendor=VENDORS.get(prefix or ""),
        prefix=prefix,
        protocol="DSMR",
        protocol_version=version,
        interface="P1",
    )


def _clock(values: dict[str, Value]) -> datetime | None:
    """The meter's clock: 1.0.0, or 0.9.2 (date) and 0.9.1 (time) where it has only these."""
    said = [str(values[key].value) for key in ("1.0.0", "0.9.2", "0.9.1") if key in values]
    if "1.0.0" in values:
        return time_of(said[0])
    return time_of("".join(re.sub(r"\D", "", part)[-6:] for part in said)) if said[1:] else None


def values_of(body: bytes) -> dict[str, Value]:
    """The values of all data lines between the identification and the `!`."""
    body = body.replace(b"\r", b"")
    if b"\n(" in body:
        body = body.replace(b"\n(", b"(")
    values: dict[str, Value] = {}
    for code, number, unit, inside in LINE.findall(body):
        key = _key(code)
        if key is None:
            continue
        if unit:
            values[key] = Value(float(number) if b"." in number else int(number), _unit(unit))
        elif (value := _value(inside.decode("latin-1"))) is not None:
            values[key] = value
    return values


class P1(Stream[Telegram | Refused]):
    """The decoder of plain P1 telegrams; it holds at most `LONGEST` bytes and one piece of input.

    A telegram ends at a `!` that begins a line and is followed by four hexadecimal digits or the
    line's end; it begins at the last identification line before that, so one that was cut off costs
    nothing but itself.
    """

    LONGEST = 16_384
    """A telegram has 2 kB at most; with a full text message and 13 months of demand 8."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = False  # the buffer starts with `/` and three letters
        self._scanned = 0  # before this position there is no end

    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        while self._begun or self._begin():
            bang = self._buffer.find(b"!", self._scanned, self.LONGEST)
            if bang < 0:
                self._scanned = min(len(self._buffer), self.LONGEST)
                if not final and self._scanned < self.LONGEST:
                    return
                if START.match(self._buffer):
                    yield Refused("P1: a telegram begins and does not end", self._passed)
                self._skip(1)
                continue
            tail = bytes(self._buffer[bang + 1 : bang + 1 + CRC_DIGITS])
            self._scanned = bang
            if self._buffer[bang - 1] not in b"\r\n":
                self._scanned += 1
            elif tail[:1] in (b"\r", b"\n") or (final and not tail):
                yield from self._ended(bang + 1, None)
            elif tail.strip(b"0123456789ABCDEFabcdef"):
                self._scanned += 1
            elif len(tail) == CRC_DIGITS:
                yield from self._ended(bang + 1, int(tail, 16))
            elif final:
                self._scanned += 1
            else:
                return

    def _begin(self) -> bool:
        """Whether the buffer now begins with `/` and three letters; what cannot be a beginning is
        dropped."""
        slash = self._buffer.find(b"/")
        while slash >= 0:
            letters = self._buffer[slash + 1 : slash + 4]
            if len(letters) < 3 or letters.isalpha():
                self._skip(slash)
                self._begun = len(letters) == 3
                return self._begun
            slash = self._buffer.find(b"/", slash + 1)
        self._skip(len(self._buffer))
        return False

    def _skip(self, count: int) -> None:
        self._drop(count)
        self._scanned = max(0, self._scanned - count)
        self._begun = False

    def _ended(self, end: int, crc: int | None) -> Iterator[Telegram | Refused]:
        """What ends at `end`; an earlier beginning in the same bytes was cut off."""
        frame = bytes(self._buffer[:end])
        start = frame.rfind(b"/")
        while start > 0 and not START.match(frame, start):
            start = frame.rfind(b"/", 0, start)
        if start > 0 and START.match(frame):
            yield Refused("P1: a telegram is cut off by the next one", self._passed)
        offset = self._passed + start
        whole = end + (CRC_DIGITS if crc is not None else 0)
        raw = bytes(self._buffer[start:whole])
        self._skip(whole)
        found = checked(frame[start:], crc, raw, offset)
        if found:
            yield found


STX = b"\x02"
CHANNEL = re.compile(rb"^\d{1,3}-\d{1,3}:", re.MULTILINE)


def checked(frame: bytes, crc: int | None, raw: bytes, offset: int) -> Telegram | Refused | None:
    """The telegram of a frame `/` to `!` whose CRC is right or missing; None if `/` begins none."""
    ident = START.match(frame)
    if not ident or frame[ident.end() : ident.end() + 1] == STX:
        return None  # a readout of IEC 62056-21 has STX behind its identification
    if crc is None and not CHANNEL.search(frame, ident.end()):
        return None  # so it has, in short codes, where the STX was lost
    if crc is not None and (right := crc16_arc(frame)) != crc:
        return Refused(f"P1: the CRC says {crc:04X}, the telegram has {right:04X}", offset)
    return read(frame, ident.end(), raw, offset)


def read(frame: bytes, body: int, raw: bytes, offset: int = 0) -> Telegram | Refused:
    """The telegram of a checked frame, `/` to `!`; its data lines begin at `body`."""
    values = values_of(frame[body:])
    if not values:
        return Refused("P1: the telegram holds no value", offset)
    texts = tuple([str(values[key].value) if key in values else None for key in IDENTIFYING])
    return Telegram(
        protocol="DSMR",
        framing="p1",
        values=values,
        at=_clock(values),
        identity=_identity(frame[1:body].decode("latin-1").strip(), texts),
        raw=raw,
    )
