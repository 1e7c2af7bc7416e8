"""One stream's quarters of an hour: everything that is kept of each, from the readings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from ohmstead.analytics import energy
from ohmstead.analytics.energy import Floats, Ints, Kind, Steps
from ohmstead.analytics.energy_calendar import QUARTER_S, offset_s

WINDOWS_MIN = (15, 30, 60)
"""The periods of peak demand."""
WINDOW_S = 60 * max(WINDOWS_MIN)
"""How far before a bucket readings count for it."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the meter's readings are.

    `interval` says that each reading is the energy since the one before; `gauge` that its value is
    that of a moment.  `main` is the column whose energy makes the peaks.
    """

    interval_s: float
    interval: bool
    gauge: bool
    main: tuple[str, ...]
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Read:
    """Readings, ascending; `beside` marks those that are there only for the columns they bring."""

    at: Floats
    columns: Mapping[str, Floats]
    meter: Ints
    beside: Ints


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between two readings; `column` empty is the whole meter."""

    at: float
    began: float
    kind: Kind
    column: str
    before: float | None
    after: float | None
    energy: float | None


@dataclass(frozen=True, slots=True)
class Quarters:
    """`whole` and `across` (holes) map a column to float64 [n], NaN where nothing is known."""

    edges: Floats
    whole: Mapping[str, Floats]
    across: Mapping[str, Floats]


def steps_of(read: Read, column: str, source: Source) -> Steps:
    """The steps of one counter, or of one column of an interval meter."""
    longest_s = energy.longest_step_s(source.interval_s)
    if source.interval:
        return energy.summed(read.at, read.columns[column], source.interval_s, longest_s)
    return energy.counted(read.at, read.columns[column], longest_s, read.meter)


def quarters(
    read: Read, counters: tuple[str, ...], power: tuple[Floats, Floats], edges: Floats, of: Source
) -> Quarters:
    """All that is kept of each quarter between `edges`; `power` is import and export, kW."""
    whole: dict[str, Floats] = {}
    across: dict[str, Floats] = {}
    lost = np.zeros(len(edges) - 1)
    for column in counters:
        steps = steps_of(read, column, of)
        whole[column], across[column] = energy.within(steps, edges)
        unknown = (steps.kind == Kind.RESET) | (steps.kind == Kind.EXCHANGE)
        if unknown.any():
            lost = np.maximum(lost, energy.spans_s(steps, unknown, edges))
    whole["covered_s"] = np.maximum(_covered_s(read, edges, of) - lost, 0.0)
    longest_s = energy.longest_step_s(of.interval_s)
    for name, kw in zip(("import", "export"), power, strict=True):
        if not of.gauge:
            whole[f"{name}_integrated"] = energy.within(
                energy.integrated(read.at, kw, longest_s), edges
            )[0]
    whole.update(_moments("", read.at, power[0], edges))
    whole.update(_moments("export_", read.at, power[1], edges))
    whole.update(_peaks(_main(read, of), edges, of))
    return Quarters(edges, whole, across)


def _covered_s(read: Read, edges: Floats, of: Source) -> Floats:
    """How many seconds of each quarter lie between readings that follow each other in time."""
    at = read.at[read.beside == 0]
    longest_s = energy.longest_step_s(of.interval_s)
    if of.interval:
        steps = energy.summed(at, np.ones(len(at)), of.interval_s, longest_s)
        return energy.spans_s(steps, steps.known, edges)
    steps = energy.counted(at, np.zeros(len(at)), longest_s, read.meter[read.beside == 0])
    return energy.spans_s(steps, steps.measured, edges)


def _main(read: Read, of: Source) -> Steps | None:
    """The steps of the first of the main columns that was read at all."""
    for column in of.main:
        if column in read.columns and not np.isnan(read.columns[column]).all():
            return steps_of(read, column, of)
    return None


def _moments(
    prefix: str, at: Floats, values: Floats, edges: Floats
) -> Iterator[tuple[str, Floats]]:
    """Mean, least, most and number of the values of each quarter."""
    count = len(edges) - 1
    n = np.searchsorted(edges, at, side="right") - 1
    inside = (n >= 0) & (n < count) & ~np.isnan(values)
    n, values = n[inside], values[inside]
    samples = np.bincount(n, minlength=count).astype(np.float64)
    none = samples == 0
    least, most = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least, n, values)
    np.maximum.at(most, n, values)
    total = np.bincount(n, weights=values, minlength=count)
    yield f"{prefix}mean", np.where(none, np.nan, total / np.where(none, 1, samples))
    yield f"{prefix}least", np.where(none, np.nan, least)
    yield f"{prefix}most", np.where(none, np.nan, most)
    yield f"{prefix}samples", np.where(none, np.nan, samples)


def _peaks(steps: Steps | None, edges: Floats, of: Source) -> Iterator[tuple[str, Floats]]:
    """Peak demand of windows that end in each quarter: on the tariff clock, and any."""
    if steps is None:
        return
    ends = edges[1:]
    offsets = _offsets_s(ends, of.zone)
    for minutes in WINDOWS_MIN:
        window_s = 60.0 * minutes
        on_clock = (ends + offsets) % window_s == 0
        demand = energy.demand_kw(steps, ends, window_s)
        yield f"clock_{minutes}", np.where(on_clock, demand, np.nan)
        yield f"sliding_{minutes}", energy.sliding_peak_kw(steps, edges, window_s)


def _offsets_s(at: Floats, zone: ZoneInfo) -> Floats:
    """How far the zone's clocks are ahead of UTC, asked for once a day where it does not change."""
    if not len(at):
        return at
    first, last = offset_s(at[0], zone), offset_s(at[-1], zone)
    if at[-1] - at[0] <= 28 * 86_400 and first == last:
        return np.full(len(at), float(first))
    return np.array([offset_s(each, zone) for each in at], dtype=np.float64)


def events(read: Read, counters: tuple[str, ...], of: Source) -> Iterator[Event]:
    """What happened between the readings, in no order: gaps, exchanges, resets, rollovers."""
    own = read.beside == 0
    at, longest_s = read.at[own], energy.longest_step_s(of.interval_s)
    rows = energy.counted(at, np.zeros(len(at)), longest_s, read.meter[own])
    for n in np.flatnonzero(np.diff(at) > longest_s):
        yield Event(at[n + 1], at[n], Kind.GAP, "", None, None, None)
    for n in np.flatnonzero(rows.kind == Kind.EXCHANGE):
        yield Event(at[n + 1], at[n], Kind.EXCHANGE, "", None, None, None)
    if of.interval:
        return
    for column in counters:
        steps = steps_of(read, column, of)
        values = read.columns[column]
        values = values[~np.isnan(values)]
        fell = (np.diff(values) < 0) & (steps.kind != Kind.EXCHANGE)
        for n in np.flatnonzero(fell):
            known = not np.isnan(steps.energy[n])
            yield Event(
                steps.end[n],
                steps.start[n],
                Kind.ROLLOVER if known else Kind.RESET,
                column,
                float(values[n]),
                float(values[n + 1]),
                float(steps.energy[n]) if known else None,
            )


def edges_between(first_s: float, last_s: float) -> Floats:
    """Quarter edges from before `first_s` to after `last_s`."""
    first = np.floor(first_s / QUARTER_S) * QUARTER_S
    last = np.ceil(last_s / QUARTER_S) * QUARTER_S
    return np.arange(first, max(last, first + QUARTER_S) + 1, QUARTER_S, dtype=np.float64)
