"""KMP, the protocol of Kamstrup's meters: a request names registers, the reply gives their values.

`40 | address | command | data | CRC | 0D`; the five bytes that mean something on the line are
written as 1B and their complement inside.  Requests begin with 80 instead of 40; an optical head
echoes them.
Source: Kamstrup, Description of the KMP protocol, sections 3.1 to 3.3 (layers), 4.2 (numbers), 6.2
(commands).
"""

from binascii import crc_hqx
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.reading import units
from ohmstead.reading.reading import Identity
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused, Telegram, Value

FROM_METER, TO_METER, STOP, ACKNOWLEDGED, STUFFING = 0x40, 0x80, 0x0D, 0x06, 0x1B
SPECIAL = (STUFFING, FROM_METER, TO_METER, STOP, ACKNOWLEDGED)
"""What never stands inside a frame as it is; the escape comes first, it must not escape itself."""

METER, LOGGER_TOP, LOGGER_BASE = 0x3F, 0x7F, 0xBF
ADDRESSES = (METER, LOGGER_TOP, LOGGER_BASE)

GET_TYPE, GET_SERIAL, GET_REGISTER = 0x01, 0x02, 0x10
MOST_REGISTERS = 8
"""Registers in one request."""

LONGEST_NUMBER = 8
"""Bytes of one mantissa; meters send four."""
CHECK = 2

UNITS: Mapping[int, str] = MappingProxyType(
    dict(
        enumerate(
            (
                *("Wh", "kWh", "MWh", "GWh", "J", "kJ", "MJ", "GJ", "cal", "kcal", "Mcal", "Gcal"),
                *("varh", "kvarh", "Mvarh", "Gvarh", "VAh", "kVAh", "MVAh", "GVAh"),
                *("W", "kW", "MW", "GW", "var", "kvar", "Mvar", "Gvar", "VA", "kVA", "MVA", "GVA"),
                *("V", "A", "kV", "kA", "°C", "K", "l", "m3", "l/h", "m3/h", "m3*°C", "t", "t/h"),
                *("h", "hh:mm:ss", "yy:mm:dd", "yyyy:mm:dd", "mm:dd", "", "bar", "RTC", "ASCII"),
                *("m3*10", "t*10", "GJ*10", "min", "bitfield", "s", "ms", "d", "RTC-Q", "datetime"),
            ),
            start=1,
        )
    )
)
"""Unit number -> unit; 0 and 51 are plain numbers.

Copies of the table that are in circulation say kW for 21 and kvar for 25: the first of each four is
the one without prefix.
"""
NUMBERS, TEXT = (0, 51), 54

POWER = ("W", "kW", "MW")
ENERGY = ("Wh", "kWh", "MWh", "GWh")
SERIAL = 1001
ELECTRICITY: Mapping[int, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        13: ("1.8.0", ENERGY),
        14: ("2.8.0", ENERGY),
        1: ("1.8.0", ENERGY),
        2: ("2.8.0", ENERGY),
        1023: ("1.7.0", POWER),
        1024: ("2.7.0", POWER),
        **{1054 + n: (f"{code}.7.0", ("V", "kV")) for n, code in enumerate((32, 52, 72))},
        **{1076 + n: (f"{code}.7.0", ("A", "kA")) for n, code in enumerate((31, 51, 71))},
        **{1080 + n: (f"{code}.7.0", POWER) for n, code in enumerate((21, 41, 61))},
        **{1344 + n: (f"{code}.7.0", POWER) for n, code in enumerate((22, 42, 62))},
    }
)
"""Register of an electricity meter -> OBIS and the units that prove it, the finer register first.

The numbers mean something else in a heat meter (1 is a date there), so the unit decides.  Source:
registers of Kamstrup 162, 362, 382 and OMNIPOWER, as two independent readers list them.
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is in a frame whose CRC is right."""

    address: int
    command: int
    data: bytes


