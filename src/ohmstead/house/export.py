"""What `ohmstead export` does: rows of what was measured, and the formats they are written in.

*To add a format: one line in FORMATS.*
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, TypeAlias

from ohmstead.analytics.energy_calendar import Size
from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.house.installation import Installation
from ohmstead.store.energy import Energies
from ohmstead.store.meters import Meters

Row: TypeAlias = Mapping[str, Any]
ENERGY = ("start", "end", "kwh", "estimated_kwh", "completeness")
YEARS = (1990, 2199)


async def energy(
    installation: Installation,
    clock: Clock,
    meter: str,
    quantity: str,
    first: date,
    last: date,
    by: Size,
) -> list[Row]:
    """Energy of a meter by buckets of its site's time; `last` is not part of it.

    Times are local, with their offset; completeness is in percent; None is what is not known.
    """
    found = await Meters(installation.database).get(meter)
    buckets = await Energies(installation.database).by(
        found, quantity, by, first, last, clock.now()
    )
    zone = found.site.zone
    return [
        {
            "start": each.start.astimezone(zone).isoformat(),
            "end": each.end.astimezone(zone).isoformat(),
            "kwh": each.energy,
            "estimated_kwh": each.estimated,
            "completeness": round(100 * each.completeness, 4),
        }
        for each in buckets
    ]


def as_json(columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    """An array of objects, one a line."""
    separator = "[\n"
    for row in rows:
        yield separator + json.dumps({name: row[name] for name in columns}, ensure_ascii=False)
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def as_csv(columns: Iterable[str], rows: Iterable[Row]) -> Iterator[str]:
    """Lines with a header; what is not known is empty.  Source: RFC 4180."""
    names = list(columns)
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in (names, *([row[name] for name in names] for row in rows)):
        writer.writerow(cells)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


FORMATS: Mapping[str, Callable[[Iterable[str], Iterable[Row]], Iterator[str]]] = MappingProxyType(
    {"csv": as_csv, "json": as_json}
)
"""Name of a format -> its text, piece by piece."""


def day(option: str, written: str) -> date:
    """The day that an option names; BadInput.

    >>> day("--from", "2025-07-01")
    datetime.date(2025, 7, 1)
    """
    try:
        read = datetime.strptime(written.strip(), "%Y-%m-%d").date()  # noqa: DTZ007  (a day has no zone)
    except ValueError:
        raise BadInput(f"{option} {written!r} is not a day; it looks like 2025-07-01") from None
    if not YEARS[0] <= read.year <= YEARS[1]:
        raise BadInput(f"{option} {written!r} is not between the years {YEARS[0]} and {YEARS[1]}")
    return read
