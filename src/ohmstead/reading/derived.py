"""What a reading implies: totals, nets, parts and signs that surfaces carry, meters leave out.

Sums are made in decimal, so that 0.338 - 0.1 is 0.238 and not 0.23800000000000002.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

PHASES = (20, 40, 60)  # OBIS C of a phase is the total's plus this
REGISTERS = range(1, 9)  # OBIS C of the energies: active, reactive, the four quadrants
TARIFFS = range(1, 9)  # OBIS E

_NETS = tuple(
    (net, plus, minus)
    for c in (0, *PHASES)
    for net, plus, minus in (
        (f"{16 + c}.7.0", f"{1 + c}.7.0", f"{2 + c}.7.0"),
        (f"s{3 + c}.7.0", f"{3 + c}.7.0", f"{4 + c}.7.0"),
    )
)
_CURRENTS = tuple((f"s{11 + c}.7.0", f"{11 + c}.7.0", f"{16 + c}.7.0") for c in PHASES)
_SUMS = tuple((f"{c}.8.0", tuple(f"{c}.8.{e}" for e in TARIFFS)) for c in REGISTERS)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))


def _totals(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for total, parts in _SUMS:
        if total not in values and parts[0] in values and parts[1] in values:
            known = [values[key] for key in parts if key in values]
            yield total, float(sum(map(_exact, known), Decimal(0)))


def _nets(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for net, plus, minus in _NETS:
        if net not in values and plus in values and minus in values:
            yield net, float(_exact(values[plus]) - _exact(values[minus]))


def _parts(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for net, plus, minus in _NETS:
        if net in values and plus not in values and minus not in values:
            yield plus, max(0.0, values[net])
            yield minus, max(0.0, -values[net])


def _signed(values: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    for signed, current, net in _CURRENTS:
        if signed in values or current not in values:
            continue
        ampere = values[current]
        if net in values:
            yield signed, -abs(ampere) if values[net] < 0 and ampere else abs(ampere)
        elif ampere < 0:
            yield signed, ampere


def with_derived(values: Mapping[str, float]) -> dict[str, float]:
    """`values` and what follows from them; what the meter itself said is never replaced.

    - an energy total from its tariffs (a DSMR meter sends 1.8.1 and 1.8.2 only);
    - net power 16.7.0, 36.7.0, ... as import minus export, net reactive power `s3.7.0`, ...;
    - import and export as the positive and the negative part of a net power, where the meter says
      neither (many SML meters send 16.7.0 only);
    - signed currents `s31.7.0`, ...: negative while the net power of their phase is (or, where
      that is not known, as the meter gives it when it gives a sign).

    >>> with_derived({"1.7.0": 0.338, "2.7.0": 0.1})["16.7.0"]
    0.238
    >>> with_derived({"16.7.0": -0.4})["2.7.0"]
    0.4
    """
    found = dict(values)
    found.update(_totals(found))
    found.update(_nets(found))
    found.update(_parts(found))
    found.update(_signed(found))
    return found
