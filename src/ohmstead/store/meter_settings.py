"""What a meter was registered as, changed afterwards: its energy is then made anew."""

from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.database import Database
from ohmstead.store.meters import INTERVAL_S, READING, Meter, Meters
from ohmstead.store.sites import named
from ohmstead.store.virtual_meters import loose

ENERGIES = ("kWh", "Wh", "MWh", "GJ")
LARGEST_PULSE_WH = 1e9
DIGITS = (3, 12)
MAKE_ANEW = """
    INSERT INTO rollup_notes (stream, first, last)
    SELECT stream, min(at), max(at) FROM readings WHERE stream = %s
    GROUP BY stream, date_trunc('month', at)
"""
SETTLE = "UPDATE meters SET wh_per_pulse = %s, counter_digits = %s WHERE stream = %s"
CHANGE = """
    UPDATE meters SET interval_s = %s, reading = %s, unit = %s, wh_per_pulse = %s, name = %s,
        counter_digits = %s
    WHERE stream = %s
"""


class MeterSettings:
    """Changes meters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def wh_per_pulse(self, stream: int) -> float | None:
        """How much energy a pulse of the meter is, None where it counts none."""
        found = await self._database.one(
            "SELECT wh_per_pulse FROM meters WHERE stream = %s", (stream,)
        )
        return found["wh_per_pulse"] if found else None

    async def add(  # noqa: PLR0913  (one argument a property)
        self,
        id: str,
        site: int,
        type: str,
        interval_s: float,
        reading: str,
        *,
        name: str | None = None,
        unit: str | None = None,
        wh_per_pulse: float | None = None,
        counter_digits: int | None = None,
    ) -> Meter:
        """A new meter; BadInput says which property is wrong, Conflict that the id is taken."""
        medium, digits = BY_MEDIUM.get(type), checked_digits(counter_digits)
        pulse = None
        if wh_per_pulse is not None and medium is not None:
            pulse = _pulse(id, unit or medium.unit, wh_per_pulse)
        meter = await Meters(self._database).add(
            id, site, type, interval_s, reading, name=name, unit=unit
        )
        if pulse is None and digits is None:
            return meter
        await self._database.change(SETTLE, (pulse, digits, meter.stream))
        return await Meters(self._database).get(meter.id)

    async def change(
        self,
        id: str,
        *,
        interval_s: float | None = None,
        reading: str | None = None,
        unit: str | None = None,
        wh_per_pulse: float | None = None,
        name: str | None = None,
        counter_digits: int | None = None,
    ) -> Meter:
        """Change what is named, the rest stays; `wh_per_pulse` 0 says that it counts no pulses.

        `counter_digits` 0 says that nobody knows how many they are.

        Units count from now on: what is stored is not converted.  BadInput, NotFound.
        """
        meter = await Meters(self._database).get(id)
        if meter.formula is not None and (
            interval_s or reading or unit or wh_per_pulse or counter_digits
        ):
            raise BadInput(f"meter {id!r} is made of others: its formula says all but its name")
        now = await self.wh_per_pulse(meter.stream)
        pulse = now if wh_per_pulse is None else _pulse(id, unit or meter.unit, wh_per_pulse)
        digits = meter.counter_digits if counter_digits is None else checked_digits(counter_digits)
        settings = (
            _interval(interval_s) or meter.interval_s,
            _reading(reading) or meter.reading,
            _unit(meter, unit) or meter.unit,
            pulse,
            named(name, "a meter") if name is not None else meter.name,
            digits,
        )
        async with self._database.transaction() as connection:
            if unit not in (None, meter.unit):
                await loose(connection, meter)
            await connection.execute(CHANGE, (*settings, meter.stream))
            before = meter.interval_s, meter.reading, meter.unit, meter.counter_digits
            if (*settings[:3], digits) != before:
                await connection.execute(MAKE_ANEW, (meter.stream,))
        return await Meters(self._database).get(id)


def _interval(interval_s: float | None) -> float | None:
    if interval_s is not None and not INTERVAL_S[0] <= interval_s <= INTERVAL_S[1]:
        raise BadInput(f"an interval of {interval_s:g} s is not between 1 s and one day")
    return interval_s


def _reading(reading: str | None) -> str | None:
    if reading is not None and reading not in READING:
        raise BadInput(f"{reading!r} is not a way of reading; take one of {', '.join(READING)}")
    return reading


def checked_digits(digits: int | None) -> int | None:
    """`digits` if counters have so many, None for 0; BadInput otherwise."""
    if digits and not DIGITS[0] <= digits <= DIGITS[1]:
        raise BadInput(
            f"a counter of {digits} digits before its point is not known; it has {DIGITS[0]} to "
            f"{DIGITS[1]}, and 0 says that nobody knows"
        )
    return digits or None


def _unit(meter: Meter, unit: str | None) -> str | None:
    units = BY_MEDIUM[meter.type].units
    if unit is not None and any(units) and unit not in units:
        raise BadInput(f"{unit!r} is not a unit of {meter.type}; take one of {', '.join(units)}")
    return unit


def _pulse(id: str, unit: str | None, wh_per_pulse: float) -> float | None:
    if not 0 <= wh_per_pulse <= LARGEST_PULSE_WH:
        raise BadInput(f"{wh_per_pulse:g} Wh per pulse is not between 0 and {LARGEST_PULSE_WH:g}")
    if wh_per_pulse and unit not in ENERGIES:
        raise BadInput(
            f"a pulse in Wh is for a meter whose unit is one of {', '.join(ENERGIES)}, "
            f"and that of {id!r} is {unit or 'none'}; set --unit too"
        )
    return wh_per_pulse or None
