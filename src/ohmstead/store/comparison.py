"""Energy of a period beside that of the same period before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from ohmstead.analytics.comparison import With, before, is_by_date, matched
from ohmstead.analytics.spans import Span
from ohmstead.store.answers import share, total
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import Columns, plain
from ohmstead.store.energy_ways import unit_of
from ohmstead.store.meters import Meter


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two periods, days `first` to before `last`; null where nothing is known."""

    first: date
    last: date
    start: Sequence[float | None]
    end: Sequence[float | None]
    energy: Sequence[float | None]
    completeness: Sequence[float | None]
    total: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Bucket by bucket: `before[i]` is what `current[i]` is compared with.

    The `compared` buckets are those that are over and known on both sides; `current_total` and
    `before_total` are sums of these, `difference` is the first less the second, and
    `difference_percent` what that is of the second.
    """

    meter: str
    quantity: str
    timezone: str
    unit: str
    resolution: str
    source: str
    current: Side
    before: Side
    compared: int
    current_total: float | None
    before_total: float | None
    difference: float | None
    difference_percent: float | None


class Comparisons:
    """Comparisons, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)

    async def of(
        self,
        meter: Meter,
        quantity: str,
        span: Span,
        first: date,
        last: date,
        now: datetime,
        *,
        with_: With = "previous",
        weekdays: bool = False,
    ) -> Comparison:
        """Days `first` to before `last` beside those before; BadInput.

        Weeks are compared with weeks: with `span` week, `weekdays` is as if it were said.
        """
        weekdays = weekdays or span == "week"
        by_date = is_by_date(first, last, with_, weekdays=weekdays)
        days = before(first, last, with_, weekdays=weekdays)
        ours = await self._energies.columns(meter, quantity, span, first, last, now)
        theirs = await self._energies.columns(meter, quantity, span, *days, now)
        starts = ours.start.tolist(), theirs.start.tolist()
        order = matched(*starts, span, meter.site.zone, by_date=by_date)
        current = _side(ours, (first, last), range(len(ours.start)))
        earlier = _side(theirs, days, order)
        over = (ours.end <= now.timestamp()).tolist()
        pairs = [
            (a, b)
            for a, b, done in zip(current.energy, earlier.energy, over, strict=True)
            if done and a is not None and b is not None
        ]
        one, other = total([a for a, _ in pairs]), total([b for _, b in pairs])
        difference = None if one is None or other is None else round(one - other, 9)
        ratio = share(difference, None if other is None else abs(other))
        return Comparison(
            meter=meter.id,
            quantity=quantity,
            timezone=meter.site.timezone,
            unit=unit_of(meter, quantity),
            resolution=span,
            source=ours.source,
            current=current,
            before=earlier,
            compared=len(pairs),
            current_total=one,
            before_total=other,
            difference=difference,
            difference_percent=None if ratio is None else round(100 * ratio, 4),
        )


def _side(found: Columns, days: tuple[date, date], order: Sequence[int | None]) -> Side:
    """The columns in the order of our own buckets; the total is of the whole period."""

    def ordered(values: Sequence[float | None]) -> list[float | None]:
        return [None if n is None else values[n] for n in order]

    return Side(
        first=days[0],
        last=days[1],
        start=ordered(found.start.tolist()),
        end=ordered(found.end.tolist()),
        energy=ordered(plain(found.energy)),
        completeness=ordered(found.completeness.tolist()),
        total=None if np.isnan(found.energy).all() else round(float(np.nansum(found.energy)), 9),
    )
