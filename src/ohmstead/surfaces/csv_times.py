"""Times as tables write them: which way it is, found out or told."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from ohmstead.errors import BadInput
from ohmstead.surfaces.imports import shown

Parsed = Callable[[str], datetime]
DATES = {
    "day first": (
        *("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y"),
        *("%d-%b-%Y", "%d %b %Y", "%d-%b-%y"),
    ),
    "month first": ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"),
    "year first": ("%Y/%m/%d", "%Y.%m.%d"),
}
CLOCKS = (
    *(" %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p"),
    *(", %H:%M:%S", ", %I:%M:%S %p", " %H", ""),
)
ORDERS = {
    date + clock: order for order, dates in DATES.items() for date in dates for clock in CLOCKS
}
"""Ways of strptime, and what comes first in them."""
COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
SECONDS, MILLISECONDS = (9, 10), 13
"""Digits of a time in seconds or milliseconds since 1970, from 1973 on."""
FINER = {16: 1_000_000, 19: 1_000_000_000}
"""Digits of a time in microseconds or nanoseconds, and how many are a second."""
LABELS = {"UTC": 0, "GMT": 0, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2}
"""Names of zones behind a time, each of which is always so many hours before UTC."""
PROBE = datetime(2024, 2, 29, 13, 30, tzinfo=UTC)
_SPACES = {0xA0: " ", 0x202F: " "}
"""Some programs keep AM and PM apart by them."""
_MIDNIGHT = re.compile(r"(?<!\d)24(:00){1,2}(?!\d)|(?<=\d )24$")


def told(form: str) -> Parsed:
    """Times as `form` says (strptime), or `iso`, `epoch`, `epoch-ms`, `digits`; BadInput."""
    ways = {"epoch": _epoch, "epoch-ms": _epoch_ms, "iso": _iso, "digits": _digits}
    if form in ways:
        return _plainly(ways[form])
    try:
        probe = datetime.strptime(PROBE.strftime(form), form)  # noqa: DTZ007  (the table's zone)
    except (ValueError, re.error) as trouble:
        raise BadInput(f"--time-format {form!r} is not understood: {trouble}") from None
    if probe.year != 2024:
        raise BadInput(f"--time-format {form!r} says no year; it looks like %d.%m.%Y %H:%M")
    return _plainly(_with(form))


def forms(cells: Sequence[str]) -> list[str]:
    """The ways in which most of these times are written, as `told` takes them; the likeliest first.

    >>> forms(["01/02/2025 00:15"]), forms(["2025-01-31"]), forms(["noon"])
    (['%d/%m/%Y %H:%M', '%m/%d/%Y %H:%M'], ['iso'], [])
    """
    asked = [cell for cell in cells if cell]
    counted = {form: sum(_reads(way, cell) for cell in asked) for form, way in WAYS.items()}
    most = max(counted.values())
    return [form for form, count in counted.items() if count == most > 0]


def found(cells: Sequence[str]) -> Parsed:
    """The way in which these times are written; BadInput where there is none, or more than one."""
    asked = [cell for cell in cells if cell]
    best = forms(asked)
    if not best:
        what = shown(asked[0]) if asked else "nothing"
        raise BadInput(f"the times look like {what}: say how with --time-format, as %d.%m.%Y %H:%M")
    if is_either(best):
        raise BadInput(
            f"the times look like {shown(asked[0])}, and either day or month may be first: "
            "say --time-format, %d/%m/%Y %H:%M or %m/%d/%Y %H:%M"
        )
    return told(best[0])


def is_either(best: Sequence[str]) -> bool:
    """Whether day or month may be first in all of these."""
    return best[0] in ORDERS and len({ORDERS.get(form) for form in best}) > 1


def _reads(way: Parsed, cell: str) -> bool:
    try:
        way(cell)
    except (ValueError, OverflowError):
        return False
    return True


def _with(form: str) -> Parsed:
    return lambda text: _strptime(text, form)


def _strptime(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  (the zone is the table's)
    except ValueError:
        raise ValueError(f"the time {shown(text)} does not look like {form}") from None


def _iso(text: str) -> datetime:
    """ISO 8601, or the same with a space; eight digits alone are a day of another way."""
    if text.isdigit():
        raise ValueError(f"the time {shown(text)} does not look like 2025-03-30 02:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the time {shown(text)} does not look like 2025-03-30 02:00") from None


def _digits(text: str) -> datetime:
    """Digits alone: 20250330, 202503300215, or seconds or milliseconds since 1970."""
    if not (text.isascii() and text.replace(".", "", 1).isdigit()):
        raise ValueError(f"the time {shown(text)} is not of digits")
    size = len(text.partition(".")[0])
    if size in SECONDS:
        return _epoch(text)
    if size == MILLISECONDS:
        return _epoch_ms(text)
    if size in FINER:
        return _epoch(str(int(text.partition(".")[0]) / FINER[size]))
    if size in COMPACT:
        return _strptime(text, COMPACT[size])
    raise ValueError(f"the time {shown(text)} is not of digits that are known")


def _epoch(text: str) -> datetime:
    return datetime.fromtimestamp(_seconds(text), UTC)


def _epoch_ms(text: str) -> datetime:
    return datetime.fromtimestamp(_seconds(text) / 1000, UTC)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"the time {shown(text)} is not a number of seconds") from None


def _plainly(way: Parsed) -> Parsed:
    """The same; 24:00 is the end of its day, spaces are spaces, and `CEST` behind is a zone."""

    def parsed(text: str) -> datetime:
        plain = text.translate(_SPACES)
        begin, _, label = plain.rpartition(" ")
        zone = LABELS.get(label.upper())
        if zone is not None:
            plain = begin
        midnight = _MIDNIGHT.search(plain)
        if midnight:
            plain = _MIDNIGHT.sub(lambda clock: "00" + clock[0][2:], plain)
        found = way(plain) + timedelta(days=1 if midnight else 0)
        if zone is None or found.tzinfo is not None:
            return found
        return found.replace(tzinfo=timezone(timedelta(hours=zone)))

    return parsed


WAYS: Mapping[str, Parsed] = {
    "iso": _plainly(_iso),
    "digits": _plainly(_digits),
    **{form: _plainly(_with(form)) for form in ORDERS},
}
"""What is tried, by how it is said."""
