"""What the value information of an M-Bus record means: its quantity, its unit, its power of ten.

Three tables of 128 codes each (the primary one, and those behind 0xFB and 0xFD), and the codes that
may follow them.  Units are spelled as the field does (`m^3`, `°C`); `-` stands for a date or time.
Source: EN 13757-3:2018, tables 10 to 16; the codes for American units from its edition of 2004.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MORE = 0x80
"""The bit of a code that says another one follows."""
CODE = 0x7F

TEXT, ANY, MANUFACTURER = 0x7C, 0x7E, 0x7F
FIRST_EXTENSION, SECOND_EXTENSION, THIRD_EXTENSION = 0xFB, 0xFD, 0xEF

TIME = "-"
MINUTE_S, HOUR_S, DAY_S, MONTH_S, YEAR_S = 60, 3600, 86_400, 2_629_743.83, 31_556_926


class Meaning(NamedTuple):
    """What one code says; a value is its raw number times `factor` times ten to the `power`."""

    quantity: str
    unit: str | None = None
    power: int = 0
    factor: float = 1


RESERVED = Meaning("reserved")

Row = tuple[int, int, str, str | None, int]
"""First code, how many, quantity, unit, power of ten of the first; the next ones have one more."""

_PRIMARY: tuple[Row, ...] = (
    (0x00, 8, "energy", "Wh", -3),
    (0x08, 8, "energy", "J", 0),
    (0x10, 8, "volume", "m^3", -6),
    (0x18, 8, "mass", "kg", -3),
    (0x28, 8, "power", "W", -3),
    (0x30, 8, "power", "J/h", 0),
    (0x38, 8, "volume flow", "m^3/h", -6),
    (0x40, 8, "volume flow", "m^3/min", -7),
    (0x48, 8, "volume flow", "m^3/s", -9),
    (0x50, 8, "mass flow", "kg/h", -3),
    (0x58, 4, "flow temperature", "°C", -3),
    (0x5C, 4, "return temperature", "°C", -3),
    (0x60, 4, "temperature difference", "K", -3),
    (0x64, 4, "external temperature", "°C", -3),
    (0x68, 4, "pressure", "bar", -3),
    (0x6C, 1, "date", TIME, 0),
    (0x6D, 1, "time point", TIME, 0),
    (0x6E, 1, "heat cost allocation", "Units for H.C.A.", 0),
    (0x78, 1, "fabrication number", None, 0),
    (0x79, 1, "identification", None, 0),
    (0x7A, 1, "bus address", None, 0),
    (TEXT, 1, "text", TIME, 0),
    (ANY, 1, "any", None, 0),
    (MANUFACTURER, 1, "manufacturer specific", None, 0),
)

_FB: tuple[Row, ...] = (
    (0x00, 2, "energy", "Wh", 5),
    (0x02, 2, "reactive energy", "varh", 3),
    (0x04, 2, "apparent energy", "VAh", 3),
    (0x08, 2, "energy", "J", 8),
    (0x0C, 4, "energy", "cal", 5),
    (0x10, 2, "volume", "m^3", 2),
    (0x14, 4, "reactive power", "var", 0),
    (0x18, 2, "mass", "kg", 5),
    (0x1A, 2, "relative humidity", "%", -1),
    (0x20, 1, "volume", "feet^3", 0),
    (0x21, 1, "volume", "feet^3", -1),
    (0x22, 2, "volume", "American gallon", -1),
    (0x24, 1, "volume flow", "American gallon/min", -3),
    (0x25, 1, "volume flow", "American gallon/min", 0),
    (0x26, 1, "volume flow", "American gallon/h", 0),
    (0x28, 2, "power", "W", 5),
    (0x2A, 1, "phase between voltages", "deg", -1),
    (0x2B, 1, "phase of current", "deg", -1),
    (0x2C, 4, "frequency", "Hz", -3),
    (0x30, 2, "power", "J/h", 8),
    (0x34, 4, "apparent power", "VA", 0),
    (0x58, 4, "flow temperature", "°F", -3),
    (0x5C, 4, "return temperature", "°F", -3),
    (0x60, 4, "temperature difference", "°F", -3),
    (0x64, 4, "external temperature", "°F", -3),
    (0x70, 4, "temperature limit", "°F", -3),
    (0x74, 4, "temperature limit", "°C", -3),
    (0x78, 8, "cumulated maximum power", "W", -3),
)

_FD: tuple[Row, ...] = (
    (0x00, 4, "credit", "Currency units", -3),
    (0x04, 4, "debit", "Currency units", -3),
    (0x08, 1, "access number", None, 0),
    (0x09, 1, "device type", None, 0),
    (0x0A, 1, "manufacturer", None, 0),
    (0x0B, 1, "parameter set", None, 0),
    (0x0C, 1, "model", None, 0),
    (0x0D, 1, "hardware version", None, 0),
    (0x0E, 1, "firmware version", None, 0),
    (0x0F, 1, "software version", None, 0),
    (0x10, 1, "customer location", None, 0),
    (0x11, 1, "customer", None, 0),
    (0x12, 1, "access code of the user", None, 0),
    (0x13, 1, "access code of the operator", None, 0),
    (0x14, 1, "access code of the system operator", None, 0),
    (0x15, 1, "access code of the developer", None, 0),
    (0x16, 1, "password", None, 0),
    (0x17, 1, "error flags", None, 0),
    (0x18, 1, "error mask", None, 0),
    (0x19, 1, "security key", None, 0),
    (0x1A, 1, "digital output", None, 0),
    (0x1B, 1, "digital input", None, 0),
    (0x1C, 1, "baud rate", "Baud", 0),
    (0x1D, 1, "response delay", "Bittimes", 0),
    (0x1E, 1, "retry", None, 0),
    (0x1F, 1, "remote control", None, 0),
    (0x20, 1, "first storage number", None, 0),
    (0x21, 1, "last storage number", None, 0),
    (0x22, 1, "size of a storage block", None, 0),
    (0x23, 1, "tariff and subunit", None, 0),
    (0x2A, 1, "operator specific", None, 0),
    (0x2B, 1, "second of the time point", "s", 0),
    (0x30, 1, "start of tariff", TIME, 0),
    (0x3A, 1, "dimensionless", None, 0),
    (0x3B, 1, "wireless container", None, 0),
    (0x40, 16, "voltage", "V", -9),
    (0x50, 16, "current", "A", -12),
    (0x60, 1, "reset counter", None, 0),
    (0x61, 1, "cumulation counter", None, 0),
    (0x62, 1, "control signal", None, 0),
    (0x63, 1, "day of week", None, 0),
    (0x64, 1, "week number", None, 0),
    (0x65, 1, "time of day change", None, 0),
    (0x66, 1, "state of parameter activation", None, 0),
    (0x67, 1, "supplier information", None, 0),
    (0x70, 1, "battery change", TIME, 0),
    (0x71, 1, "reception level", "dBm", 0),
    (0x72, 1, "daylight saving", None, 0),
    (0x73, 1, "listening window", None, 0),
    (0x75, 1, "times stopped", None, 0),
    (0x76, 1, "manufacturer container", None, 0),
)

_TO_DAYS = (1, MINUTE_S, HOUR_S, DAY_S)
_FROM_HOURS = (HOUR_S, DAY_S, MONTH_S, YEAR_S)
_MONTHS = (MONTH_S, YEAR_S)

Lasting = tuple[int, str, tuple[float, ...]]

_PRIMARY_DURATIONS: tuple[Lasting, ...] = (
    (0x20, "on time", _TO_DAYS),
    (0x24, "operating time", _TO_DAYS),
    (0x70, "averaging duration", _TO_DAYS),
    (0x74, "actuality duration", _TO_DAYS),
)
_FD_DURATIONS: tuple[Lasting, ...] = (
    (0x24, "storage interval", _TO_DAYS),
    (0x28, "storage interval", _MONTHS),
    (0x2C, "since last readout", _TO_DAYS),
    (0x31, "duration of tariff", _TO_DAYS[1:]),
    (0x34, "period of tariff", _TO_DAYS),
    (0x38, "period of tariff", _MONTHS),
    (0x3C, "period of transmissions", _TO_DAYS),
    (0x68, "since last cumulation", _FROM_HOURS),
    (0x6C, "operating time of the battery", _FROM_HOURS),
    (0x74, "remaining battery life", (DAY_S,)),
)


def _table(rows: tuple[Row, ...], durations: tuple[Lasting, ...] = ()) -> tuple[Meaning, ...]:
    """The 128 meanings of a table."""
    table = [RESERVED] * 128
    for first, count, quantity, unit, power in rows:
        for n in range(count):
            table[first + n] = Meaning(quantity, unit, power + n)
    for first, quantity, factors in durations:
        for n, factor in enumerate(factors):
            table[first + n] = Meaning(quantity, "s", 0, factor)
    return tuple(table)


PRIMARY = _table(_PRIMARY, _PRIMARY_DURATIONS)
FB = _table(_FB)
FD = _table(_FD, _FD_DURATIONS)

_PER = ("/s", "/min", "/h", "/d", "/week", "/month", "/a", "/revolution")
_PER_PULSE = ("/input pulse", "/input pulse", "/output pulse", "/output pulse")
_PER_UNIT = ("/l", "/m^3", "/kg", "/K", "/kWh", "/GJ", "/kW", "/(K*l)", "/V", "/A", "*s", "*s/V")
UNIT_ENDS: tuple[str, ...] = (*_PER, *_PER_PULSE, *_PER_UNIT, "*s/A")
"""What the codes 0x20 to 0x38 add to a unit."""

FIRST_MEANING = 0x20  # lower codes are errors
FORWARD, BACKWARD = 0x3B, 0x3C
UNCORRECTED, BASE_CONDITIONS = 0x3A, 0x3E
EXTENSION, THOUSAND, OWN = 0x7C, 0x7D, 0x7F
PHASES, NEUTRAL, BETWEEN = (1, 2, 3), 4, (5, 6, 7)


@dataclass(frozen=True, slots=True)
class Information:
    """The whole value information of a record."""

    meaning: Meaning
    unit: str | None
    power: int
    factor: float = 1
    offset: float = 0
    phase: int = 0
    """1 to 3: at a phase, 4: neutral, 5 to 7: between two phases; 0: not said."""
    direction: int = 0
    """1: what flows forward (import), -1: what flows backward; 0: not said."""
    uncorrected: bool = False
    further: tuple[int, ...] = ()
    """Codes that change what the value is about: limits, averages, errors, the maker's own."""
    is_time: bool = False
    """Whether the value is a date or time."""

    @property
    def has_error(self) -> bool:
        """Whether a code says why there is no value (0x01 to 0x1F)."""
        return any(code < FIRST_MEANING for code in self.further)


