"""Parameters that many questions share: days, moments, quantities, and what is wrong with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeVar
from urllib.parse import unquote_plus

from litestar.params import QueryParameter

from ohmstead.dashboard import ranges
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, shown
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.managed_meters import Which
from ohmstead.store.meters import Meter
from ohmstead.store.people import User
from ohmstead.store.sites import Site

LISTED_MOST = 1000
"""How often a parameter may be repeated."""
LISTS = "Several: repeat the parameter, or write commas between them, or both."
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
    list[str] | None,
    QueryParameter(
        max_items=LISTED_MOST,
        description=f"OBIS codes, as /api/catalogue has. {LISTS}",
    ),
]
Meters = Annotated[
    list[str] | None,
    QueryParameter(
        max_items=LISTED_MOST,
        description=f"Ids of meters; a comma within one is written %2C. {LISTS} Default: all.",
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


def several(written: Sequence[str] | None) -> list[str]:
    """What a list says, each once: the parameter repeated, commas within, or both.

    >>> several(["1.8.0, 2.8.0", "16.8.0", "2.8.0"])
    ['1.8.0', '2.8.0', '16.8.0']
    """
    parts = (part.strip() for each in written or () for part in each.split(","))
    return list(dict.fromkeys(filter(None, parts)))


def ids_in(query: bytes) -> list[str]:
    """The ids in `meters=A,B`: split first and decoded then, since an id may have a comma.

    >>> ids_in(b"x=1&meters=a%2Cb,c+d")
    ['a,b', 'c d']
    """
    written = [part[7:] for part in query.decode("latin-1").split("&") if part[:7] == "meters="]
    return [unquote_plus(each) for part in written for each in part.split(",") if each]


async def meters_named(
    ids: Sequence[str] | None, user: User, parts: Parts, most: int
) -> list[Meter]:
    """The meters with these ids (of `ids_in`), or all that the user sees; Misfit, NotFound.

    Misfit where they are more than `most`.
    """
    each = None if ids is None else [*ids, *(part for id in ids for part in id.split(","))]
    found = await parts.managed.seen(user, Which(ids=each), limit=most + 1)
    return _chosen({one.meter.id: one.meter for one in found}, ids, most)


def _chosen(seen: dict[str, Meter], ids: Sequence[str] | None, most: int) -> list[Meter]:
    wanted = list(seen)
    if ids is not None:  # some programs write the commas between ids percent-encoded too
        parts = (each for id in ids for each in ([id] if id in seen else id.split(",")))
        wanted = list(dict.fromkeys(filter(None, parts)))
    if ids is not None and not wanted:
        raise Misfit("meters", "name at least one meter, or leave it out for all")
    if len(wanted) > most:
        raise Misfit("meters", f"{len(wanted)} meters are more than {most}")
    missing = next((id for id in wanted if id not in seen), None)
    if missing is not None:
        raise NotFound(f"there is no meter {shown(missing)}, or it is not yours to see")
    return [seen[id] for id in wanted]


@contextmanager
def blamed(field: str) -> Iterator[None]:
    """What the store refuses is about this parameter."""
    try:
        yield
    except Misfit:
        raise
    except BadInput as trouble:
        raise Misfit(field, str(trouble)) from None
