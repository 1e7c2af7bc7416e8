"""Green Button files, read: one usage point's intervals out of an Atom feed of ESPI.

Source: NAESB REQ.21 (ESPI) 3.3, espi.xsd.  The feed is followed twice, first for what kinds of
readings it has, then for the intervals, so that it is never whole in memory.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue, units
from ohmstead.surfaces.green_button_feed import Feed, Interval, Kind, Parser
from ohmstead.surfaces.imports import Imported, Item, Target, Unread, shown

MERGED_MOST = 4_000_000
TENS_MOST = 12
UNITS = {31: "J", 38: "W", 42: "m3", 61: "VA", 63: "var", 72: "Wh", 73: "varh", 119: "ft3"}
"""UnitSymbolKind."""
ENERGY_OF = {
    72: {0: "1.8", 1: "1.8", 19: "2.8"},
    73: {0: "3.8", 1: "3.8", 19: "4.8", 15: "5.8", 16: "6.8", 17: "7.8", 18: "8.8"},
}
POWER_OF = {
    38: {0: "1.7", 1: "1.7", 19: "2.7"},
    63: {0: "3.7", 1: "3.7", 19: "4.7"},
    61: {0: "9.7"},
}
"""uom -> FlowDirectionKind -> the first two groups of the OBIS code."""
PHASES = {128: 20, 129: 20, 64: 40, 65: 40, 32: 60, 33: 60}
"""PhaseCode of one phase -> what is added to C; the others are of all together."""
COUNTERS, DELTA = {1, 2, 3, 9}, 4
"""AccumulationKind: bulk quantity, continuous cumulative, cumulative, summation; delta data."""
CUBIC_FOOT_M3 = 0.028316846592


def read(
    pieces: Iterable[bytes], feed: Feed, point: str | None, unit: str | None
) -> Iterator[Item]:
    """Every reading of a usage point; BadInput when it is not said which.

    `unit` is that of a meter's value, None of an electric one.  Kinds that come at the same time
    (import and export) become one reading.
    """
    wanted = _wanted(feed, point)
    several = len(feed.kinds) > 1
    said: list[Item] = []

    def found(interval: Interval, of: str, kind: Kind | None) -> None:
        if of == wanted:
            said.append(_reading(interval, kind, unit))

    parser = Parser(
        Feed(titles=feed.titles, kinds=dict(feed.kinds), of_reading=feed.of_reading), found
    )
    merged: dict[tuple[datetime, float | None], Imported] = {}
    for piece in pieces:
        if piece:
            parser.feed(piece)
        for item in said:
            if several and isinstance(item, Imported):
                _merge(item, merged)
            else:
                yield item
        said.clear()
    yield from sorted(merged.values(), key=lambda each: each.at)


def _wanted(feed: Feed, point: str | None) -> str:
    if point is None and len(feed.points) > 1:
        names = ", ".join(f"{id} ({title})" if title else id for id, title in feed.points.items())
        raise BadInput(f"the file has several usage points: take one with --usage-point: {names}")
    if point is None:
        return next(iter(feed.points))
    for id, title in feed.points.items():
        if point in (id, title):
            return id
    raise BadInput(
        f"the file has no usage point {shown(point)}; it has {', '.join(map(shown, feed.points))}"
    )


def _merge(item: Imported, into: dict[tuple[datetime, float | None], Imported]) -> None:
    key = item.at, item.lasts_s
    other = into.get(key)
    if other is not None:
        values = {**item.values, **other.values}
        item = Imported(
            other.line,
            item.at,
            values,
            item.value if other.value is None else other.value,
            counter=item.counter if other.counter is None else other.counter,
            lasts_s=item.lasts_s,
        )
    into[key] = item
    if len(into) > MERGED_MOST:
        raise BadInput(f"more than {MERGED_MOST} intervals of several kinds; split the file")


def _reading(interval: Interval, kind: Kind | None, unit: str | None) -> Item:
    try:
        if kind is None:
            raise ValueError("it is of a block whose ReadingType is not known")
        return _read(interval, kind, unit)
    except (ValueError, BadInput) as trouble:
        return Unread(interval.line, str(trouble))


def _read(interval: Interval, kind: Kind, unit: str | None) -> Imported:
    start = _whole(interval.said, "start")
    duration = _whole(interval.said, "duration") if "duration" in interval.said else 0
    tens = kind.get("powerOfTenMultiplier")
    if abs(tens) > TENS_MOST:
        raise ValueError(f"powerOfTenMultiplier {tens} is not between -12 and 12")
    value = units.shifted(_whole(interval.said, "value"), tens)
    target, factor = _target(kind, unit)
    try:
        at = datetime.fromtimestamp(start + duration, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"its start {start} is not a time") from None
    power = ".7." in target.key
    behaviour = kind.get("accumulationBehaviour")
    counter = None if power else behaviour in COUNTERS
    if not power and behaviour not in COUNTERS and behaviour not in (0, DELTA):
        raise ValueError(f"accumulationBehaviour {behaviour} is neither delta data nor a counter")
    if counter is False and duration <= 0:
        raise ValueError("it has no duration")
    if target.counts and value < 0:
        raise ValueError(f"{target.key} cannot be negative ({interval.said['value']})")
    said = float(target.kept(value * factor if factor != 1.0 else value))
    values, other = ({target.key: said}, None) if target.key != "value" else ({}, said)
    lasts_s = float(duration) if counter is False else None
    return Imported(interval.line, at, values, other, counter=counter, lasts_s=lasts_s)


def _target(kind: Kind, unit: str | None) -> tuple[Target, float]:
    """What the values of this kind are, and a factor to their unit; ValueError."""
    uom = kind.get("uom")
    if uom not in UNITS:
        raise ValueError(f"uom {uom} is not read; Wh (72), varh (73), W (38), m3 (42) and ft3 are")
    if unit is not None:
        cubic = uom == 119
        return Target("value", "m3" if cubic else UNITS[uom], unit), CUBIC_FOOT_M3 if cubic else 1.0
    flow, tou = kind.get("flowDirection"), kind.get("tou")
    groups = {**ENERGY_OF, **POWER_OF}.get(uom, {}).get(flow)
    if groups is None:
        raise ValueError(f"flowDirection {flow} of uom {uom} is not kept: import and export are")
    if tou not in (0, 1, 2):
        raise ValueError(f"tariff (tou) {tou} is not kept: 1 and 2 are")
    c, d = groups.split(".")
    key = f"{int(c) + PHASES.get(kind.get('phase'), 0)}.{d}.{tou}"
    if key not in catalogue.BY_OBIS:
        raise ValueError(f"{key} is not a quantity of the catalogue")
    return Target(key, UNITS[uom]), 1.0


def _whole(said: Mapping[str, str], name: str) -> int:
    if name not in said:
        raise ValueError(f"it has no {name}")
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", said[name]):
        raise ValueError(f"its {name} {shown(said[name])} is not a whole number of 48 bits")
    return int(said[name])
