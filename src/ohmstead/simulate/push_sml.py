"""German meters with SML: the lists that they push through their optical head.

Source: FNN Lastenheft eHZ; DIN 43863-5 for the identifier.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ohmstead.reading import obis
from ohmstead.reading.obis import Obis
from ohmstead.simulate import sml
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pulls import digits, in_base_units
from ohmstead.simulate.sml import Entry, Unsigned

WH, W, V, A, HZ = 30, 27, 35, 33, 44
"""Numbers of units in COSEM."""
MAKER, SERVER = Obis(129, 129, 199, 130, 3), Obis(1, 0, 0, 0, 9)
ELECTRICITY = b"\x0a\x01"
FIXED_STATUS, EXPORTING = 0x04, 0x800

Power = Callable[[int], int]
"""How a kind of meter writes a power that it means."""


def as_it_is(tenths_of_w: int) -> int:
    """A number with its sign."""
    return tenths_of_w


def cut_off(tenths_of_w: int) -> int:
    """What the DVS74 makes of a positive number whose highest bit is set: a negative one.

    Left alone are numbers that would become shorter still, so that nobody could tell.
    """
    width = (tenths_of_w.bit_length() + 7) // 8
    wrong = tenths_of_w - (1 << 8 * width)
    is_cut = tenths_of_w > 0 and tenths_of_w.bit_length() == 8 * width
    return wrong if is_cut and wrong.bit_length() // 8 + 1 == width else tenths_of_w


@dataclass(frozen=True, slots=True)
class Sml:
    """A meter with two tariffs and three phases."""

    letters: str = "OHM"
    power: Power = as_it_is

    def telegram(self, on: Occasion) -> bytes:
        """The file this kind of meter sends."""
        number = int(digits(on.serial)) % 60_000_000
        server = ELECTRICITY + self.letters.encode("ascii") + b"\0" + number.to_bytes(4, "big")
        return sml.file(server, self._entries(on, server), seconds=on.counter, number=on.counter)

    def _entries(self, on: Occasion, server: bytes) -> list[Entry]:
        values = in_base_units(on)
        status = FIXED_STATUS | (EXPORTING if values["16.7.0"] < 0 else 0)
        found = [
            Entry(MAKER, self.letters.encode("ascii")),
            Entry(SERVER, server),
        ]
        for key in ("1.8.0", "1.8.1", "1.8.2", "2.8.0"):
            tenths = Unsigned(round(values[key]) * 10, 8)
            told = status if key == "1.8.0" else None
            found.append(Entry(obis.parse(key), tenths, WH, -1, told))
        for phase in (0, 20, 40, 60):
            key = f"{16 + phase}.7.0"
            found.append(Entry(obis.parse(key), self.power(round(values[key] * 10)), W, -1))
        for phase in (20, 40, 60):
            volts, amperes = values[f"{12 + phase}.7.0"], values[f"{11 + phase}.7.0"]
            found += [
                Entry(obis.parse(f"{12 + phase}.7.0"), Unsigned(round(volts * 10), 2), V, -1),
                Entry(obis.parse(f"{11 + phase}.7.0"), Unsigned(round(amperes * 100), 2), A, -2),
            ]
        hertz = Unsigned(round(values["14.7.0"] * 10), 2)
        return [*found, Entry(obis.parse("14.7.0"), hertz, HZ, -1)]
