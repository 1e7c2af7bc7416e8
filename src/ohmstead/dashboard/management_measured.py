"""The management API about what was measured: raw data, consumptions, costs."""

from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from ohmstead.analytics.energy_calendar import Size
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_rows import DataType, kind_of, rows
from ohmstead.dashboard.management_time import From, Month, To, Year, month_of, span
from ohmstead.dashboard.management_words import SECURITY, Detail, Named, about, given, meter_of
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.costs import Cost, Costs
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import Bucket
from ohmstead.store.energy_ways import IMPORT, KWH, VALUE
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.raw import Raw, Stretch

Amount = TypeVar("Amount", float, Decimal)

ROWS_AT_ONCE = 1000
QUARTER_S = 900.0
ONE_DAY = timedelta(days=1)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@get(
    ["/api/v1/meters/{id:str}/raw_data", "/api/v1/appliances/{id:str}/raw_data"],
    media_type="application/json",
    responses={
        **answers(400, 401, 404, 503),
        200: ResponseSpec(
            list[shapes.RawRow],
            description="Each reading, the oldest first.",
            generate_examples=False,
        ),
    },
    security=SECURITY,
    summary="What a meter said",
)
async def raw_data(
    request: Asked,
    id: Named,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: From = None,
    last: To = None,
    data_type: Annotated[
        str | None,
        QueryParameter(max_length=40, description="active_power unless said."),
    ] = None,
    show_phases: Annotated[bool, QueryParameter(description="With the phases of each.")] = False,
) -> Stream:
    """The readings of a meter, of up to 90 days, one row each, with times in UTC."""
    meter = (await meter_of(id, user, parts, request)).meter
    name, of = kind_of(data_type, meter)
    start, end = span(given(first, "from"), given(last, "to"), meter.site.zone)
    found = Raw(parts.database)
    begun = await found.stretch(meter, start, end, of.quantities, ROWS_AT_ONCE)
    pieces = _pieces(found, meter, begun, end, name, of, show_phases)
    return Stream(pieces, media_type="application/json")


async def _pieces(
    raw: Raw,
    meter: Meter,
    page: Stretch,
    end: datetime,
    name: str,
    of: DataType,
    phases: bool,
) -> AsyncIterator[bytes]:
    """A JSON list, as many readings at a time as memory should hold."""
    between = b"["
    while True:
        columns = {each.quantity: each.values for each in page.columns}
        written = map(
            msgspec.json.encode, rows(page.at, columns, name, of, meter.unit or "", phases)
        )
        if piece := b",".join(written):
            yield between + piece
            between = b","
        if page.next is None:
            break
        page = await raw.stretch(meter, page.next, end, of.quantities, ROWS_AT_ONCE)
    yield b"[]" if between == b"[" else b"]"


@get(
    ["/api/v1/meters/{id:str}/consumptions", "/api/v1/appliances/{id:str}/consumptions"],
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="What was used, day by day",
)
async def consumptions(
    request: Asked,
    id: Named,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    month: Month = None,
    year: Year = None,
    detailed: Detail = False,
) -> list[shapes.Consumption]:
    """Energy of each day of a month of which any is known, up to today, of the site's time."""
    meter = (await meter_of(id, user, parts, request)).meter
    now, zone = parts.clock.now(), meter.site.zone
    first, last = month_of(month, year, now.astimezone(zone).date())
    if first >= last:
        return []
    electric = meter.type == "electricity" or (meter.unit or "") in KWH
    quantity, energies = IMPORT if electric else VALUE, Energies(parts.database)
    unit, factor = ("Watt", 1000) if electric else (meter.unit or "", 1)
    with about("month"):
        days = await energies.by(meter, quantity, "day", first, last, now)
        steps: list[Bucket] = []
        if detailed:
            steps = await energies.by(meter, quantity, _step(meter), first, last, now)
    inside = _by_time(((each.start, each.energy) for each in steps), zone)
    found = []
    for each in days:
        if each.energy is None:
            continue
        day = each.start.astimezone(zone).date()
        by_time = {at: _written(of, factor, unit) for at, of in inside.get(day, {}).items()}
        found.append(
            shapes.Consumption(
                date=day.isoformat(),
                weekday=WEEKDAYS[day.weekday()],
                total_consumption=_written(each.energy, factor, unit),
                consumption_by_time=by_time if detailed else None,
            )
        )
    return found


