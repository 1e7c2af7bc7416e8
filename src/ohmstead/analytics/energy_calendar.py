"""Where buckets of time begin: quarters of an hour in UTC, hours, days and months as clocks show.

All of it is in epoch seconds.  The clocks of every zone stand off UTC by whole quarters of an hour.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

QUARTER_S = 900
Size = Literal["15min", "hour", "day", "month"]
SIZES: tuple[Size, ...] = ("15min", "hour", "day", "month")


def edges(size: Size, first_s: float, last_s: float, zone: ZoneInfo) -> list[int]:
    """The edges of the buckets that hold everything from `first_s` to `last_s`, ascending.

    >>> len(edges("hour", 1743289200, 1743289200 + 23 * 3600, ZoneInfo("Europe/Zurich"))) - 1
    23
    """
    if size == "15min":
        return list(
            range(floor_quarter(first_s), floor_quarter(last_s + 899.999999) + 1, QUARTER_S)
        )
    begin = _begin(size, datetime.fromtimestamp(first_s, zone))
    found: list[int] = []
    for edge in _following(size, begin, zone):
        found.append(edge)
        if edge >= last_s and len(found) > 1:
            break
    while len(found) > 2 and found[1] <= first_s:
        del found[0]
    return found


def floor_quarter(at_s: float) -> int:
    """The start of the quarter of an hour that `at_s` is in."""
    return int(at_s // QUARTER_S) * QUARTER_S


def midnight_s(day: date, zone: ZoneInfo) -> int:
    """When `day` begins."""
    local = datetime.combine(day, time.min, zone)
    return int(local.astimezone(UTC).timestamp())


def _begin(size: Size, local: datetime) -> date:
    return local.date().replace(day=1) if size == "month" else local.date()


def _following(size: Size, begin: date, zone: ZoneInfo) -> Iterator[int]:
    """Every edge from `begin` on, without end."""
    for day, after in pairwise(_dates(size, begin)):
        if size == "hour":
            yield from _hours(midnight_s(day, zone), midnight_s(after, zone), zone)
        else:
            yield midnight_s(day, zone)


def _dates(size: Size, begin: date) -> Iterator[date]:
    while True:
        yield begin
        begin += timedelta(days=1)
        if size == "month":
            begin = (begin + timedelta(days=31)).replace(day=1)


def _hours(start_s: int, end_s: int, zone: ZoneInfo) -> Iterator[int]:
    """Where the hours of a day begin: when the clock shows :00, and when it is changed."""
    if offset_s(start_s, zone) == offset_s(end_s, zone) and end_s - start_s == 86_400:
        yield from range(start_s, end_s, 3600)
        return
    before = offset_s(start_s, zone)
    for at_s in range(start_s, end_s, QUARTER_S):
        now = offset_s(at_s, zone)
        if at_s == start_s or now != before or (at_s + now) % 3600 == 0:
            yield at_s
        before = now


def offset_s(at_s: float, zone: ZoneInfo) -> int:
    """How far the zone's clocks are ahead of UTC."""
    offset = datetime.fromtimestamp(at_s, zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