def sealed(start: int, body: bytes) -> bytes:
    """A whole frame around address, command and data: CRC, stuffing, start and stop.

    >>> sealed(0x40, bytes.fromhex("3f0201234567")).hex()
    '403f0201234567e9560d'
    """
    body += crc_hqx(body, 0).to_bytes(2, "big")
    for special in SPECIAL:
        body = body.replace(bytes([special]), bytes([STUFFING, special ^ 0xFF]))
    return bytes([start]) + body + bytes([STOP])


def opened(inside: bytes) -> Frame | str:
    """The frame that stands between start and stop, or why it is none."""
    first, *parts = inside.split(bytes([STUFFING]))
    plain = bytearray(first)
    for part in parts:
        if not part or part[0] ^ 0xFF not in SPECIAL:
            return "KMP: an escape is followed by nothing that needs one"
        plain.append(part[0] ^ 0xFF)
        plain += part[1:]
    if len(plain) < 2 + CHECK:
        return f"KMP: a frame of {len(plain)} bytes is too short"
    if crc_hqx(plain, 0):
        said, right = int.from_bytes(plain[-CHECK:], "big"), crc_hqx(plain[:-CHECK], 0)
        return f"KMP: the CRC says {said:04X}, the frame has {right:04X}"
    return Frame(plain[0], plain[1], bytes(plain[2:-CHECK]))


def request_type(address: int = METER) -> bytes:
    """What asks a meter for its type and software revision."""
    return sealed(TO_METER, bytes([address, GET_TYPE]))


def request_serial(address: int = METER) -> bytes:
    """What asks a meter for its serial number."""
    return sealed(TO_METER, bytes([address, GET_SERIAL]))


def request_registers(*registers: int, address: int = METER) -> bytes:
    """What asks a meter for one to eight registers; ValueError for any other count or number.

    >>> request_registers(60).hex()
    '803f1001003cb25f0d'
    """
    if not 1 <= len(registers) <= MOST_REGISTERS:
        raise ValueError(f"a request names 1 to {MOST_REGISTERS} registers, not {len(registers)}")
    if not all(0 <= register <= 0xFFFF for register in registers):
        raise ValueError(f"a register is a number of 16 bits: {registers}")
    numbers = b"".join(register.to_bytes(2, "big") for register in registers)
    return sealed(TO_METER, bytes([address, GET_REGISTER, len(registers)]) + numbers)


def number(sign_and_exponent: int, mantissa: bytes) -> float:
    """The number that a mantissa and its byte of signs and exponent make (section 4.2).

    >>> number(0x43, bytes.fromhex("00fb")), number(0xC1, b"\\x0f"), number(2, b"\\x03")
    (0.251, -1.5, 300)
    """
    exponent = sign_and_exponent & 0x3F
    whole = int.from_bytes(mantissa, "big")
    size = units.shifted(whole, -exponent if sign_and_exponent & 0x40 else exponent)
    return -size if sign_and_exponent & 0x80 else size


def registers_of(data: bytes) -> Iterator[tuple[int, Value]]:
    """The registers of a reply, one after the other; ValueError if the lengths do not fit."""
    at = 0
    while at < len(data):
        if at + 5 > len(data):
            raise ValueError(f"KMP: {len(data) - at} bytes are left, a register has 6 at least")
        register = int.from_bytes(data[at : at + 2], "big")
        unit, length, signs = data[at + 2 : at + 5]
        mantissa = data[at + 5 : at + 5 + length]
        if not length or len(mantissa) < length:
            raise ValueError(
                f"KMP: register {register} says {length} bytes, {len(mantissa)} follow"
            )
        at += 5 + length
        if unit == TEXT:
            yield register, Value(mantissa.decode("latin-1").strip("\0 "))
            continue
        if length > LONGEST_NUMBER:
            raise ValueError(f"KMP: register {register} holds a number of {length} bytes")
        name = None if unit in NUMBERS else UNITS.get(unit, f"unit {unit}")
        exponent = (signs & 0x3F) * (-1 if signs & 0x40 else 1)
        whole = int.from_bytes(mantissa, "big") * (-1 if signs & 0x80 else 1)
        yield register, Value(number(signs, mantissa), name, raw=whole, scaler=exponent)


