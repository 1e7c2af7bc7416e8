"""What `ohmstead show` asks for: the questions of the pages' API, answered in the same shapes.

*To add a question: a line in QUESTIONS of cli/show.py, and a function here.*
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from ohmstead.analytics.comparison import With
from ohmstead.analytics.spans import Span
from ohmstead.clock import Clock
from ohmstead.dashboard import energy as energy_routes
from ohmstead.dashboard import energy_shapes, ranges
from ohmstead.dashboard.asked import DAYS_MOST
from ohmstead.house.installation import Installation
from ohmstead.store.all_holes import AllHoles, all_holes
from ohmstead.store.answers import default_quantity
from ohmstead.store.balance import Balance, Balances
from ohmstead.store.breakdown import Breakdown, Breakdowns
from ohmstead.store.comparison import Comparison, Comparisons
from ohmstead.store.duration import Duration, Durations
from ohmstead.store.heat_maps import Matrices, Matrix
from ohmstead.store.meter_holes import Holes, MeterHoles
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.own_use import OwnUses, SiteOwnUse
from ohmstead.store.peaks import Clock as PeakClock
from ohmstead.store.peaks import PeakList, Peaks
from ohmstead.store.raw import Newest, Raw, Stretch
from ohmstead.store.series import Series, SeriesOf
from ohmstead.store.sites import Site, Sites

Fine = Literal["15min", "hour"]


@dataclass(frozen=True, slots=True)
class When:
    """The time that is asked for, as it was written; None where nothing was."""

    first: str | None
    last: str | None


class Show:
    """The questions over one installation; NotFound and BadInput say what is wrong."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._database = installation.database
        self._clock = clock

    async def latest(self, ids: Sequence[str], quantities: Sequence[str]) -> Newest:
        """The newest reading of some meters, or of all."""
        meters = Meters(self._database)
        found = [await meters.get(each) for each in ids] or await meters.all()
        return await Raw(self._database).latest(found, quantities)

    async def readings(self, id: str, when: When, quantities: Sequence[str], limit: int) -> Stretch:
        """Readings as they came."""
        meter = await self._meter(id)
        span = self._moments(when, meter.site)
        return await Raw(self._database).stretch(meter, *span, quantities, limit)

    async def series(
        self, id: str, when: When, quantities: Sequence[str], pixels: int, resolution: str
    ) -> Series:
        """Quantities over time, at most so many points."""
        meter = await self._meter(id)
        span = self._moments(when, meter.site)
        return await SeriesOf(self._database).of(
            meter, quantities, *span, self._clock.now(), pixels=pixels, resolution=resolution
        )

    async def energy(
        self, id: str, when: When, by: Span, quantity: str | None
    ) -> energy_shapes.Buckets:
        """Energy by bucket."""
        meter = await self._meter(id)
        asked = quantity or default_quantity(meter), by, *self._days(when, meter.site)
        return await energy_routes.in_buckets(self._database, meter, *asked, self._clock.now())

    async def balance(self, id: str, when: When, by: Span) -> Balance:
        """All that a meter counts."""
        meter = await self._meter(id)
        span = self._days(when, meter.site)
        return await Balances(self._database).of(meter, by, *span, self._clock.now())

    async def compare(
        self, id: str, when: When, by: Span, quantity: str | None, with_: With, weekdays: bool
    ) -> Comparison:
        """A period beside the same before."""
        meter = await self._meter(id)
        asked = quantity or default_quantity(meter), by, *self._days(when, meter.site)
        return await Comparisons(self._database).of(
            meter, *asked, self._clock.now(), with_=with_, weekdays=weekdays
        )

    async def peaks(
        self, id: str, when: When, window_min: int | None, kind: PeakClock, count: int
    ) -> Peaks:
        """The highest demands."""
        meter = await self._meter(id)
        zone = meter.site.zone
        begin, end = (
            datetime.combine(day, time.min, zone).astimezone(UTC)
            for day in self._days(when, meter.site)
        )
        return await PeakList(self._database).of(
            meter, begin, end, self._clock.now(), window_min, kind, count
        )

    async def duration(
        self, id: str, when: When, by: Fine, quantity: str | None, at_least: Sequence[float],
        points: int,
    ) -> Duration:  # fmt: skip
        """How long the power was how high."""
        meter = await self._meter(id)
        asked = quantity or default_quantity(meter), by, *self._days(when, meter.site)
        return await Durations(self._database).of(
            meter, *asked, self._clock.now(), at_least=at_least, points=points
        )

    async def heat_map(self, id: str, when: When, by: Fine, quantity: str | None) -> Matrix:
        """Energy by day and time of day."""
        meter = await self._meter(id)
        asked = quantity or default_quantity(meter), by, *self._days(when, meter.site)
        return await Matrices(self._database).of(meter, *asked, self._clock.now())

    async def holes(self, id: str, when: When) -> Holes:
        """When nothing was read."""
        meter = await self._meter(id)
        span = self._moments(when, meter.site)
        return await MeterHoles(self._database).of(meter, *span, self._clock.now())

    async def all_holes(self, when: When) -> AllHoles:
        """Whose readings are missing."""
        now = self._clock.now()
        span = ranges.moments(when.first, when.last, ZoneInfo("UTC"), now, most_days=DAYS_MOST)
        meters = await Meters(self._database).all()
        return await all_holes(self._database, meters, *span, now)

    async def breakdown(
        self, site: int, when: When, by: Span, type: str, quantity: str | None
    ) -> Breakdown:
        """Where a site's energy goes."""
        found, meters = await self._site(site)
        asked = type, quantity, by, *self._days(when, found)
        return await Breakdowns(self._database).of(found, meters, *asked, self._clock.now())

    async def self_consumption(self, site: int, when: When, by: Span) -> SiteOwnUse:
        """What a site uses of its own production."""
        found, meters = await self._site(site)
        span = self._days(when, found)
        return await OwnUses(self._database).of(found, meters, by, *span, self._clock.now())

    async def _meter(self, id: str) -> Meter:
        return await Meters(self._database).get(id)

    async def _site(self, id: int) -> tuple[Site, list[Meter]]:
        site = await Sites(self._database).get(id)
        meters = await Meters(self._database).all(site.organisation)
        return site, [each for each in meters if each.site.id == id]

    def _days(self, when: When, site: Site) -> tuple[date, date]:
        today = self._clock.now().astimezone(site.zone).date()
        return ranges.days(when.first, when.last, today, most=DAYS_MOST)

    def _moments(self, when: When, site: Site) -> tuple[datetime, datetime]:
        now = self._clock.now()
        return ranges.moments(when.first, when.last, site.zone, now, most_days=DAYS_MOST)
