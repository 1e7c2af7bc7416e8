"""What of a quantity its own counter does not cover: that of its phases, tariffs, quadrants, power.

A meter may say its phases first and a total later, or power alone until it has a counter.  In the
time that no step of a better way covers, the next one counts; so nothing counts twice, and nothing
is lost, not even within the bucket in which the change lies.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ohmstead.analytics.energy import LONGEST_HOLE_S, TOUCH_S, Floats, Ints, Steps, integrated
from ohmstead.analytics.energy_grid import Grid, Split
from ohmstead.reading.catalogue import ALL, BY_OBIS, Kind

IMPORT, EXPORT, VALUE = "1.8.0", "2.8.0", "value"
QUADRANTS = {"3.8.0": ("5.8.0", "6.8.0"), "4.8.0": ("7.8.0", "8.8.0")}
"""Reactive import is that of the quadrants I and II, export of III and IV.

Source: DLMS UA Blue Book, OBIS codes of electricity, value group C.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """A quantity of electricity that may be counted in several ways: columns of counters.

    `others` are the sums that stand in for `own`, the best first.  What they have in time that no
    better way covers is kept in the column `rest`, what power has in time that none does in
    `guessed` (None: no power makes this quantity).
    """

    quantity: str
    own: str
    others: tuple[tuple[str, ...], ...]
    rest: str
    guessed: str | None


@dataclass(frozen=True, slots=True)
class Piece:
    """Steps of a family that count: `column` names those that count as they are, uncut."""

    steps: Steps
    factor: float = 1.0
    column: str | None = None
    guessed: bool = False


def sums_of(quantity: str) -> list[tuple[str, ...]]:
    """The columns that add up to a quantity: its phases, its tariffs, its quadrants.

    >>> sums_of("1.8.0")[1]
    ('active_import_energy_t1_kwh', 'active_import_energy_t2_kwh')
    """
    c, d, e = quantity.split(".")
    if e != "0" or int(c) >= 20:
        return []
    parts = [
        [f"{int(c) + 20 * n}.{d}.0" for n in (1, 2, 3)],
        [f"{c}.{d}.{n}" for n in (1, 2)],
        QUADRANTS.get(quantity, ()),
    ]
    named = [tuple(BY_OBIS[obis].column for obis in each if obis in BY_OBIS) for each in parts]
    return [each for each in named if each]


def _families() -> Iterator[Family]:
    for known in ALL:
        if known.kind is Kind.COUNTER and (sums := sums_of(known.obis)):
            stem, _, unit = known.column.rpartition("_")
            value = [(VALUE,)] if known.obis == IMPORT else []
            guessed = {IMPORT: "import_guessed", EXPORT: "export_guessed"}.get(known.obis)
            yield Family(known.obis, known.column, (*sums, *value), f"{stem}_rest_{unit}", guessed)


FAMILIES = tuple(_families())
GUESSED = tuple(each.guessed for each in FAMILIES if each.guessed)
COLUMNS = (*(each.rest for each in FAMILIES), *GUESSED)
"""The columns that are kept of rests."""


def kept_of(counters: Iterable[str], *, power: bool) -> list[str]:
    """The columns that may have something of a meter with these counters, and with power."""
    had = set(counters)
    rests = [each.rest for each in FAMILIES if any(had & set(columns) for columns in each.others)]
    return rests + list(GUESSED) if power else rests


def pieces(
    family: Family,
    columns: Sequence[str],
    steps_of: Callable[[str], Steps],
    everywhere: Callable[[str], bool],
    power: Callable[[str], Steps | None],
    value_kwh: float,
) -> Iterator[Piece]:
    """What counts for a family beside its own counter, of a meter that said `columns`.

    `everywhere` says whether each reading says a column: then no worse way has time of its own;
    `power` gives the steps of that which is integrated for `guessed`, None where there is none.
    `value_kwh` is how much the meter's one value counts; 0 where it is no energy.
    """
    cover: list[Steps] = []
    for one in ((family.own,), *family.others):
        said = [c for c in one if c in columns and (c != VALUE or value_kwh)]
        found = [steps_of(column) for column in said]
        if one != (family.own,):
            for column, steps in zip(said, found, strict=True):
                factor = value_kwh if column == VALUE else 1.0
                if cover:
                    yield Piece(outside(steps, cover), factor)
                else:
                    yield Piece(steps, factor, column)
        cover += found
        if any(everywhere(column) for column in said):
            return
    powered = power(family.guessed) if family.guessed is not None else None
    if powered is not None:
        yield Piece(outside(powered, cover), guessed=True)