def informed(meaning: Meaning, codes: bytes, *, own: bool = False) -> Information:
    """What `meaning` becomes by the `codes` that follow it; with `own` they are the maker's."""
    unit, power, factor, offset = meaning.unit, meaning.power, meaning.factor, 0.0
    phase = direction = 0
    uncorrected = False
    further: list[int] = []
    rest = iter([code & CODE for code in codes])
    if own:
        phase, further = _own(rest)
    for code in rest:
        if 0x70 <= code <= 0x77:
            power += code - 0x76
        elif 0x78 <= code <= 0x7B:
            offset += 10.0 ** (code - 0x7B)
        elif code == THOUSAND:
            power += 3
        elif code in (FORWARD, BACKWARD):
            direction = 1 if code == FORWARD else -1
        elif code == UNCORRECTED:
            uncorrected = True
        elif code == EXTENSION:
            where = next(rest, 0)
            if 0 < where <= BETWEEN[-1]:
                phase = where
            else:
                further.append(EXTENSION)
        elif code == OWN:
            phase, more = _own(rest)
            further += more or ([OWN] if codes[-1] & CODE == OWN else [])
        elif code and code != BASE_CONDITIONS:
            further.append(code)
            unit, factor = _changed(code, unit, factor)
    is_time = unit == TIME and meaning.quantity != "text"
    return Information(
        meaning, unit, power, factor, offset, phase, direction, uncorrected, tuple(further), is_time
    )


def _own(rest: Iterator[int]) -> tuple[int, list[int]]:
    """The phase in the maker's own codes, which is what most of them are for, and the others."""
    codes = [code for code in rest if code]
    if len(codes) == 1 and codes[0] <= BETWEEN[-1]:
        return codes[0], []
    return 0, codes


def _changed(code: int, unit: str | None, factor: float) -> tuple[str | None, float]:
    """Unit and factor of a value about which a code says something else."""
    if 0x20 <= code < 0x20 + len(UNIT_ENDS):
        return (unit or "1") + UNIT_ENDS[code - 0x20], factor
    if code == 0x39 or code & 0x72 == 0x42 or code & 0x7A == 0x6A:
        return TIME, 1
    if 0x50 <= code <= 0x67:
        return "s", _TO_DAYS[code & 3]
    if code in (0x41, 0x49):
        return None, 1
    return unit, factor
