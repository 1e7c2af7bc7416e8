"""A zone's clock changes as one rule of 32 bits each way.

Source: NAESB REQ.21 (ESPI), espi.xsd, DstRuleType: bits 0-11 seconds of the hour, 12-16 hour,
17-19 day of the week (1 Monday), 20-24 day of the month (0 not applicable), 25-27 which one of that
weekday in the month (2 the first, 3 the second … 7 the last), 28-31 month; all ones is no rule.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

NO_RULE = 0xFFFF_FFFF
LAST = 7
WEEK = timedelta(days=7)
YEARS_ALIKE = 3
"""So many years in a row must follow the rule."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A zone's offset east of UTC in winter, what summer adds, and when it begins and ends."""

    standard_s: int
    dst_s: int
    start_rule: int
    end_rule: int


def local_time(zone: ZoneInfo, at: datetime) -> LocalTime:
    """How clocks of `zone` stand in the year of `at`; without a rule, the offset of `at`.

    >>> hex(local_time(ZoneInfo("Europe/Zurich"), datetime(2025, 7, 1, tzinfo=UTC)).start_rule)
    '0x3e0e2000'
    """
    local = at.astimezone(zone)
    years = [changes(zone, local.year + n) for n in range(YEARS_ALIKE)]
    rules = [_rules(year) for year in years]
    if rules[0] is None or any(each != rules[0] for each in rules):
        return LocalTime(_offset_s(local), 0, NO_RULE, NO_RULE)
    start, end = rules[0]
    summer = max(change[2] for change in years[0])
    standard = min(change[2] for change in years[0])
    return LocalTime(standard, summer - standard, start, end)


def changes(zone: ZoneInfo, year: int) -> list[tuple[datetime, int, int]]:
    """The changes of a year: local wall time before the change, offset before and after, s."""
    found = []
    at, end = (datetime(y, 1, 1, tzinfo=UTC) for y in (year, year + 1))
    before = _offset_s(at.astimezone(zone))
    while at < end:
        tomorrow = at + timedelta(days=1)
        behind = _offset_s(tomorrow.astimezone(zone))
        if behind != before:
            wall = _exact(zone, at, tomorrow).replace(tzinfo=None) + timedelta(seconds=before)
            found.append((wall, before, behind))
        at, before = tomorrow, behind
    return found


def _exact(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first second on the new offset."""
    old = _offset_s(low.astimezone(zone))
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset_s(middle.astimezone(zone)) == old:
            low = middle
        else:
            high = middle
    return high


def _rules(year: list[tuple[datetime, int, int]]) -> tuple[int, int] | None:
    """Start and end of summer as rules; None where a year has not one of each."""
    starts = [wall for wall, a, b in year if b > a]
    ends = [wall for wall, a, b in year if b < a]
    return (_rule(starts[0]), _rule(ends[0])) if len(starts) == len(ends) == 1 else None


def _rule(wall: datetime) -> int:
    """The weekday of a month at a wall time: the last one, or the nth.

    >>> hex(_rule(datetime(2025, 3, 9, 2)))
    '0x360e2000'
    """
    nth = (wall.day - 1) // 7 + 1
    last = (wall + WEEK).month != wall.month and nth >= 4
    return (
        (wall.minute * 60 + wall.second)
        | wall.hour << 12
        | wall.isoweekday() << 17
        | (LAST if last else nth + 1) << 25
        | wall.month << 28
    )


def _offset_s(local: datetime) -> int:
    return round((local.utcoffset() or timedelta(0)).total_seconds())
