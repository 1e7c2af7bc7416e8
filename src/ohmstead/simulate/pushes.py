"""What each kind of DLMS meter pushes: its list of values with code, type, scaler and unit.

*To add a kind of DLMS meter: one list.*
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ohmstead.reading import obis, units
from ohmstead.simulate import dlms, hdlc
from ohmstead.simulate.moment import Moment

_NUMBERS = {unit: number for number, unit in units.COSEM.items()}


@dataclass(frozen=True, slots=True)
class Register:
    """One row of a list: the value of a moment times ten to the `up`, sent as a whole number."""

    key: str
    tag: int
    scaler: int
    unit: str
    up: int

    @property
    def start(self) -> bytes:
        """The code, as the row begins."""
        return dlms.name(obis.parse(self.key))

    def row(self, value: float) -> bytes:
        """The row's bytes for a value in the catalogue's unit."""
        raw = dlms.number(self.tag, round(value * 10**self.up))
        return dlms.row(self.start, raw, dlms.scaler_unit(self.scaler, _NUMBERS[self.unit]))


def _registers() -> Iterator[Register]:
    """Aidon's list of a three-phase meter, in its order, each value with scaler and unit."""
    long, short, unsigned = dlms.UINT32, dlms.INT16, dlms.UINT16
    for key, unit in (("1.7.0", "W"), ("2.7.0", "W"), ("3.7.0", "var"), ("4.7.0", "var")):
        yield Register(key, long, 0, unit, 3)
    for key in ("31.7.0", "51.7.0", "71.7.0"):
        yield Register(key, short, -1, "A", 1)
    for key in ("32.7.0", "52.7.0", "72.7.0"):
        yield Register(key, unsigned, -1, "V", 1)
    for phase in (20, 40, 60):
        for c, unit in ((1, "W"), (2, "W"), (3, "var"), (4, "var")):
            yield Register(f"{c + phase}.7.0", long, 0, unit, 3)
    for key, unit in (("1.8.0", "Wh"), ("2.8.0", "Wh"), ("3.8.0", "varh"), ("4.8.0", "varh")):
        yield Register(key, long, 0, unit, 3)


@dataclass(frozen=True, slots=True)
class Push:
    """How one kind of meter writes its data notification."""

    version: str
    model: str
    registers: tuple[Register, ...]

    def telegram(self, moment: Moment, serial: str) -> bytes:
        """The bytes this kind of meter sends at a moment: one HDLC frame."""
        rows = [
            dlms.row(dlms.name(obis.parse("1-1:0.2.129")), dlms.text(self.version)),
            dlms.row(dlms.name(obis.parse("0-0:96.1.0")), dlms.text(serial)),
            dlms.row(dlms.name(obis.parse("0-0:96.1.7")), dlms.text(self.model)),
            dlms.row(dlms.name(obis.parse("0-0:1.0.0")), dlms.date_time(moment.local)),
        ]
        rows += [register.row(moment.values[register.key]) for register in self.registers]
        return hdlc.frame(dlms.notification(rows))


AIDON = Push("AIDON_V0001", "6534", tuple(_registers()))
"""A Nordic three-phase meter, unencrypted, with the rows that Aidon's lists have."""
