"""Raw data in the words of the management API: which quantities a data type is, and in which unit.

Units and the sign of powers are those of the push API, so that what was sent comes back.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from ohmstead.dashboard.problems import Misfit, shown
from ohmstead.store.meters import Meter

Way: TypeAlias = tuple[str, str | None]
"""A quantity, and another one to be taken away from it."""
VALUE = "value"
WHOLE, FIRST_PHASES = 0, (1, 2, 3)
SUM, MEAN = "sum", "mean"


@dataclass(frozen=True, slots=True)
class DataType:
    """What may be asked for: `ways[0]` to the whole, `ways[1]` to `ways[3]` to the phases.

    Where a reading has no whole, it is the phases' sum or mean; `per` of `unit` are one of the
    catalogue's.
    """

    unit: str
    per: float
    ways: tuple[tuple[Way, ...], ...]
    together: str = SUM

    @property
    def quantities(self) -> list[str]:
        """Everything that is read for it."""
        named = (each for ways in self.ways for way in ways for each in way if each)
        return list(dict.fromkeys(named))


def _phases(*ways: tuple[str, str | None]) -> tuple[tuple[Way, ...], ...]:
    """The ways to the phases, from what the ways to the first phase begin with."""
    return tuple(
        tuple((_phase(a, n), None if b is None else _phase(b, n)) for a, b in ways)
        for n in FIRST_PHASES
    )


def _phase(quantity: str, n: int) -> str:
    c, _, rest = quantity.removeprefix("s").partition(".")
    return f"{'s' if quantity.startswith('s') else ''}{int(c) + 20 * n}.{rest}"


def _type(
    unit: str, per: float, *ways: Way, phases: Sequence[Way] | None = None, together: str = SUM
) -> DataType:
    """Ways to the whole; to the phases they are the same, unless `phases` says others."""
    return DataType(unit, per, (ways, *_phases(*(ways if phases is None else phases))), together)


TYPES: Mapping[str, DataType] = {
    "active_power": _type("W", 1000, ("16.7.0", None), ("1.7.0", "2.7.0")),
    "reactive_power": _type("VAr", 1000, ("s3.7.0", None), ("3.7.0", "4.7.0")),
    "apparent_power": _type("VA", 1000, ("9.7.0", None)),
    "energy": _type("Wh", 1000, ("1.8.0", None)),
    "exported_energy": _type("Wh", 1000, ("2.8.0", None)),
    "voltage": _type("V", 1, phases=(("12.7.0", None),), together=MEAN),
    "current": _type("A", 1, phases=(("11.7.0", None),)),
    "voltage_thd": _type("%", 1, phases=(("12.7.124", None),), together=MEAN),
    "current_thd": _type("%", 1, phases=(("11.7.124", None),), together=MEAN),
    VALUE: DataType("", 1, (((VALUE, None),), (), (), ())),
}
ALSO: Mapping[str, str] = {
    "power_consumption": "energy",
    "active_energy": "energy",
    "phase_voltage": "voltage",
}


def kind_of(written: str | None, meter: Meter) -> tuple[str, DataType]:
    """The data type that is asked for, by its name; a meter that is not electric has its value.

    The value of one that is electric is what it counts, as senders push it.
    """
    name = re.sub(r"[\s-]+", "_", (written or "active_power").strip().lower())
    name = ALSO.get(name, name)
    if name not in TYPES:
        raise Misfit("data_type", f"{shown(written)} is none of {', '.join(TYPES)}")
    if meter.type != "electricity":
        return VALUE, TYPES[VALUE]
    return name, TYPES["energy" if name == VALUE else name]


def rows(
    at: Sequence[float],
    columns: Mapping[str, Sequence[float | None]],
    name: str,
    kind: DataType,
    unit: str,
    phases: bool,
) -> Iterator[dict[str, Any]]:
    """A row for each reading that says something of it: when (UTC), the value, that of each phase.

    The value stands under `total`, as clients look for it first, under `value`, and under the
    data type's own name.
    """
    for n, at_s in enumerate(at):
        said = {key: column[n] for key, column in columns.items()}
        each = [_first(ways, said) for ways in kind.ways[1:]]
        known = [value for value in each if value is not None]
        value = _first(kind.ways[WHOLE], said)
        if value is None and known:
            value = sum(known) / (len(known) if kind.together == MEAN else 1)
        if value is None:
            continue
        moment = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
        row: dict[str, Any] = {
            "timestamp": moment.replace("+00:00", "Z"),
            "value": _in_unit(value, kind),
            "total": _in_unit(value, kind),
            "unit": kind.unit or unit,
            name: _in_unit(value, kind),
        }
        if phases:
            row |= {f"phase_{n}": _in_unit(of, kind) for n, of in enumerate(each, start=1)}
        yield row


def _in_unit(value: float | None, kind: DataType) -> float | None:
    return None if value is None else round(value * kind.per, 6)


def _first(ways: Sequence[Way], said: Mapping[str, float | None]) -> float | None:
    """The first way of which a reading says anything."""
    for more, less in ways:
        plus, minus = said.get(more), None if less is None else said.get(less)
        if plus is not None or minus is not None:
            return (plus or 0.0) - (minus or 0.0)
    return None
