"""Quarters of an hour of many streams at once: what falls into each, and its peaks of power.

A grid is the same stretch of time for each of its streams.  Whatever is given back is float64
[streams * quarters], stream by stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ohmstead.analytics.energy import TOUCH_S, Floats, Ints, Kind, Steps
from ohmstead.analytics.energy_calendar import QUARTER_S

WINDOWS_MIN = (15, 30, 60)
"""The periods of peak demand."""
WINDOW_S = 60 * max(WINDOWS_MIN)
"""How far before a bucket readings count for it."""
DIGITS = 9
"""Behind the point of a peak, kW: below is noise of differences of sums."""
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grid:
    """The quarters from `first_s` to before `last_s`, whole ones, of each of `streams`."""

    first_s: float
    last_s: float
    streams: int

    @cached_property
    def quarters(self) -> int:
        """How many each stream has."""
        return round((self.last_s - self.first_s) / QUARTER_S)

    @property
    def size(self) -> int:
        """How many all streams have."""
        return self.streams * self.quarters

    @property
    def starts(self) -> Floats:
        """Where the quarters of a stream begin."""
        return self.first_s + QUARTER_S * np.arange(self.quarters, dtype=np.float64)

    def place(self, at: Floats, part: Ints) -> tuple[Ints, Mask]:
        """The quarter of each moment, and whether it is one of the grid."""
        n = np.floor((at - self.first_s) / QUARTER_S).astype(np.int64)
        return part * self.quarters + n, (n >= 0) & (n < self.quarters)


@dataclass(frozen=True)
class Split:
    """Steps, cut where quarters begin: piece `i` is of step `of[i]`, `seconds[i]` long.

    `share` is that as a part of the step's length, 1 where the step was not cut.
    """

    of: Ints
    bucket: Ints
    seconds: Floats
    share: Floats

    @classmethod
    def cut(cls, steps: Steps, grid: Grid) -> "Split":
        """The pieces that lie in the grid."""
        part = np.zeros(len(steps.start), np.int64) if steps.part is None else steps.part
        first = np.floor((steps.start - grid.first_s) / QUARTER_S).astype(np.int64)
        last = np.ceil((steps.end - grid.first_s) / QUARTER_S).astype(np.int64) - 1
        first, last = np.maximum(first, 0), np.minimum(last, grid.quarters - 1)
        count = np.maximum(last - first + 1, 0)
        of = np.repeat(np.arange(len(count)), count)
        n = first[of] + np.arange(len(of)) - (np.cumsum(count) - count)[of]
        begins = grid.first_s + QUARTER_S * n
        start, end = steps.start[of], steps.end[of]
        seconds = np.minimum(end, begins + QUARTER_S) - np.maximum(start, begins)
        return cls(of, part[of] * grid.quarters + n, seconds, seconds / (end - start))

    def seconds_of(self, which: Mask, grid: Grid) -> Floats:
        """How much of each quarter is of the steps `which`."""
        kept = which[self.of]
        return _summed(self.bucket[kept], self.seconds[kept], grid)

    def within(self, steps: Steps, grid: Grid) -> tuple[Floats, Floats | None]:
        """Energy of each quarter, NaN where none is known, and of it what lay across holes.

        A step that is cut is shared out by time.  The second is None where there is no hole.
        """
        known = steps.known
        whole = self._shared(steps, known, grid)
        holes = known & (steps.kind == Kind.GAP)
        return whole, self._shared(steps, holes, grid) if holes.any() else None

    def _shared(self, steps: Steps, which: Mask, grid: Grid) -> Floats:
        kept = which[self.of]
        of, bucket = self.of[kept], self.bucket[kept]
        energy = _summed(bucket, steps.energy[of] * self.share[kept], grid)
        touched = _summed(bucket, self.seconds[kept], grid) > TOUCH_S
        return np.where(touched, energy, np.nan)


def _summed(bucket: Ints, amounts: Floats, grid: Grid) -> Floats:
    return np.bincount(bucket, weights=amounts, minlength=grid.size).astype(np.float64)


def moments(prefix: str, at: Floats, part: Ints, values: Floats, grid: Grid) -> Iterator[
    tuple[str, Floats]
]:  # fmt: skip
    """Mean, least, most and number of the values of each quarter."""
    n, inside = grid.place(at, part)
    inside &= ~np.isnan(values)
    n, values = n[inside], values[inside]
    samples = np.bincount(n, minlength=grid.size).astype(np.float64)
    none = samples == 0
    least, most = np.full(grid.size, np.inf), np.full(grid.size, -np.inf)
    np.minimum.at(least, n, values)
    np.maximum.at(most, n, values)
    mean = _summed(n, values, grid) / np.where(none, 1, samples)
    found = {"mean": mean, "least": least, "most": most, "samples": samples}
    for name, each in found.items():
        yield prefix + name, np.where(none, np.nan, each)


def peaks(steps: Steps, grid: Grid, offsets: Floats) -> Iterator[tuple[str, Floats]]:
    """Peak demand of windows that end in each quarter: on the tariff clock, and any.

    Power is even within a step, so the highest window begins or ends with a reading, or at the edge
    of a quarter.  `offsets` is how far local clocks are ahead of UTC at the end of each quarter.
    """
    curve = _Curve.of(steps, grid)
    ends = grid.first_s + QUARTER_S * np.arange(-4, grid.quarters + 1, dtype=np.float64)
    used, seen = curve.until(ends[None, :] + curve.shift(np.arange(grid.streams))[:, None])
    turns, part = curve.turns()
    for minutes in WINDOWS_MIN:
        window_s, wide = 60.0 * minutes, minutes * 60 // QUARTER_S
        at_edges = _demand(
            used[:, 4:] - used[:, 4 - wide : -wide],
            seen[:, 4:] - seen[:, 4 - wide : -wide],
            window_s,
        )
        on_clock = (ends[5:] + offsets) % window_s == 0
        yield f"clock_{minutes}", np.where(on_clock, at_edges[:, 1:], np.nan).ravel()
        highest = np.fmax(at_edges[:, :-1], at_edges[:, 1:]).ravel()
        for begins, until in ((turns - window_s, turns), (turns, turns + window_s)):
            n, inside = grid.place(until - curve.shift(part), part)
            after, before = curve.until(until[inside]), curve.until(begins[inside])
            found = _demand(after[0] - before[0], after[1] - before[1], window_s)
            np.fmax.at(highest, n[inside], found)
        yield f"sliding_{minutes}", highest


def _demand(kwh: Floats, seen_s: Floats, window_s: float) -> Floats:
    """Mean power, NaN where not all of the window was measured."""
    mean = np.round(kwh / (window_s / 3600), DIGITS)
    return np.where(seen_s >= window_s * (1 - 1e-9), mean, np.nan)


@dataclass(frozen=True)
class _Curve:
    """Energy and measured seconds so far, stream behind stream on one line of time."""

    at: Floats
    part: Ints
    used: Floats
    seen: Floats
    first_s: float
    apart_s: float

    @classmethod
    def of(cls, steps: Steps, grid: Grid) -> "_Curve":
        part = np.zeros(len(steps.start), np.int64) if steps.part is None else steps.part
        first_s = grid.first_s - WINDOW_S
        which = steps.measured & (steps.end > first_s) & (steps.start < grid.last_s)
        start, end, part = steps.start[which], steps.end[which], part[which]
        longest_s = np.ceil(np.max(end - start, initial=0.0))
        apart_s = grid.last_s - grid.first_s + 4 * WINDOW_S + 2 * float(longest_s)
        at = _points(start, end) + np.repeat(part, 2) * apart_s - first_s
        grown = (_grown(steps.energy[which]), _grown(end - start))
        return cls(at, np.repeat(part, 2), *grown, first_s=first_s, apart_s=apart_s)

    def shift(self, part: Ints) -> Floats:
        """From epoch seconds of a stream to the line."""
        return np.asarray(part * self.apart_s - self.first_s, dtype=np.float64)

    def until(self, at: Floats) -> tuple[Floats, Floats]:
        """Energy and measured seconds before moments of the line."""
        if not len(self.at):
            return np.zeros(at.shape), np.zeros(at.shape)
        return np.interp(at, self.at, self.used), np.interp(at, self.at, self.seen)

    def turns(self) -> tuple[Floats, Ints]:
        """Where power changes, on the line, and the stream; what are edges of quarters is left."""
        once = np.diff(self.at, prepend=-np.inf) > 0
        at, part = self.at[once], self.part[once]
        within = (at - part * self.apart_s) % QUARTER_S != 0
        return at[within], part[within]


def _points(start: Floats, end: Floats) -> Floats:
    return np.column_stack([start, end]).ravel()


def _grown(amount: Floats) -> Floats:
    after = np.cumsum(amount)
    return np.column_stack([after - amount, after]).ravel()
