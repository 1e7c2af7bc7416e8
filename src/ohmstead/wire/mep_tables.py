"""The tables of a NES meter: which byte of a reply means what.

The meter's data lie in numbered tables, after ANSI C12.19: basic tables (BT), and extended ones
(ET) from 2048 on.  Numbers are 32 bits, signed, low byte first.  Where the readings begin in a
table depends on flags in BT21.
Source: ETSI TS 104 001 (OSGP), annexes A and B; ANSI C12.19, tables 1, 21, 23, 28, 52 and 55; the
fields of BT23 and BT28 as open MEP readers use them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from ohmstead.reading import units
from ohmstead.reading.reading import Identity
from ohmstead.wire.telegram import Value

EXTENDED = 2048
BT01, BT21, BT23, BT28, BT52, BT55, ET03 = 1, 21, 23, 28, 52, 55, EXTENDED + 3

WORD = 4
POWER_WORDS = 55
"""Words of BT28 behind its present demands."""
TIER_WORDS = 11
"""Words of BT23 for the total, and for each of four tiers."""
TIERS = 4
RESETS_FLAG, REMAINING_FLAG = 0x04, 0x40
"""In the first byte of BT21: BT23 begins with a count of resets; a demand holds the time it has
left."""

PHASES = (1, 2, 3)
POWER: tuple[tuple[int, str, str | None, int], ...] = (
    *((word, f"{word + 1}.7.0", unit, 0) for word, unit in enumerate(("W", "W", "var", "var"))),
    *((3 + phase, f"{11 + 20 * phase}.7.0", "A", -3) for phase in PHASES),
    *((6 + phase, f"{12 + 20 * phase}.7.0", "V", -3) for phase in PHASES),
    (10, "33.7.0", None, -3),
    (11, "14.7.0", "Hz", -3),
    (12, "9.7.0", "VA", 0),
    (13, "53.7.0", None, -3),
    (14, "73.7.0", None, -3),
    *((25 + phase, f"{1 + 20 * phase}.7.0", "W", 0) for phase in PHASES),
    *((28 + phase, f"{2 + 20 * phase}.7.0", "W", 0) for phase in PHASES),
)
"""BT28: word, OBIS, unit, power of ten."""
ENERGY: tuple[tuple[int, str, str], ...] = (
    (0, "1.8", "Wh"),
    (1, "2.8", "Wh"),
    (2, "3.8", "varh"),
    (3, "4.8", "varh"),
)
"""BT23: word, C.D of the OBIS code, unit; in the order of BT28."""
BOTH_WAYS = 6
"""The word of BT23 that holds import plus export."""

MILLIHERTZ = range(45_000, 65_001)
MILLIVOLTS = range(50_000, 500_001)
COUNTED_WH = 1000
"""What a meter must have counted for its sum to prove anything."""
ROUNDED_WH = 16
"""How far the sum may be off: it is made of phases."""


def name_of(table: int) -> str:
    """A table as the documents write it.

    >>> name_of(23), name_of(2051)
    ('BT23', 'ET03')
    """
    return f"ET{table - EXTENDED:02d}" if table >= EXTENDED else f"BT{table:02d}"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the readings begin, in bytes."""

    energy: int = 0
    power: int = 0


def layout_of(actual: bytes) -> Layout:
    """What BT21 (at least ten bytes, else ValueError) says about BT23 and BT28."""
    if len(actual) < 10:
        raise ValueError(f"MEP: BT21 has ten bytes at least, not {len(actual)}")
    flags, demands = actual[0], actual[8]
    remaining = 3 if flags & REMAINING_FLAG else 0
    return Layout(1 if flags & RESETS_FLAG else 0, (remaining + WORD) * demands)


@dataclass(frozen=True, slots=True)
class Part:
    """The bytes of a table from `offset` on."""

    data: bytes
    offset: int = 0

    def word(self, number: int, start: int = 0) -> int | None:
        """The word of this number behind `start`; None where it is not in this part."""
        at = start + WORD * number - self.offset
        if at < 0 or at + WORD > len(self.data):
            return None
        return int.from_bytes(self.data[at : at + WORD], "little", signed=True)

    def text(self, first: int, last: int) -> str | None:
        """The text in these bytes; None where it is not whole, empty, or no text."""
        found = self.data[max(0, first - self.offset) : max(0, last - self.offset)]
        if first < self.offset or len(found) < last - first:
            return None
        try:
            text = found.decode("ascii").strip("\0 ")
        except UnicodeDecodeError:
            return None
        return text if text and text.isprintable() else None


NOBODY = Identity(vendor="NES", prefix="NES", protocol="MEP", interface="MEP")


@dataclass(frozen=True, slots=True)
class Content:
    """What a table says."""

    values: Mapping[str, Value] = field(default_factory=dict)
    at: datetime | None = None
    identity: Identity = NOBODY


