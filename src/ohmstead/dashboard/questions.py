"""Questions about one meter, each a route that answers in columns.  docs/questions.md has them."""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ohmstead.analytics.comparison import WITH
from ohmstead.analytics.spans import SPANS, Span
from ohmstead.dashboard import asked
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.store import balance as balances
from ohmstead.store import comparison as comparisons
from ohmstead.store import duration as durations
from ohmstead.store import heat_maps, raw
from ohmstead.store import meter_holes as holes_of
from ohmstead.store import peaks as peak_lists
from ohmstead.store import series as series_of
from ohmstead.store.answers import default_quantity
from ohmstead.store.people import User

FINE: tuple[Span, ...] = ("15min", "hour")
WINDOWS = tuple(str(each) for each in peak_lists.WINDOWS)
TROUBLE = answers(400, 401, 404, 503)
Fine = Annotated[str, QueryParameter(description="15min or hour.")]


@get(
    "/api/meters/{id:str}/readings",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="Readings as they came",
)
async def readings(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: asked.LastMoment = None,
    quantities: asked.Quantities = None,
    limit: Annotated[
        int, QueryParameter(ge=1, le=raw.ROWS_MOST, description="How many at most.")
    ] = 1000,
) -> raw.Stretch:
    """Readings in columns, the oldest first; `next` is the `from` of the next page."""
    found = await visible(id, user, parts)
    span = asked.moments(first, last, found.site, parts)
    with asked.blamed("quantities"):
        return await raw.Raw(parts.database).stretch(found, *span, asked.several(quantities), limit)


@get(
    "/api/meters/{id:str}/series",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="Quantities over time",
)
async def series(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: asked.LastMoment = None,
    quantities: asked.Quantities = None,
    pixels: Annotated[
        int,
        QueryParameter(
            ge=1, le=series_of.PIXELS_MOST, description="How many points there is room for."
        ),
    ] = 800,
    resolution: Annotated[
        str, QueryParameter(description=f"One of {', '.join(series_of.RESOLUTIONS)}.")
    ] = "auto",
) -> series_of.Series:
    """One or several quantities at a resolution that fits the pixels."""
    found = await visible(id, user, parts)
    span = asked.moments(first, last, found.site, parts)
    asked.one_of("resolution", resolution, series_of.RESOLUTIONS)
    with asked.blamed("quantities"):
        return await series_of.SeriesOf(parts.database).of(
            found,
            asked.several(quantities),
            *span,
            parts.clock.now(),
            pixels=pixels,
            resolution=resolution,
        )


@get(
    "/api/meters/{id:str}/balance",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="All that a meter counts",
)
async def balance(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: asked.By = "day",
) -> balances.Balance:
    """Import, export, net, reactive by quadrant, tariffs, phases and their sums, by bucket."""
    found = await visible(id, user, parts)
    span = asked.days(first, last, found.site, parts)
    size = asked.one_of("by", by, SPANS)
    with asked.blamed("to"):
        return await balances.Balances(parts.database).of(found, size, *span, parts.clock.now())


@get(
    "/api/meters/{id:str}/comparison",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="Energy beside that of the period before",
)
async def comparison(  # noqa: PLR0913, PLR0917  (each is a parameter of the query)
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: asked.By = "day",
    quantity: asked.Quantity = None,
    with_: Annotated[
        str, QueryParameter(name="with", description="previous (period) or year (ago).")
    ] = "previous",
    weekdays: Annotated[
        bool, QueryParameter(description="Move by whole weeks: a Monday beside a Monday.")
    ] = False,
) -> comparisons.Comparison:
    """A period and the same before, bucket by bucket."""
    found = await visible(id, user, parts)
    span = asked.days(first, last, found.site, parts)
    size = asked.one_of("by", by, SPANS)
    other = asked.one_of("with", with_, WITH)
    with asked.blamed("quantity"):
        return await comparisons.Comparisons(parts.database).of(
            found,
            quantity or default_quantity(found),
            size,
            *span,
            parts.clock.now(),
            with_=other,
            weekdays=weekdays,
        )


