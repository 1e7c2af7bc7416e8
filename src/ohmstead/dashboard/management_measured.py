"""The management API about what was measured: raw data, consumptions, costs."""

import re
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
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
from ohmstead.dashboard.management_words import SECURITY, Detail, Named, about, given, meter_of
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.proving import Asked
from ohmstead.errors import NotFound
from ohmstead.store.costs import Cost, Costs
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import Bucket
from ohmstead.store.energy_ways import IMPORT, KWH, VALUE
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.raw import Raw, Stretch

SPAN_MOST_DAYS = 90
ROWS_AT_ONCE = 5000
YEARS = (1990, 2199)
QUARTER_S = 900.0
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_DIGITS = re.compile(r"[0-9]{1,6}")

From = Annotated[
    str | None,
    QueryParameter(
        name="from",
        max_length=40,
        description="First day, DD/MM/YYYY, of the site; or a moment in UTC, 2018-01-31 13:00:00.",
    ),
]
To = Annotated[
    str | None,
    QueryParameter(
        name="to", max_length=40, description="Last day, which is included; or a moment in UTC."
    ),
]
Month = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        schema_extra={"pattern": "^(0?[1-9]|1[0-2])$"},
        description="Of the year, 1 to 12 or 01 to 12. Default: this one.",
    ),
]
Year = Annotated[
    str | None,
    QueryParameter(
        max_length=40,
        schema_extra={"pattern": "^(199[0-9]|20[0-9]{2}|21[0-9]{2})$"},
        description="Default: this one.",
    ),
]


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