@dataclass(frozen=True, slots=True)
class Rests:
    """What was read of meters of electricity, and the grid whose rests are asked for.

    `columns` are their counters, `power` (kW) is that which is integrated for each of GUESSED.
    """

    columns: Mapping[str, Floats]
    power: Mapping[str, Floats]
    at: Floats
    part: Ints
    longest_s: float
    grid: Grid

    def add(
        self,
        steps_of: Callable[[str], Steps],
        value_kwh: float,
        whole: dict[str, Floats],
        across: dict[str, Floats],
    ) -> None:
        """Add the rests to what is known of each quarter, whole and across holes."""
        said = [column for column, values in self.columns.items() if not np.isnan(values).all()]
        for family in FAMILIES:
            for each in pieces(
                family, said, steps_of, self._everywhere, self._integrated, value_kwh
            ):
                name = family.guessed if each.guessed else family.rest
                if name is None:
                    continue
                if each.column is not None:
                    found, holes = whole[each.column], across.get(each.column)
                else:
                    found, holes = Split.cut(each.steps, self.grid).within(each.steps, self.grid)
                _add(whole, name, found * each.factor)
                if holes is not None and not each.guessed:
                    _add(across, name, holes * each.factor)

    def _everywhere(self, column: str) -> bool:
        return not np.isnan(self.columns[column]).any()

    def _integrated(self, column: str) -> Steps | None:
        kw = self.power[column]
        if np.isnan(kw).all():
            return None
        return integrated(self.at, kw, self.longest_s, part=self.part)


def _add(found: dict[str, Floats], name: str, more: Floats) -> None:
    """Add to what is there; NaN where neither is known."""
    if name in found:
        both = np.nan_to_num(found[name]) + np.nan_to_num(more)
        more = np.where(np.isnan(found[name]) & np.isnan(more), np.nan, both)
    found[name] = more


def outside(steps: Steps, cover: Sequence[Steps]) -> Steps:
    """What of `steps` lies in time that no step of `cover` does, cut where those begin and end.

    What was reset or exchanged is covered, though its energy is not known; a hole that is too long
    to say anything of covers nothing.
    """
    known = [each for each in map(_covering, cover) if len(each.start)]
    if not known or not len(steps.start):
        return steps
    begins = min(float(each.start.min()) for each in (steps, *known))
    apart_s = max(float(each.end.max()) for each in (steps, *known)) - begins + 1
    runs = _Runs.of(known, begins, apart_s)
    on_line = _part(steps) * apart_s - begins
    first = np.searchsorted(runs.last, steps.start + on_line, side="right")
    beyond = np.searchsorted(runs.first, steps.end + on_line, side="left")
    cuts = np.maximum(beyond - first, 0)
    of = np.repeat(np.arange(len(cuts)), cuts + 1)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(cuts + 1) - (cuts + 1), cuts + 1)
    before = np.maximum(first[of] + nth - 1, 0)
    here = np.minimum(first[of] + nth, len(runs.first) - 1)
    start = np.where(nth == 0, steps.start[of], runs.end[before])
    end = np.where(nth == cuts[of], steps.end[of], runs.start[here])
    kept = end - start > TOUCH_S
    of, start, end = of[kept], start[kept], end[kept]
    share = (end - start) / (steps.end - steps.start)[of]
    part = None if steps.part is None else steps.part[of]
    return Steps(start, end, steps.energy[of] * share, steps.kind[of], part)


def _part(steps: Steps) -> Ints:
    return np.zeros(len(steps.start), np.int64) if steps.part is None else steps.part


def _covering(steps: Steps) -> Steps:
    kept = ~(np.isnan(steps.energy) & (steps.end - steps.start > LONGEST_HOLE_S))
    if kept.all():
        return steps
    part = None if steps.part is None else steps.part[kept]
    return Steps(steps.start[kept], steps.end[kept], steps.energy[kept], steps.kind[kept], part)


@dataclass(frozen=True, slots=True)
class _Runs:
    """Stretches that are covered, of all streams one behind the other on one line of time.

    `first` and `last` are on that line, `start` and `end` are the times themselves.
    """

    first: Floats
    last: Floats
    start: Floats
    end: Floats

    @classmethod
    def of(cls, cover: Sequence[Steps], begins: float, apart_s: float) -> "_Runs":
        shift = np.concatenate([_part(each) for each in cover]) * apart_s - begins
        start = np.concatenate([each.start for each in cover])
        end = np.concatenate([each.end for each in cover])
        order = np.argsort(start + shift, kind="stable")
        first, start, end = (start + shift)[order], start[order], end[order]
        last = end + shift[order]
        highest = np.maximum.accumulate(last)
        whose = np.maximum.accumulate(np.where(last == highest, np.arange(len(last)), 0))
        begun = np.flatnonzero(np.append([True], first[1:] > highest[:-1] + TOUCH_S))
        ended = whose[np.append(begun[1:], len(last)) - 1]
        return cls(first[begun], last[ended], start[begun], end[ended])
