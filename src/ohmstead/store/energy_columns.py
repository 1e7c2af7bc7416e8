"""Energy in columns: many buckets at once, as the rollups have them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from ohmstead.analytics.energy import Floats, Ints
from ohmstead.store.energy_ways import Way

DIGITS = 9
"""Behind the point: a thousandth of a milliwatt-hour, below which there is only noise of sums."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Energy from `start` to `end` (aware, UTC): None where nothing is known of it.

    `estimated` is what of `energy` lay across a hole, or was made of power; `completeness` is the
    share (0 to 1) of the time, up to now, in which the meter was read as often as it should be.
    """

    start: datetime
    end: datetime
    energy: float | None
    estimated: float | None
    completeness: float


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Energy in buckets that follow each other: arrays of one length.

    `start` and `end` in epoch seconds; `energy` and `estimated` NaN where nothing is known;
    `completeness` 0 to 1.  `source` is which buckets it was summed of: 15min, hour, day or month.
    """

    start: Ints
    end: Ints
    energy: Floats
    estimated: Floats
    completeness: Floats
    source: str

    def less(self, other: "Columns") -> "Columns":
        """This less another; NaN where neither is known."""
        none = np.isnan(self.energy) & np.isnan(other.energy)
        difference = np.nan_to_num(self.energy) - np.nan_to_num(other.energy)
        guessed = np.nan_to_num(self.estimated) - np.nan_to_num(other.estimated)
        return replace(
            self,
            energy=np.where(none, np.nan, np.round(difference, DIGITS)),
            estimated=np.where(none, np.nan, np.round(guessed, DIGITS)),
        )

    def buckets(self) -> list[Bucket]:
        """The same, one object a bucket."""
        moments = [moment(at_s) for at_s in (*self.start[:1].tolist(), *self.end.tolist())]
        rows = zip(
            moments[:-1],
            moments[1:],
            plain(self.energy),
            plain(self.estimated),
            self.completeness.tolist(),
            strict=True,
        )
        return [Bucket(*row) for row in rows]


def columns_of(buckets: Iterable[Bucket], source: str = "15min") -> Columns:
    """Columns of buckets that follow each other."""
    known = list(buckets)

    def floats(values: Iterable[float | None]) -> Floats:
        return np.array(list(values), dtype=np.float64)

    return Columns(
        start=np.array([round(each.start.timestamp()) for each in known], dtype=np.int64),
        end=np.array([round(each.end.timestamp()) for each in known], dtype=np.int64),
        energy=floats(each.energy for each in known),
        estimated=floats(each.estimated for each in known),
        completeness=floats(each.completeness for each in known),
        source=source,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of the rollups: arrays of one length, in no order.

    `at` in epoch seconds; `said` [n, columns] NaN where a row does not say one.
    """

    stream: Ints
    at: Floats
    part: Ints
    covered_s: Floats
    said: Floats


def summed(
    rows: Rows, streams: Sequence[int], way: Way, bounds: Sequence[int], now_s: float, source: str
) -> dict[int, Columns]:
    """The buckets between `bounds` of each of `streams`; what no row of one says is NaN in it."""
    edges = np.array(bounds, dtype=np.int64)
    count, order = len(edges) - 1, np.array(sorted(streams))
    known = ~np.isnan(rows.said).all(axis=1)
    amount = np.nansum(rows.said, axis=1) * way.factor
    place = np.searchsorted(order, rows.stream) * count
    place += np.searchsorted(edges, rows.at, side="right") - 1

    def total(which: npt.NDArray[np.bool_], amounts: Floats) -> Floats:
        size = len(order) * count
        found = np.bincount(place[which], weights=amounts[which], minlength=size)
        return found.astype(np.float64).reshape(len(order), count)

    def said(which: npt.NDArray[np.bool_]) -> Floats:
        some = total(which, np.ones(len(place))) > 0
        return np.where(some, np.round(total(which, amount), DIGITS), np.nan)

    whole = said(known & (rows.part == 0))
    across = total(known & (rows.part == 1), amount)
    if way.guessed is not None:
        guessed = rows.said[:, way.columns.index(way.guessed)] * way.factor
        across = across + total((rows.part == 0) & ~np.isnan(guessed), guessed)
    seen = total(rows.part == 0, np.nan_to_num(rows.covered_s))
    elapsed = np.minimum(edges[1:], now_s) - edges[:-1]
    share = np.where(elapsed > 0, seen / np.where(elapsed > 0, elapsed, 1.0), 0.0)
    share = np.minimum(share, 1.0).round(6).astype(np.float64)
    estimated = np.where(np.isnan(whole), np.nan, np.round(across, DIGITS))
    return {
        stream: Columns(edges[:-1], edges[1:], whole[n], estimated[n], share[n], source)
        for n, stream in enumerate(order.tolist())
    }


def plain(values: Floats) -> list[float | None]:
    """As lists have them: None where nothing is known."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124  (NaN)


def moment(at_s: float) -> datetime:
    """The moment of epoch seconds."""
    return datetime.fromtimestamp(at_s, UTC)