@get(
    "/api/meters/{id:str}/peaks",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="The highest demands",
)
async def peaks(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    window: Annotated[
        int | None,
        QueryParameter(description="Minutes: 15, 30 or 60. Default: the shortest that is known."),
    ] = None,
    kind: Annotated[
        str, QueryParameter(description="clock (local :00, :15, :30, :45) or sliding.")
    ] = "clock",
    count: Annotated[
        int, QueryParameter(ge=1, le=peak_lists.PEAKS_MOST, description="How many at most.")
    ] = 10,
) -> peak_lists.Peaks:
    """The highest mean powers of 15, 30 or 60 minutes, and when they were."""
    found = await visible(id, user, parts)
    span = asked.day_moments(first, last, found.site, parts)
    if window is not None:
        asked.one_of("window", str(window), WINDOWS)
    way = asked.one_of("kind", kind, peak_lists.CLOCKS)
    with asked.blamed("window"):
        peak_lists.window_of(found, window)
    with asked.blamed("kind"):
        return await peak_lists.PeakList(parts.database).of(
            found, *span, parts.clock.now(), window, way, count
        )


@get(
    "/api/meters/{id:str}/load-duration",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="How long the power was how high",
)
async def load_duration(  # noqa: PLR0913, PLR0917  (each is a parameter of the query)
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: Fine = "15min",
    quantity: asked.Quantity = None,
    at_least: Annotated[
        list[str] | None,
        QueryParameter(
            max_items=100,
            description=f"Powers: for how many hours each was reached. {asked.LISTS}",
        ),
    ] = None,
    points: Annotated[
        int, QueryParameter(ge=2, le=50_000, description="How many points at most, about.")
    ] = 500,
) -> durations.Duration:
    """Load duration, percentiles and base load, of mean powers of quarters of an hour or hours."""
    found = await visible(id, user, parts)
    span = asked.days(first, last, found.site, parts)
    size = "hour" if asked.one_of("by", by, FINE) == "hour" else "15min"
    powers = [_power(each) for each in asked.several(at_least)]
    with asked.blamed("quantity"):
        return await durations.Durations(parts.database).of(
            found,
            quantity or default_quantity(found),
            "hour" if size == "hour" else "15min",
            *span,
            parts.clock.now(),
            at_least=powers,
            points=points,
        )


@get(
    "/api/meters/{id:str}/heat-map",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="Energy by day and time of day",
)
async def heat_map(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: Fine = "hour",
    quantity: asked.Quantity = None,
) -> heat_maps.Matrix:
    """A matrix: a row a local day, a column a time of the clock; hours shown twice come last."""
    found = await visible(id, user, parts)
    span = asked.days(first, last, found.site, parts)
    size = asked.one_of("by", by, FINE)
    with asked.blamed("quantity"):
        return await heat_maps.Matrices(parts.database).of(
            found,
            quantity or default_quantity(found),
            "hour" if size == "hour" else "15min",
            *span,
            parts.clock.now(),
        )


@get(
    "/api/meters/{id:str}/holes",
    responses=TROUBLE,
    security=SIGNED_IN,
    summary="When nothing was read",
)
async def holes(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstMoment = None,
    last: asked.LastMoment = None,
) -> holes_of.Holes:
    """The holes of a meter, the one that still lasts included."""
    found = await visible(id, user, parts)
    span = asked.moments(first, last, found.site, parts)
    return await holes_of.MeterHoles(parts.database).of(found, *span, parts.clock.now())


def _power(written: str) -> float:
    try:
        power = float(written)
    except ValueError:
        power = float("nan")
    if not abs(power) < float("inf"):
        raise Misfit("at_least", f"{shown(written)} is not a power; it looks like 2.5")
    return power


ROUTES = [readings, series, balance, comparison, peaks, load_duration, heat_map, holes]
"""What the API answers about one meter."""
