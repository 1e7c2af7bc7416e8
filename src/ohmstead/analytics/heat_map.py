"""A heat map: one row a local day, one column a time of the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_MIN = 1440


@dataclass(frozen=True, slots=True)
class HeatMap:
    """`values[d][c]` of day `days[d]` at `columns[c]`, None where there is nothing.

    The columns are the times of a plain day.  A time that clocks show twice is, the second time,
    in a column of its own at the end; a time that they leave out is None.
    """

    days: Sequence[date]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]


def heat_map(
    starts: Sequence[float], values: Sequence[float | None], minutes: int, zone: ZoneInfo
) -> HeatMap:
    """The matrix of buckets of `minutes` that begin at `starts` (epoch seconds, ascending)."""
    places = [_place(start, minutes, zone) for start in starts]
    repeated = sorted({(column, label) for _, column, label, again in places if again})
    plain = [label_of(minutes * n) for n in range(DAY_MIN // minutes)]
    extra = {label: len(plain) + n for n, (_, label) in enumerate(repeated)}
    first, last = places[0][0], places[-1][0]
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    width = len(plain) + len(extra)
    table: list[list[float | None]] = [[None] * width for _ in days]
    for (day, column, label, again), value in zip(places, values, strict=True):
        row, where = table[(day - first).days], extra[label] if again else column
        known = row[where]
        row[where] = value if known is None else known + (value or 0.0)
    return HeatMap(days, [*plain, *(f"{label} again" for _, label in repeated)], table)


def _place(start: float, minutes: int, zone: ZoneInfo) -> tuple[date, int, str, bool]:
    """The day of a bucket, its column, what the clock shows, and whether it shows it again."""
    local = datetime.fromtimestamp(start, UTC).astimezone(zone)
    minute = 60 * local.hour + local.minute
    return local.date(), minute // minutes, label_of(minute), bool(local.fold)


def label_of(minute: int) -> str:
    """The time of the clock so many minutes after midnight.

    >>> label_of(135)
    '02:15'
    """
    return f"{minute // 60:02}:{minute % 60:02}"