def span(first: str, last: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """`from` and `to` as moments, the second exclusive; Misfit.

    >>> [f"{at:%d.%m. %H}" for at in span("01/07/2025", "01/07/2025", ZoneInfo("Europe/Zurich"))]
    ['30.06. 22', '01.07. 22']
    """
    start, _ = _moment("from", first, zone)
    begun, ended = _moment("to", last, zone)
    if begun < start or ended <= start:
        raise Misfit("to", f"{shown(last)} is not after from, {shown(first)}")
    if begun - start > timedelta(days=SPAN_MOST_DAYS, hours=1):
        raise Misfit("to", f"{shown(last)} is more than {SPAN_MOST_DAYS} days after from")
    return start, ended


def _moment(field: str, written: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When what was written begins and ends: a day of the zone, or one moment."""
    text = written.strip()
    try:
        if found := _DAY.fullmatch(text):
            day, month, year = map(int, found.groups())
            return _day(date(year, month, day), zone)
        if len(text) == len("2018-01-31") and "T" not in text:
            return _day(date.fromisoformat(text), zone)
        read = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Misfit(
            field, f"{shown(written)} is no time; it looks like 31/01/2018 or 2018-01-31 13:00:00"
        ) from None
    if not YEARS[0] <= read.year <= YEARS[1]:
        raise Misfit(field, f"{shown(written)} is not between the years {YEARS[0]} and {YEARS[1]}")
    at = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    return at, at


def _day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise ValueError(day)
    ends = (datetime.combine(each, time.min, zone) for each in (day, day + timedelta(days=1)))
    begin, end = (each.astimezone(UTC) for each in ends)
    return begin, end


def month_of(month: str | None, year: str | None, today: date) -> tuple[date, date]:
    """The first day of a month, and the day after its last, or after today; Misfit.

    >>> [f"{day}" for day in month_of("06", "2018", date(2018, 6, 2))]
    ['2018-06-01', '2018-06-03']
    """
    first = date(
        _number("year", year, *YEARS, today.year), _number("month", month, 1, 12, today.month), 1
    )
    following = (first + timedelta(days=32)).replace(day=1)
    return first, min(following, today + timedelta(days=1))


def _number(field: str, written: str | None, least: int, most: int, otherwise: int) -> int:
    """What is written, also with zeros before it, as clients write months."""
    if written is None:
        return otherwise
    text = written.strip()
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise Misfit(field, f"{shown(written)} is not a whole number from {least} to {most}")
    return int(text)


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
    """Energy of each day of a month, up to today, of the site's time; null where none is known."""
    meter = (await meter_of(id, user, parts, request)).meter
    now, zone = parts.clock.now(), meter.site.zone
    first, last = month_of(month, year, now.astimezone(zone).date())
    if first >= last:
        return []
    electric = meter.type == "electricity" or (meter.unit or "") in KWH
    quantity, energies = IMPORT if electric else VALUE, Energies(parts.database)
    unit = "Watt" if electric else meter.unit or ""
    factor = 1000 if electric else 1
    with about("month"):
        days = await energies.by(meter, quantity, "day", first, last, now)
        steps: list[Bucket] = []
        if detailed:
            size: Size = "15min" if meter.interval_s <= QUARTER_S else "hour"
            steps = await energies.by(meter, quantity, size, first, last, now)
    inside: dict[date, dict[str, float | None]] = {}
    for step in steps:
        local = step.start.astimezone(zone)
        _count(inside.setdefault(local.date(), {}), f"{local:%Hh%Mm}", step.energy)
    found = []
    for each in days:
        day = each.start.astimezone(zone).date()
        by_time = {at: _written(value, factor, unit) for at, value in inside.get(day, {}).items()}
        found.append(
            shapes.Consumption(
                date=day.isoformat(),
                weekday=WEEKDAYS[day.weekday()],
                total_consumption=_written(each.energy, factor, unit),
                consumption_by_time=by_time if detailed else None,
            )
        )
    return found


def _count(into: dict[str, Any], at: str, value: Any) -> None:
    """The hour that a clock shows twice in autumn is one of both."""
    before = into.get(at)
    into[at] = value if before is None else before if value is None else before + value


def _written(value: float | None, factor: int, unit: str) -> str | None:
    """An amount as the clients read it: digits without an exponent, and a word.

    >>> _written(300.5, 1000, "Watt"), _written(1.02403, 1000, "Watt"), _written(None, 1, "m3")
    ('300500.0 Watt', '1024.03 Watt', None)
    """
    if value is None:
        return None
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
    """What each day of a month cost with its tariff, tax included, without charges for peaks."""
    meter = (await meter_of(id, user, parts, request)).meter
    now, zone = parts.clock.now(), meter.site.zone
    first, last = month_of(month, year, now.astimezone(zone).date())
    if first >= last:
        return []
    asked = Costs(parts.database)
    steps: list[Cost] = []
    try:
        with about("month"):
            days = await asked.by(meter, "day", first, last, now)
            steps = await asked.by(meter, "15min", first, last, now) if detailed else []
    except NotFound:  # no tariff on any of the days
        known = (first + timedelta(days=n) for n in range((last - first).days))
        return [_cost(day, None, {} if detailed else None) for day in known]
    inside: dict[date, dict[str, Decimal | None]] = {}
    for step in steps:
        local = step.start.astimezone(zone)
        _count(inside.setdefault(local.date(), {}), f"{local:%Hh%Mm}", step.gross)
    word = next((each.currency for each in days if each.currency), "")
    return [
        _cost(
            day,
            _money(each.gross, word),
            _moneys(inside.get(day, {}).items(), word) if detailed else None,
        )
        for each in days
        for day in (each.start.astimezone(zone).date(),)
    ]


def _cost(day: date, total: str | None, by_time: Mapping[str, str | None] | None) -> shapes.Cost:
    return shapes.Cost(
        date=day.isoformat(),
        weekday=WEEKDAYS[day.weekday()],
        total_cost=total,
        cost_by_time=None if by_time is None else dict(by_time),
    )


def _moneys(found: Iterable[tuple[str, Decimal | None]], word: str) -> dict[str, str | None]:
    return {at: _money(value, word) for at, value in found}


def _money(value: Decimal | None, currency: str) -> str | None:
    """Money with two digits at least and six at most.

    >>> _money(Decimal("1.2"), "EUR"), _money(Decimal("0.00123456789"), "CHF")
    ('1.20 EUR', '0.001235 CHF')
    """
    if value is None:
        return None
    whole, _, rest = f"{value:.6f}".partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2} {currency}".strip()


ROUTES = [raw_data, consumptions, costs]
