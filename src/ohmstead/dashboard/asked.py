"""Parameters that many questions share: days, moments, quantities, and what is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeVar

from litestar.params import QueryParameter

from ohmstead.dashboard import ranges
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, shown
from ohmstead.errors import BadInput
from ohmstead.store.sites import Site

DAYS_MOST = 4000
"""Of energy: rollups are few."""
FirstDay = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date"},
        description="First day, of the site's time zone. Default: 14 days with today.",
    ),
]
LastDay = Annotated[
    str | None,
    QueryParameter(
        name="to",
        schema_extra={"format": "date"},
        description="Day after the last; it is not part of what is answered.",
    ),
]
FirstMoment = Annotated[
    str | None,
    QueryParameter(
        name="from",
        schema_extra={"format": "date-time"},
        description="Begin; without an offset it is local time of the site. Default: today's.",
    ),
]
LastMoment = Annotated[
    str | None,
    QueryParameter(
        name="to",
        schema_extra={"format": "date-time"},
        description="End, exclusive. Default: one day later.",
    ),
]
Quantity = Annotated[
    str | None,
    QueryParameter(
        max_length=20,
        description="OBIS code of a counter, 16.8.0 for net, value for what a meter of another "
        "kind counts. Default: 1.8.0 of electricity, else value.",
    ),
]
Quantities = Annotated[
    str | None,
    QueryParameter(
        max_length=400, description="OBIS codes with commas between them, as /api/catalogue has."
    ),
]
By = Annotated[
    str,
    QueryParameter(description="15min, hour, day, week (ISO), month, year or whole."),
]
Choice = TypeVar("Choice", bound=str)


def days(first: str | None, last: str | None, site: Site, parts: Parts) -> tuple[date, date]:
    """The days that are asked for; Misfit."""
    today = parts.clock.now().astimezone(site.zone).date()
    return ranges.days(first, last, today, most=DAYS_MOST)


def day_moments(
    first: str | None, last: str | None, site: Site, parts: Parts
) -> tuple[datetime, datetime]:
    """When the days that are asked for begin and end; Misfit."""
    begin, end = (
        datetime.combine(day, time.min, site.zone).astimezone(UTC)
        for day in days(first, last, site, parts)
    )
    return begin, end


def moments(
    first: str | None, last: str | None, site: Site, parts: Parts
) -> tuple[datetime, datetime]:
    """The moments that are asked for; Misfit."""
    return ranges.moments(first, last, site.zone, parts.clock.now(), most_days=DAYS_MOST)


def one_of(field: str, written: str, choices: tuple[Choice, ...]) -> Choice:
    """The one of `choices` that is meant; Misfit."""
    for each in choices:
        if each == written:
            return each
    raise Misfit(field, f"{shown(written)} is not one of {', '.join(choices)}")


def several(written: str | None) -> list[str]:
    """What stands between commas."""
    return [each.strip() for each in (written or "").split(",") if each.strip()]


@contextmanager
def blamed(field: str) -> Iterator[None]:
    """What the store refuses is about this parameter."""
    try:
        yield
    except Misfit:
        raise
    except BadInput as trouble:
        raise Misfit(field, str(trouble)) from None
