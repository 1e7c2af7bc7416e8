"""What the energy of a quarter of an hour costs, and the sums that become lines of a bill."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal

from ohmstead.analytics.tariff import (
    Block,
    Counted,
    Dynamic,
    Energy,
    Version,
    earns,
    quantity_of,
)
from ohmstead.analytics.tariff_bill import NO_ENERGY, NO_PRICE, ZERO
from ohmstead.analytics.tariff_span import Measured, Span, Used, registers
from ohmstead.analytics.tariff_time import share, shares

PER_MWH = 1000


@dataclass(frozen=True, slots=True)
class Key:
    """Which line something belongs to: the part of the bill and the charge, by their numbers; the
    band or block; the price, None where it changes all the time."""

    part: int
    charge: int
    label: str | None
    price: Decimal | None


@dataclass(slots=True)
class Sum:
    """A line as it grows: energy, amount, and what of the energy is estimated or has no price."""

    quantity: Decimal = ZERO
    amount: Decimal | None = None
    estimated: Decimal = ZERO
    unpriced: Decimal = ZERO

    def add(self, quantity: Decimal, amount: Decimal | None, estimated: Decimal) -> None:
        """Some more energy, at a price or without one."""
        self.quantity += quantity
        self.estimated += estimated
        if amount is None:
            self.unpriced += quantity
        else:
            self.amount = amount + (self.amount or ZERO)


class Counting:
    """Counts the energy of one bill, quarter by quarter; `sums` are in order of their first kWh.

    `absent` are quantities that the meter never says: they cost nothing and leave nothing open.
    """

    def __init__(self, span: Span, measured: Measured, absent: Set[str]) -> None:
        self.sums: dict[Key, Sum] = {}
        self.absent = absent
        self.unit = measured.unit
        self._span, self._measured = span, measured
        self._so_far: dict[str, Decimal] = {}
        """Energy of each block charge since the bill began, whatever the version."""

    def cost(
        self, where: tuple[int, int], version: Version, charge: Counted, at_s: int, band: str | None
    ) -> tuple[Decimal, str | None]:
        """The cost of the quarter at `at_s` by one charge, and what of it is not known.

        `where` are the numbers of part and charge, `band` is that of the clock.
        """
        total, why = ZERO, None
        for register in registers(version, charge):
            obis = quantity_of(charge, register)
            if obis in self.absent:
                continue
            used = self._measured.used.get(obis)
            energy = used.energy[self._measured.number(at_s)] if used is not None else None
            if used is None or energy is None:
                why = NO_ENERGY
                continue
            named = band if register is None else _named(version, register)
            for label, quantity, price in self._priced(charge, at_s, named, energy):
                amount = None if price is None else quantity * price * (-1 if earns(charge) else 1)
                key = Key(*where, label, None if isinstance(charge, Dynamic) else price)
                estimated = self._estimated(used, at_s, quantity, energy)
                self.sums.setdefault(key, Sum()).add(quantity, amount, estimated)
                why = (why or NO_PRICE) if amount is None else why
                total += amount or ZERO
        return total, why

    def _estimated(self, used: Used, at_s: int, quantity: Decimal, energy: Decimal) -> Decimal:
        """What of `quantity`, a part of `energy`, is estimated."""
        found = used.estimated[self._measured.number(at_s)] or ZERO
        return found if quantity == energy else found * quantity / energy

    def _priced(
        self, charge: Counted, at_s: int, band: str | None, energy: Decimal
    ) -> Iterator[tuple[str | None, Decimal, Decimal | None]]:
        """Band or block, energy in it, and its price: more than one where a block gets full."""
        if isinstance(charge, Energy):
            if charge.prices:
                yield band, energy, charge.prices.get(band or "")
            else:
                yield None, energy, charge.price
        elif isinstance(charge, Dynamic):
            yield None, energy, dynamic(charge, self._measured.prices, at_s)
        elif not charge.bands or band in charge.bands:
            yield from self._in_blocks(charge, energy)

    def _in_blocks(
        self, charge: Block, energy: Decimal
    ) -> Iterator[tuple[str | None, Decimal, Decimal | None]]:
        so_far = self._so_far.get(charge.name, ZERO)
        self._so_far[charge.name] = so_far + energy
        before, span = "", self._span
        for step in charge.blocks:
            to = step.to
            if to is not None and charge.prorated:
                to = share(to, shares("bill", span.first, span.last, span.period))
            if to is None or so_far < to:
                inside = energy if to is None else min(energy, to - so_far)
                yield _label(before, step.to), inside, step.price
                so_far, energy = so_far + inside, energy - inside
                if not energy:
                    return
            before = f"{step.to:f}"


def dynamic(
    charge: Dynamic, prices: Mapping[str, Mapping[int, Decimal]], at_s: int
) -> Decimal | None:
    """The price for a kWh at `at_s`; None where there is none."""
    price = prices.get(charge.series, {}).get(at_s)
    if price is None:
        return None
    return (price / PER_MWH if charge.per == "MWh" else price) * charge.factor + charge.plus


def _named(version: Version, register: int) -> str | None:
    return next((band.name for band in version.bands if band.register == register), None)


def _label(before: str, to: Decimal | None) -> str:
    if to is None:
        return f"above {before}" if before else "all"
    return f"{before or 0} to {to:f}"
