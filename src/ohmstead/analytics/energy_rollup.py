"""Quarters of an hour of several streams: everything that is kept of each, from the readings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from ohmstead.analytics import energy, energy_grid, energy_rest
from ohmstead.analytics.energy import Floats, Ints, Kind, Steps
from ohmstead.analytics.energy_calendar import QUARTER_S, offset_s
from ohmstead.analytics.energy_grid import Grid, Split

WINDOW_S, WINDOWS_MIN = energy_grid.WINDOW_S, energy_grid.WINDOWS_MIN
ASKED_DAYS = 28
"""Clocks are not changed twice in so many days."""


@dataclass(frozen=True, slots=True)
class Source:
    """What the readings of meters of one kind are.

    `interval` says that each reading is the energy since the one before; `gauge` that its value is
    that of a moment.  `main` are the columns whose energy makes the peaks, the first that are
    known, and those that stand together added.  `value_kwh` is how much the one value of a meter of
    electricity counts, 0 where it is no energy; None for all other meters.
    """

    interval_s: float
    interval: bool
    gauge: bool
    main: tuple[tuple[str, ...], ...]
    zone: ZoneInfo
    value_kwh: float | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Readings by stream and, within one, ascending: `part` is of which stream each is.

    `beside` marks those that are there only for the columns they bring; `power` is import and
    export, kW; `wrap` [streams] where counters begin anew, NaN where nobody knows.
    """

    at: Floats
    columns: Mapping[str, Floats]
    meter: Ints
    beside: Ints
    part: Ints
    power: tuple[Floats, Floats]
    wrap: Floats


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened between two readings; `column` empty is the whole meter."""

    part: int
    at: float
    began: float
    kind: Kind
    column: str
    before: float | None
    after: float | None
    energy: float | None


@dataclass(slots=True)
class _Work:
    """Readings on a grid, with what was worked out of them already."""

    read: Read
    grid: Grid
    of: Source
    longest_s: float
    known: dict[str, tuple[Steps, Split]] = field(default_factory=dict)
    cuts: dict[bytes, Split] = field(default_factory=dict)

    def steps(self, column: str) -> tuple[Steps, Split]:
        """The steps of a counter, or of a column of interval meters."""
        if column not in self.known:
            values = self.read.columns[column]
            steps = _steps(self.read, values, self.of, self.longest_s)
            self.known[column] = steps, self.cut(steps, values)
        return self.known[column]

    def cut(self, steps: Steps, values: Floats) -> Split:
        """The steps cut into quarters; columns read at the same times are cut alike."""
        key = np.isnan(values).tobytes()
        if key not in self.cuts:
            self.cuts[key] = Split.cut(steps, self.grid)
        return self.cuts[key]


def _steps(read: Read, values: Floats, of: Source, longest_s: float) -> Steps:
    if of.interval:
        return energy.summed(read.at, values, of.interval_s, longest_s, part=read.part)
    wrap = None if np.isnan(read.wrap).all() else read.wrap[read.part]
    return energy.counted(read.at, values, longest_s, read.meter, part=read.part, wrap=wrap)


@dataclass(frozen=True, slots=True)
class Quarters:
    """`whole` and `across` (holes) map a column to float64 [streams * quarters], NaN: not known."""

    grid: Grid
    whole: Mapping[str, Floats]
    across: Mapping[str, Floats]
    events: Sequence[Event]
    """What happened between the readings, in no order, before and after the grid too."""


def quarters(
    read: Read, counters: Sequence[str], grid: Grid, of: Source, *, peaks: bool = True
) -> Quarters:
    """All that is kept of each quarter of the grid, with or without peaks of power."""
    work = _Work(read, grid, of, energy.longest_step_s(of.interval_s))
    whole: dict[str, Floats] = {}
    across: dict[str, Floats] = {}
    lost = np.zeros(grid.size)
    for column in counters:
        steps, cut = work.steps(column)
        whole[column], holes = cut.within(steps, grid)
        if holes is not None:
            across[column] = holes
        unknown = (steps.kind == Kind.RESET) | (steps.kind == Kind.EXCHANGE)
        if unknown.any():
            lost = np.maximum(lost, cut.seconds_of(unknown, grid))
    whole["covered_s"] = np.maximum(_covered_s(work) - lost, 0.0)
    for name, kw in zip(("import", "export"), read.power, strict=True):
        if np.isnan(kw).all():
            continue
        prefix = "" if name == "import" else "export_"
        whole.update(energy_grid.moments(prefix, read.at, read.part, kw, grid))
    if of.value_kwh is not None:
        power = dict(zip(energy_rest.GUESSED, read.power, strict=True))
        rests = energy_rest.Rests(read.columns, power, read.at, read.part, work.longest_s, grid)
        rests.add(lambda column: work.steps(column)[0], of.value_kwh, whole, across)
    if peaks:
        whole.update(_peaks(work))
    return Quarters(grid, whole, across, list(_events(work, counters)))


def _covered_s(work: _Work) -> Floats:
    """How many seconds of each quarter lie between readings that follow each other in time."""
    read, of = work.read, work.of
    own = read.beside == 0
    at, part, meter = read.at[own], read.part[own], read.meter[own]
    if of.interval:
        steps = energy.summed(at, np.ones(len(at)), of.interval_s, work.longest_s, part=part)
        return Split.cut(steps, work.grid).seconds_of(steps.known, work.grid)
    steps = energy.counted(at, np.zeros(len(at)), work.longest_s, meter, part=part)
    cut = work.cut(steps, np.zeros(len(at))) if own.all() else Split.cut(steps, work.grid)
    return cut.seconds_of(steps.measured, work.grid)


def _peaks(work: _Work) -> Mapping[str, Floats]:
    """Peaks of the first of the main columns, or of the sum of some, that has one."""
    found: dict[str, Floats] = {}
    offsets = offsets_s(work.grid.starts + QUARTER_S, work.of.zone)
    for columns in work.of.main:
        read = [c for c in columns if not np.isnan(work.read.columns.get(c, np.nan)).all()]
        if read:
            for name, kw in energy_grid.peaks(_steps_together(work, read), work.grid, offsets):
                found[name] = (
                    np.where(np.isnan(found[name]), kw, found[name]) if name in found else kw
                )
    return found


def _steps_together(work: _Work, columns: Sequence[str]) -> Steps:
    if len(columns) == 1:
        return work.steps(columns[0])[0]
    return energy.together(
        [work.read.columns[column] for column in columns],
        lambda values: _steps(work.read, values, work.of, work.longest_s),
        work.read.part,
    )


def offsets_s(at: Floats, zone: ZoneInfo) -> Floats:
    """How far the zone's clocks are ahead of UTC, asked for once where they are not changed.

    `at` float64 [n], epoch seconds, ascending.
    """
    if not len(at):
        return at
    if at[-1] - at[0] <= ASKED_DAYS * 86_400 and (once := offset_s(at[0], zone)) == offset_s(
        at[-1], zone
    ):
        return np.full(len(at), float(once))
    return np.array([offset_s(each, zone) for each in at], dtype=np.float64)


def _events(work: _Work, counters: Sequence[str]) -> Iterator[Event]:
    """What happened between the readings: gaps, exchanges, resets, rollovers."""
    read, longest_s = work.read, work.longest_s
    own = read.beside == 0
    at, part = read.at[own], read.part[own]
    rows = energy.counted(at, np.zeros(len(at)), longest_s, read.meter[own], part=part)
    for n in np.flatnonzero(rows.end - rows.start > longest_s).tolist():
        yield _whole(rows, n, Kind.GAP)
    for n in np.flatnonzero(rows.kind == Kind.EXCHANGE).tolist():
        yield _whole(rows, n, Kind.EXCHANGE)
    if work.of.interval:
        return
    for column in counters:
        values = read.columns[column]
        steps, _ = work.steps(column)
        said = ~np.isnan(values)
        follows = read.part[said][1:] == read.part[said][:-1]
        before, after = values[said][:-1][follows], values[said][1:][follows]
        for n in np.flatnonzero((after < before) & (steps.kind != Kind.EXCHANGE)).tolist():
            yield _fell(steps, n, column, float(before[n]), float(after[n]))


def _whole(rows: Steps, n: int, kind: Kind) -> Event:
    part = 0 if rows.part is None else int(rows.part[n])
    return Event(part, rows.end[n], rows.start[n], kind, "", None, None, None)


def _fell(steps: Steps, n: int, column: str, before: float, after: float) -> Event:
    energy_known = None if np.isnan(steps.energy[n]) else float(steps.energy[n])
    kind = Kind.RESET if energy_known is None else Kind.ROLLOVER
    part = 0 if steps.part is None else int(steps.part[n])
    return Event(part, steps.end[n], steps.start[n], kind, column, before, after, energy_known)


def edges_between(first_s: float, last_s: float) -> Floats:
    """Quarter edges from before `first_s` to after `last_s`."""
    first = np.floor(first_s / QUARTER_S) * QUARTER_S
    last = np.ceil(last_s / QUARTER_S) * QUARTER_S
    return np.arange(first, max(last, first + QUARTER_S) + 1, QUARTER_S, dtype=np.float64)