def _step(meter: Meter) -> Size:
    """How long the steps of a day are: no shorter than the meter can say."""
    return "15min" if meter.interval_s <= QUARTER_S else "hour"


def _by_time(
    steps: Iterable[tuple[datetime, Amount | None]], zone: ZoneInfo
) -> dict[date, dict[str, Amount]]:
    """What is known of each day, by the time that the clock shows.

    The hour that it shows twice in autumn is one of both.
    """
    found: dict[date, dict[str, Amount]] = {}
    for start, amount in steps:
        if amount is not None:
            local = start.astimezone(zone)
            day, at = found.setdefault(local.date(), {}), f"{local:%Hh%Mm}"
            day[at] = day[at] + amount if at in day else amount
    return found


def _written(value: float, factor: int, unit: str) -> str:
    """An amount as the clients read it: digits without an exponent, and a word.

    >>> _written(300.5, 1000, "Watt"), _written(1.02403, 1000, "Watt"), _written(0, 1, "m3")
    ('300500.0 Watt', '1024.03 Watt', '0.0 m3')
    """
    digits = f"{value * factor:.6f}".rstrip("0")
    return f"{digits}{'0' if digits.endswith('.') else ''} {unit}".strip()


@get(
    ["/api/v1/meters/{id:str}/costs", "/api/v1/appliances/{id:str}/costs"],
    responses=answers(400, 401, 404, 409, 503),
    security=SECURITY,
    summary="What it cost, day by day",
)
async def costs(
    request: Asked,
    id: Named,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    month: Month = None,
    year: Year = None,
    detailed: Detail = False,
) -> list[shapes.Cost]:
    """What each day of a month that has a tariff cost, tax included, without charges for peaks."""
    meter = (await meter_of(id, user, parts, request)).meter
    now, zone = parts.clock.now(), meter.site.zone
    first, last = month_of(month, year, now.astimezone(zone).date())
    if first >= last:
        return []
    days = await _costs(parts, meter, "day", first, last)
    steps = await _costs(parts, meter, _step(meter), first, last) if detailed else []
    inside = _by_time(((each.start, each.gross) for each in steps), zone)
    found = []
    for each in days:
        if each.gross is None:
            continue
        day, word = each.start.astimezone(zone).date(), each.currency or ""
        by_time = {at: _money(of, word) for at, of in inside.get(day, {}).items()}
        found.append(
            shapes.Cost(
                date=day.isoformat(),
                weekday=WEEKDAYS[day.weekday()],
                total_cost=_money(each.gross, word),
                cost_by_time=by_time if detailed else None,
            )
        )
    return found


async def _costs(parts: Parts, meter: Meter, size: Size, first: date, last: date) -> list[Cost]:
    """What the days cost that have a tariff; each alone where they are of two currencies.

    Conflict where the tariff does not go with the meter, which whoever asks cannot change.
    """
    asked, now = Costs(parts.database), parts.clock.now()
    try:
        return await asked.by(meter, size, first, last, now)
    except NotFound:  # no tariff on any of the days
        return []
    except BadInput as trouble:
        raise Conflict(str(trouble)) from trouble
    except Conflict:
        if last - first <= ONE_DAY:
            raise
    found = []
    while first < last:
        found += await _costs(parts, meter, size, first, first + ONE_DAY)
        first += ONE_DAY
    return found


def _money(value: Decimal, currency: str) -> str:
    """Money with two digits at least and six at most.

    >>> _money(Decimal("1.2"), "EUR"), _money(Decimal("0.00123456789"), "CHF")
    ('1.20 EUR', '0.001235 CHF')
    """
    whole, _, rest = f"{value:.6f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2} {currency}".strip()


ROUTES = [raw_data, consumptions, costs]
