"""Meters on the wired M-Bus, which answer when their address is called.

Source: EN 13757-2 (link layer); EN 13757-3, 11 (selection by secondary address).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ohmstead.simulate import en13757
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pulls import Conversation, Pull, digits, in_base_units

SHORT, LONG, STOP = 0x10, 0x68, 0x16
SHORT_LENGTH, AROUND = 5, 6
ACKNOWLEDGED = b"\xe5"
RESET, ASK, SELECT = 0x40, 0x5B, 0x52
COUNTING = 0x20
"""The bit of a question that changes each time."""
SELECTED, ANYBODY, EVERYBODY = 253, 254, 255
ANY_DIGIT = 0xF
MAKER, VERSION, ELECTRICITY = "ABB", 1, 2

ENERGY, POWER = b"\x03", b"\x2b"
VOLTS, AMPERES, CLOCK, NUMBER = b"\xfd\x48", b"\xfd\x59", b"\x6d", b"\x78"
EXPORT, REACTIVE_IN, REACTIVE_OUT = 1, 2, 3
"""Subunits of this maker's energies."""


def on_phase(vib: bytes, phase: int) -> bytes:
    """The value information of one phase.  Source: EN 13757-3, table 13 (FC and its extension)."""
    return vib[:-1] + bytes([vib[-1] | 0x80, 0xFC, phase])


def head(on: Occasion, *, access: int = 0) -> bytes:
    """The long header, which is the secondary address too."""
    return en13757.header(digits(on.serial), MAKER, VERSION, ELECTRICITY, access)


def records(on: Occasion) -> list[bytes]:
    """What the meter says of itself and of the moment."""
    values, record, whole = in_base_units(on), en13757.record, en13757.whole
    subunits = (("1.8.0", 0), ("2.8.0", EXPORT), ("3.8.0", REACTIVE_IN), ("4.8.0", REACTIVE_OUT))
    found = [
        record(NUMBER, en13757.decimal(int(digits(on.serial)))),
        record(CLOCK, en13757.time_point(on.moment.local, seconds=True)),
        *(record(ENERGY, whole(round(values[key])), subunit=n) for key, n in subunits),
        *(record(ENERGY, whole(round(values[f"1.8.{n}"])), tariff=n) for n in (1, 2)),
        record(POWER, whole(round(values["16.7.0"]))),
    ]
    for phase in (1, 2, 3):
        net = values[f"{20 * phase + 16}.7.0"]
        volts, amperes = values[f"{20 * phase + 12}.7.0"], values[f"{20 * phase + 11}.7.0"]
        found += [
            record(on_phase(POWER, phase), whole(round(net))),
            record(on_phase(VOLTS, phase), whole(round(volts * 10), 2)),
            record(on_phase(AMPERES, phase), whole(round(amperes * 1000))),
        ]
    return found


def plain(on: Occasion, address: int, access: int) -> bytes:
    """An answer that anybody may read."""
    return en13757.answer(head(on, access=access), records(on), address=address)


def sealed(on: Occasion, address: int, access: int) -> bytes:
    """An answer under the occasion's key (mode 5)."""
    if on.keys is None:
        raise ValueError("this kind of meter ciphers, and there is no key")
    key = on.keys.encryption
    return en13757.sealed(head(on, access=access), records(on), key, address=address)


def counters(on: Occasion, address: int, access: int) -> bytes:
    """The old fixed structure: import and export, in kWh; it names neither address nor access."""
    _ = address, access
    energies = (int(on.moment.values["1.8.0"]), int(on.moment.values["2.8.0"]))
    return en13757.fixed(digits(on.serial), (KWH | MEDIUM, KWH), energies)


KWH, MEDIUM = 0x05, ELECTRICITY << 6 & 0xC0
"""Unit code of kWh; the low half of the medium stands in the first unit's highest bits."""

Says = Callable[[Occasion, int, int], bytes]


@dataclass(frozen=True, slots=True)
class Mbus(Pull):
    """A meter with a primary address, and a secondary one that its serial number makes."""

    says: Says = plain
    address: int = 1

    def conversation(self) -> Conversation:
        """A bus with this meter and one master."""
        return _Talk(self)

    def usual(self, on: Occasion) -> Iterable[bytes]:
        """Reset, then ask."""
        _ = on
        return [short(RESET, self.address), short(ASK | COUNTING, self.address)]


def short(control: int, address: int) -> bytes:
    """A short frame.

    >>> short(0x5B, 1).hex()
    '105b015c16'
    """
    return bytes([SHORT, control, address, (control + address) & 0xFF, STOP])


def selection(wanted: Sequence[int] | bytes) -> bytes:
    """The frame that selects the meter with a secondary address of eight bytes."""
    return en13757.frame(bytes(wanted), ci=SELECT, address=SELECTED, control=0x53)


def selects(wanted: bytes, own: bytes) -> bool:
    """Whether a wanted secondary address is one's own; F stands for any digit, FF for any byte."""
    number = all(
        each in (ANY_DIGIT, mine)
        for one, other in zip(wanted[:4], own[:4], strict=True)
        for each, mine in ((one >> 4, other >> 4), (one & 15, other & 15))
    )
    return number and all(
        one in (0xFF, other) for one, other in zip(wanted[4:8], own[4:8], strict=True)
    )


class _Talk(Conversation):
    def __init__(self, meter: Mbus) -> None:
        super().__init__()
        self._meter = meter
        self._selected = False
        self._access = 0

    def _request(self) -> bytes | None:
        while self._buffer:
            length = self._length()
            if length is None or length > len(self._buffer):
                return None
            if length and self._buffer[length - 1] == STOP:
                return self._taken(0, length)
            del self._buffer[0]
        return None

    def _length(self) -> int | None:
        """Bytes of the frame at the front; 0 if there is none, None if that is not known yet."""
        first = self._buffer[0]
        if first == SHORT:
            return SHORT_LENGTH
        if first != LONG:
            return 0
        if len(self._buffer) < 4:
            return None
        _, length, again, start = self._buffer[:4]
        return length + AROUND if length == again and start == LONG else 0

    def _reply(self, request: bytes, on: Occasion) -> bytes:
        body = request[1:-2] if request[0] == SHORT else request[4:-2]
        if sum(body) & 0xFF != request[-2]:
            return b""
        control, address = body[0], body[1]
        if request[0] == LONG:
            return self._select(body, on) if address == SELECTED else b""
        meant = address in (self._meter.address, ANYBODY) or (
            address == SELECTED and self._selected
        )
        if control == RESET:
            if address in (SELECTED, EVERYBODY):
                self._selected = False
            return ACKNOWLEDGED if meant else b""
        if not meant or control & ~COUNTING != ASK & ~COUNTING:
            return b""
        self._access = (self._access + 1) & 0xFF
        return self._meter.says(on, self._meter.address, self._access)

    def _select(self, body: bytes, on: Occasion) -> bytes:
        ci, wanted = body[2], body[3:11]
        if ci & ~0x04 != SELECT or len(wanted) < 8:
            return b""
        self._selected = selects(wanted, head(on)[:8])
        return ACKNOWLEDGED if self._selected else b""
