"""Lists of prices that change by the hour or quarter, read from CSV or handed in.

A price counts for whole quarters of an hour (UTC).  Where a list has a hole there is no price.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from zoneinfo import ZoneInfo

from ohmstead.analytics.energy_calendar import QUARTER_S
from ohmstead.errors import BadInput

STEPS_S = (900, 1800, 3600)
LONGEST_S = 31 * 86_400
ROWS_MOST = 500_000
DIGITS_MOST = 12
MOST = Decimal(10) ** 9
START = ("start", "timestamp", "time", "datetime", "date", "from", "begin", "at")
END = ("end", "to", "until", "end_time")
PRICE = ("price", "value", "amount", "cost")
YEARS = (1990, 2199)


@dataclass(frozen=True, slots=True)
class Price:
    """A price from `start` (epoch s), to before `end` where that is said."""

    start_s: int
    end_s: int | None
    price: Decimal


def of_csv(text: str, zone: ZoneInfo | None = None) -> list[Price]:
    """The prices of a CSV file: a start, maybe an end, and a price in each line.

    The first line may name the columns (`start`, `end`, `price` and other words for them); without
    it, they are start and price.  Cells are parted by comma, semicolon or tab; by the latter two,
    a decimal may have a comma.  A time without offset is one of `zone`'s clocks: the second of two
    that are the same is the later one.  BadInput names the line.
    """
    rows = list(_rows(text))
    if not rows:
        raise BadInput("the list of prices is empty")
    if len(rows) > ROWS_MOST:
        raise BadInput(f"the list has {len(rows)} prices; {ROWS_MOST} are taken at once")
    columns = _columns(rows[0][1])
    found: list[Price] = []
    for number, cells in rows[1:] if columns else rows:
        start, end, price = columns or (0, None, 1)
        try:
            if len(cells) <= max(start, end or 0, price):
                raise BadInput(f"{','.join(cells)!r} has not all of its cells")
            before = found[-1].start_s if found else None
            at_s = moment_s(cells[start], zone, before)
            said = cells[end].strip() if end is not None else ""
            end_s = _end_s(said, cells[start], at_s, zone) if said else None
            found.append(Price(at_s, end_s, decimal(cells[price])))
        except BadInput as trouble:
            raise BadInput(f"line {number}: {trouble}") from None
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    lines = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines()
    first = next((line for line in lines if line.strip()), "")
    mark = next((each for each in "\t;," if each in first), ",")
    reader = csv.reader(lines, delimiter=mark)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield (
                    reader.line_num,
                    cells if mark == "," else [each.replace(",", ".") for each in cells],
                )
    except csv.Error as trouble:
        raise BadInput(f"line {reader.line_num}: this is no CSV ({trouble})") from None


def _columns(cells: Sequence[str]) -> tuple[int, int | None, int] | None:
    """Where start, end and price are; None when the line names nothing, and is a price itself."""
    names = [cell.strip().lower().partition(" ")[0].partition("(")[0] for cell in cells]
    if any(any(c.isdigit() for c in cell) for cell in cells[:1]):
        return None
    places = []
    for what, words in (("start", START), ("end", END), ("price", PRICE)):
        place = next((n for word in words for n, name in enumerate(names) if name == word), None)
        if place is None and what != "end":
            raise BadInput(
                f"the first line names no column {what!r}; it has {', '.join(cells)!r}: "
                "name them start, end (where there is one) and price"
            )
        places.append(place)
    return places[0] or 0, places[1], places[2] or 0


def moment_s(written: str, zone: ZoneInfo | None, after_s: int | None = None) -> int:
    """The moment that `written` names (epoch s), the start of a quarter of an hour; BadInput."""
    try:
        read = datetime.fromisoformat(written.strip())
    except ValueError:
        raise BadInput(
            f"{written!r} is not a time; it looks like 2026-01-01T00:00:00+01:00"
        ) from None
    if read.tzinfo is None:
        if zone is None:
            raise BadInput(
                f"{written!r} does not say how far it is from UTC; write 2026-01-01T00:00:00+01:00,"
                " or say of which time zone the times are"
            )
        read = read.replace(tzinfo=zone)
        if read.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != read.replace(tzinfo=None):
            raise BadInput(f"{written!r} is not on the clocks of {zone.key}: they were put forward")
        if after_s is not None and read.timestamp() <= after_s:
            read = read.replace(fold=1)
    if not YEARS[0] <= read.year <= YEARS[1]:
        raise BadInput(f"{written!r} is not between the years {YEARS[0]} and {YEARS[1]}")
    at = read.timestamp()
    if at % QUARTER_S:
        raise BadInput(f"{written!r} is not the start of a quarter of an hour")
    return int(at)


def price_of(start: datetime, end: datetime | None, price: Decimal) -> Price:
    """A price that was handed in, checked; BadInput."""
    at = [_quarter_s(each) for each in (start, *([] if end is None else [end]))]
    return Price(at[0], at[1] if len(at) > 1 else None, sound(price))


def _quarter_s(at: datetime) -> int:
    if at.tzinfo is None:
        raise BadInput(f"{at.isoformat()} does not say how far it is from UTC")
    return moment_s(at.isoformat(), None)


def _end_s(written: str, start: str, start_s: int, zone: ZoneInfo | None) -> int:
    """Where the price from `start` ends.  The shorter way, where clocks are changed in between."""
    end_s = moment_s(written, zone, start_s)
    shown = [datetime.fromisoformat(each.strip()) for each in (start, written)]
    if shown[0].tzinfo is None and shown[1].tzinfo is None:
        end_s = min(end_s, start_s + int((shown[1] - shown[0]).total_seconds()))
    return end_s


def decimal(written: str) -> Decimal:
    """The price that `written` says; BadInput.

    >>> decimal("-0.0123")
    Decimal('-0.0123')
    """
    try:
        found = Decimal(written.strip())
    except InvalidOperation:
        raise BadInput(f"{written!r} is not a price; it looks like 0.1234") from None
    return sound(found)


def sound(price: Decimal) -> Decimal:
    """`price` if it can be one; BadInput."""
    if not price.is_finite() or abs(price) >= MOST:
        raise BadInput(f"{price} is not a price: it must be less than {MOST:.0f}")
    if int(price.as_tuple().exponent) < -DIGITS_MOST:
        raise BadInput(f"{price} has more than {DIGITS_MOST} digits behind the point")
    return price


def quarters(prices: Iterable[Price], step_s: int | None = None) -> dict[int, Decimal]:
    """Price by quarter of an hour (epoch s).

    A price without an end holds for `step_s`; where that is not given, for the step in which the
    starts follow each other.  BadInput when that cannot be told, or a time has two prices.
    """
    ordered = sorted(prices, key=lambda each: each.start_s)
    open_ended = [each.start_s for each in ordered if each.end_s is None]
    if step_s is None and open_ended:
        step_s = step_of(open_ended)
    found: dict[int, Decimal] = {}
    for each in ordered:
        end_s = each.start_s + (step_s or 0) if each.end_s is None else each.end_s
        if not each.start_s < end_s <= each.start_s + LONGEST_S or end_s % QUARTER_S:
            raise BadInput(
                f"the price from {_iso(each.start_s)} ends at {_iso(end_s)}: that is not a quarter "
                "of an hour, or some, later"
            )
        for at_s in range(each.start_s, end_s, QUARTER_S):
            if found.setdefault(at_s, each.price) != each.price:
                raise BadInput(f"{_iso(at_s)} has two prices, {found[at_s]} and {each.price}")
    return found


def step_of(starts: Sequence[int]) -> int:
    """How long each price holds, told from when they start: the shortest step between them.

    >>> step_of([0, 3600, 10800])
    3600
    """
    steps = Counter(b - a for a, b in pairwise(starts) if b > a)
    if not steps:
        return 3600
    shortest = min(steps)
    other = [each for each in STEPS_S if each > shortest and steps[each] * 10 > steps.total()]
    if shortest not in STEPS_S or other:
        said = ", ".join(f"{timedelta(seconds=each)}" for each in sorted(steps)[:4])
        raise BadInput(
            f"prices follow each other by {said}: how long each holds cannot be told; "
            "say the step, or give each an end"
        )
    return shortest


def _iso(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