def _power_start(part: Part) -> int | None:
    """Where BT28 has a frequency and voltages that can be; None where nowhere."""
    for start in dict.fromkeys((len(part.data) - WORD * POWER_WORDS, 0)):
        words = [part.word(number, start) for number in range(POWER_WORDS)]
        if start < 0 or None in words or words[11] not in MILLIHERTZ:
            continue
        volts, factors = words[7:10], (words[10], *words[13:15])
        fit = all(mv == 0 or mv in MILLIVOLTS for mv in volts) and any(volts)
        if fit and all(abs(factor or 0) <= 1000 for factor in factors):
            return start
    return None


def _energy_start(part: Part) -> int | None:
    """Where BT23 has an import and an export that make the sum beside them; None where nowhere."""
    for start in (0, 1):
        ahead, back, both = (part.word(number, start) for number in (0, 1, BOTH_WAYS))
        if ahead is None or back is None or both is None or min(ahead, back) < 0:
            continue
        if both >= COUNTED_WH and abs(ahead + back - both) <= ROUNDED_WH:
            return start
    return None


def recognised(data: bytes) -> int | None:
    """The table that this can only be: BT28 by its frequency and voltages, BT23 by its sum."""
    part = Part(data)
    if _power_start(part) is not None:
        return BT28
    return BT23 if _energy_start(part) is not None else None


def _power(part: Part, start: int) -> Content:
    """BT28, present register data."""
    found = ((code, part.word(word, start), unit, scaler) for word, code, unit, scaler in POWER)
    return Content(
        {
            code: Value(units.shifted(raw, scaler), unit, raw=raw, scaler=scaler)
            for code, raw, unit, scaler in found
            if raw is not None
        }
    )


def _block(part: Part, start: int, tier: int) -> Iterator[tuple[str, Value]]:
    """The energies of BT23 for the total (tier 0) or a tier."""
    for word, code, unit in ENERGY:
        raw = part.word(TIER_WORDS * tier + word, start)
        if raw is not None:
            yield f"{code}.{tier}", Value(raw, unit, raw=raw, scaler=0)


def _energy(part: Part, start: int) -> Content:
    """BT23, current register data; the tiers that have counted, where they make up the total."""
    values = dict(_block(part, start, 0))
    tiers = [dict(_block(part, start, tier)) for tier in range(1, TIERS + 1)]
    total = values.get("1.8.0")
    parts = [tier[key].raw or 0 for tier in tiers for key in tier if key.startswith("1.8.")]
    if total is not None and total.raw and len(parts) == TIERS and sum(parts) == total.raw:
        for tier in tiers:
            if any(value.raw for value in tier.values()):
                values |= tier
    return Content(values)


def _maker(part: Part) -> Content:
    """BT01: maker, model, hardware and firmware with their revisions, the maker's number."""
    model, serial = part.text(4, 12), part.text(16, 32)
    values = {"96.1.0": serial, "96.1.1": model}
    if part.offset == 0 and len(part.data) >= 16:
        values["0.2.0"] = f"{part.data[14]}.{part.data[15]}"
    identity = Identity(
        id=serial, model=model, vendor="NES", prefix="NES", protocol="MEP", interface="MEP"
    )
    return Content({key: Value(text) for key, text in values.items() if text}, None, identity)


def _utility(part: Part) -> Content:
    """ET03: the number that the network operator knows the meter by."""
    serial = part.text(0, 30)
    identity = Identity(id=serial, vendor="NES", prefix="NES", protocol="MEP", interface="MEP")
    return Content({"96.1.0": Value(serial)} if serial else {}, None, identity)


SUMMER, ZONE_APPLIED = 0x08, 0x20


def _clock(part: Part) -> Content:
    """BT52 and BT55: year to second, then flags; UTC unless the time zone has been applied."""
    if part.offset or len(part.data) < 7:
        return Content()
    year, month, day, hour, minute, second, flags = part.data[:7]
    try:
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return Content()
    if flags & ZONE_APPLIED:
        at = at.replace(tzinfo=None, fold=0 if flags & SUMMER else 1)
    return Content({"1.0.0": Value(at.replace(tzinfo=None).isoformat())}, at)


READABLE = MappingProxyType(
    {BT01: _maker, ET03: _utility, BT52: _clock, BT55: _clock},
)


def content(table: int, part: Part, layout: Layout | None = None) -> Content:
    """What this part of a table says; nothing for a table that holds no readings.

    Without a layout the place where the readings make sense is taken, else the usual one.
    """
    if table == BT28:
        return _power(part, layout.power if layout else _power_start(part) or 0)
    if table == BT23:
        return _energy(part, layout.energy if layout else _energy_start(part) or 0)
    read = READABLE.get(table)
    return read(part) if read else Content()