def _values(frame: Frame) -> tuple[dict[str, Value], Identity]:
    """What a reply says, and who said it; ValueError if it makes no sense."""
    values: dict[str, Value] = {}
    serial = model = None
    if frame.command == GET_SERIAL:
        if len(frame.data) != 4:
            raise ValueError(f"KMP: a serial number has 4 bytes, not {len(frame.data)}")
        serial = str(int.from_bytes(frame.data, "big"))
        values["serial"] = Value(serial)
    elif frame.command == GET_TYPE:
        if len(frame.data) != 4:
            raise ValueError(f"KMP: type and revision have 4 bytes, not {len(frame.data)}")
        model = frame.data[:2].hex().upper()
        values["type"] = Value(model)
        letter, count = frame.data[2:]
        if 1 <= letter <= 26:
            values["revision"] = Value(f"{chr(ord('A') + letter - 1)}{count}")
    else:
        found = dict(registers_of(frame.data))
        values = {f"register:{register}": value for register, value in found.items()}
        for register, (code, known) in ELECTRICITY.items():
            if register in found and found[register].unit in known:
                values.setdefault(code, found[register])
        if SERIAL in found:
            serial = str(found[SERIAL].value)
    return values, Identity(
        id=serial,
        model=model,
        vendor="Kamstrup",
        prefix="KMP",
        protocol="KMP",
        protocol_version="0",
        interface="TTL",
    )


class Kmp(Stream[Telegram | Refused]):
    """The decoder of KMP replies; it holds at most `LONGEST` bytes and one piece of input.

    Neither start nor stop can stand inside a frame, so a stop ends what the last start began.
    """

    LONGEST = 512
    """Eight registers have 104 bytes, 208 if all are stuffed."""

    def __init__(self) -> None:
        super().__init__()
        self._scanned = 0

    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        while (stop := self._buffer.find(STOP, self._scanned)) >= 0:
            start = self._start(stop)
            if start >= 0 and stop - start <= self.LONGEST and self._buffer[start] == FROM_METER:
                yield from self._framed(start, stop)
            self._drop(stop + 1)
            self._scanned = 0
        start = self._start(len(self._buffer))
        over = len(self._buffer) - self.LONGEST
        self._drop(len(self._buffer) if start < over or start < 0 else start)
        self._scanned = len(self._buffer)
        if final and self._buffer[:2] == bytes([FROM_METER, METER]):
            yield Refused("KMP: a frame begins and does not end", self._passed)

    def _start(self, end: int) -> int:
        """Where the last start before `end` is, -1 if there is none.

        Up to `_scanned` only the first byte can be one: what was before it is dropped.
        """
        marks = (FROM_METER, TO_METER)
        found = max(self._buffer.rfind(mark, self._scanned, end) for mark in marks)
        return 0 if found < 0 and self._scanned else found

    def _framed(self, start: int, stop: int) -> Iterator[Telegram | Refused]:
        """The reply from `start` to `stop`; what is addressed to nobody is noise."""
        if self._buffer[start + 1] not in ADDRESSES:
            return
        frame = opened(bytes(self._buffer[start + 1 : stop]))
        offset = self._passed + start
        if isinstance(frame, str):
            yield Refused(frame, offset)
            return
        if frame.command not in (GET_TYPE, GET_SERIAL, GET_REGISTER):
            return
        try:
            values, identity = _values(frame)
        except ValueError as wrong:
            yield Refused(str(wrong), offset)
            return
        if not values:
            yield Refused("KMP: the meter knows none of the registers asked for", offset)
            return
        raw = bytes(self._buffer[start : stop + 1])
        yield Telegram("KMP", "kmp", values, None, identity, raw)


def polls(registers: Iterable[int], address: int = METER) -> list[bytes]:
    """The requests that read all these registers, eight at a time."""
    wanted = list(registers)
    return [
        request_registers(*wanted[at : at + MOST_REGISTERS], address=address)
        for at in range(0, len(wanted), MOST_REGISTERS)
    ]
