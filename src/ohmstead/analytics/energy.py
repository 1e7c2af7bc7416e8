"""Energy between readings: from counters, from sums of intervals, from power.

Times are epoch seconds, ascending; energies are in the unit of what was read (kWh).  A step is what
lies between two readings; its kind says what is known of it.  The rules stand in docs/energy.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

GAP = 1.75
"""Readings further apart than this many intervals have a hole between them."""
LEAST_HOLE_S = 60.0
"""Nothing shorter is a hole: telegrams of a busy line come unevenly."""
LONGEST_HOLE_S = 400 * 86_400.0
"""Energy across a longer hole belongs to no bucket: nobody could say to which."""
WRAPS = (*(10.0**n for n in range(4, 11)), 2.0**32 / 1000)
"""Where counters begin anew: after four to ten digits, or 32 bits of watt-hours."""
NEAR = 0.1
"""A counter rolls over from the last tenth of its range into the first."""
MOST_OF_KNOWN = 0.5
"""How much of its range, where that is known, a counter may have gone when it rolls over."""
FASTEST_H = 100.0
"""No counter is built to be full in less than this many hours: more is a reset."""
SHORTEST_STEP_S = 900.0
"""The time that a roll-over may take at least, however often the meter speaks."""


TOUCH_S = 1e-6
"""Less than a microsecond, the finest that times are kept, is no overlap."""


class Kind(IntEnum):
    """What lies between two readings."""

    MEASURED = 0
    GAP = 1
    """No reading for longer than it should be: the energy is known, its times are estimated."""
    RESET = 2
    """The counter fell: what was used in between is not known."""
    ROLLOVER = 3
    """The counter reached its last digit and went on from zero: the energy is known."""
    EXCHANGE = 4
    """Another meter: what was used in between is not known."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Consecutive stretches of time: float64 [n] each.

    `energy` is what was used from `start` to `end`, NaN where that is not known; `kind` is Kind.
    """

    start: Floats
    end: Floats
    energy: Floats
    kind: Ints
    part: Ints | None = None
    """Of which stream, where they are of several; those of one stream stand together."""

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Whose energy is known."""
        return ~np.isnan(self.energy)

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """Whose energy is known, and not spread over a hole."""
        return np.asarray(self.known & (self.kind != Kind.GAP))


def longest_step_s(interval_s: float) -> float:
    """How far two readings of a meter that speaks each `interval_s` may lie apart.

    >>> longest_step_s(900.0), longest_step_s(10.0)
    (1575.0, 60.0)
    """
    return max(GAP * interval_s, LEAST_HOLE_S)


def counted(
    at: Floats,
    counter: Floats,
    longest_s: float,
    meter: Ints | None = None,
    *,
    part: Ints | None = None,
    wrap: Floats | None = None,
) -> Steps:
    """The steps of a counter: successive differences, none of them negative or invented.

    `counter` [n] NaN where it was not read; `meter` [n] a number for the meter's identity, 0 where
    it is not known: two that differ are an exchange.  `part` [n] says of which stream each reading
    is, where they are of several; `wrap` [n] where the counter begins anew, NaN where nobody knows.

    >>> counted(np.array([0.0, 900.0]), np.array([99999.5, 0.75]), 1575.0).energy.tolist()
    [1.25]
    """
    read = ~np.isnan(counter)
    at, counter = at[read], counter[read].astype(np.float64)
    follows = _follows(part, read)
    start, end = at[:-1][follows], at[1:][follows]
    before, after = counter[:-1][follows], counter[1:][follows]
    long = end - start > longest_s
    energy = after - before
    kind = np.where(long, int(Kind.GAP), int(Kind.MEASURED)).astype(np.int64)
    fell = energy < 0
    if fell.any():
        known = None if wrap is None else wrap[read][1:][follows]
        rolled = _rolled(before, after, end - start, known)
        wrapped = fell & ~np.isnan(rolled)
        energy = np.where(fell, rolled, energy)
        kind[fell] = Kind.RESET
        kind[wrapped & ~long] = Kind.ROLLOVER
        kind[wrapped & long] = Kind.GAP
    if meter is not None:
        who = meter[read]
        one, next = who[:-1][follows], who[1:][follows]
        other = (one != next) & (one != 0) & (next != 0)
        kind[other], energy[other] = Kind.EXCHANGE, np.nan
    energy[end - start > LONGEST_HOLE_S] = np.nan
    return Steps(start, end, energy, kind, None if part is None else part[read][1:][follows])


def _follows(part: Ints | None, read: npt.NDArray[np.bool_]) -> slice | npt.NDArray[np.bool_]:
    """Which readings, from the second on, are of the same stream as the one before."""
    if part is None:
        return slice(None)
    of = part[read]
    return np.asarray(of[1:] == of[:-1])


def _rolled(before: Floats, after: Floats, took_s: Floats, known: Floats | None) -> Floats:
    """What was used when the counter rolled over, NaN where it did not.

    Where its range is `known` no other is thought of, and it need not have been near its end: but
    whoever lost more than half of it was reset.
    """
    found = np.full(len(before), np.nan)
    hours = np.maximum(took_s, SHORTEST_STEP_S) / 3600
    for wrap in reversed(WRAPS):  # the smallest that fits counts
        near = (before >= (1 - NEAR) * wrap) & (before < wrap) & (after >= 0)
        used = after + wrap - before
        fits = near & (after <= NEAR * wrap) & (used <= hours * wrap / FASTEST_H)
        found[fits] = used[fits]
    if known is not None:
        used = after + known - before
        share = np.minimum(hours / FASTEST_H, MOST_OF_KNOWN)
        fits = (before < known) & (after >= 0) & (used <= share * known)
        found = np.where(np.isnan(known), found, np.where(fits, used, np.nan))
    return found


def summed(
    at: Floats, energy: Floats, interval_s: float, longest_s: float, *, part: Ints | None = None
) -> Steps:
    """The steps of a meter whose readings are the energy since the one before.

    After a hole, and at the first reading, it is the energy of one interval; the hole is not known.
    """
    read = ~np.isnan(energy)
    end, used = at[read], energy[read]
    before = np.concatenate([[-np.inf], end[:-1]])
    of = None
    if part is not None:
        of = part[read]
        before[1:][of[1:] != of[:-1]] = -np.inf
    start = np.where(end - before > longest_s, end - interval_s, before)
    return Steps(start, end, used.astype(np.float64), np.zeros(len(end), np.int64), of)


def integrated(
    at: Floats, power_kw: Floats, longest_s: float, *, part: Ints | None = None
) -> Steps:
    """The steps of a power: mean of both ends times hours; nothing is known across a hole."""
    read = ~np.isnan(power_kw)
    follows = _follows(part, read)
    at, power_kw = at[read], power_kw[read]
    start, end = at[:-1][follows], at[1:][follows]
    energy = (power_kw[:-1] + power_kw[1:])[follows] / 2 * (end - start) / 3600
    energy[end - start > longest_s] = np.nan
    kind = np.where(np.isnan(energy), int(Kind.GAP), int(Kind.MEASURED)).astype(np.int64)
    return Steps(start, end, energy, kind, None if part is None else part[read][1:][follows])


def together(
    counters: Sequence[Floats], steps_of: Callable[[Floats], Steps], part: Ints | None = None
) -> Steps:
    """The steps of the sum of what is read at once: phases, tariffs.

    `counters` float64 [n] each, NaN where it was not read; `steps_of` makes steps of one.  A
    reading counts with those that it says; between two that say different ones nothing is known.

    >>> at, l1, l2 = np.array([0.0, 900.0]), np.array([1.0, 1.5]), np.array([7.0, 7.25])
    >>> together([l1, l2], lambda each: counted(at, each, 1575.0)).energy.tolist()
    [0.75]
    """
    said = ~np.isnan(np.stack(counters))
    read: npt.NDArray[np.bool_] = np.asarray(said.any(axis=0))
    each = [steps_of(np.where(read, np.nan_to_num(values), np.nan)) for values in counters]
    energy = np.sum([one.energy for one in each], axis=0)
    kind = np.max([one.kind for one in each], axis=0)
    which = (1 << np.arange(len(counters))) @ said[:, read]
    follows = _follows(part, read)
    if len(energy) < len(which):  # of counters, not of intervals: a step lies between two readings
        energy[which[:-1][follows] != which[1:][follows]] = np.nan
    return replace(each[0], energy=energy, kind=kind)


def within(steps: Steps, edges: Floats) -> tuple[Floats, Floats]:
    """Energy in each bucket, and what of it lay across holes: float64 [len(edges) - 1] each.

    A step that straddles an edge is split in proportion to time, so that the sum over all buckets
    is the sum of the steps.  NaN where no known step, or no hole, touches the bucket.
    """
    holes = steps.known & (steps.kind == Kind.GAP)
    whole, across = _split(steps, steps.known, edges), _split(steps, holes, edges)
    touched = spans_s(steps, steps.known, edges) > TOUCH_S
    pierced = spans_s(steps, holes, edges) > TOUCH_S
    return np.where(touched, whole, np.nan), np.where(pierced, across, np.nan)


def spans_s(steps: Steps, which: npt.NDArray[np.bool_], edges: Floats) -> Floats:
    """How many seconds of each bucket the steps `which` cover."""
    at, grown = _curve(steps.start[which], steps.end[which], (steps.end - steps.start)[which])
    return np.diff(np.interp(edges, at, grown)) if len(at) else np.zeros(len(edges) - 1)


def _split(steps: Steps, which: npt.NDArray[np.bool_], edges: Floats) -> Floats:
    at, grown = _curve(steps.start[which], steps.end[which], steps.energy[which])
    return np.diff(np.interp(edges, at, grown)) if len(at) else np.zeros(len(edges) - 1)


def _curve(start: Floats, end: Floats, amount: Floats) -> tuple[Floats, Floats]:
    """The sum so far, as points to draw straight lines between."""
    at = np.column_stack([start, end]).ravel()
    after = np.cumsum(amount)
    return at, np.column_stack([after - amount, after]).ravel()


def demand_kw(steps: Steps, ends: Floats, window_s: float) -> Floats:
    """Mean power of the window that ends at each of `ends`, NaN where it was not all measured."""
    which = steps.measured
    at, used = _curve(steps.start[which], steps.end[which], steps.energy[which])
    _, seen = _curve(steps.start[which], steps.end[which], steps.end[which] - steps.start[which])
    if not len(at):
        return np.full(len(ends), np.nan)
    begins = ends - window_s
    kwh = np.interp(ends, at, used) - np.interp(begins, at, used)
    whole = np.interp(ends, at, seen) - np.interp(begins, at, seen) >= window_s * (1 - 1e-9)
    return np.where(whole, kwh / (window_s / 3600), np.nan)
