"""What a meter sent, interval by interval: packets that came faster put together, holes as holes.

A packet of the time t belongs to the interval that ends at t or next after it; intervals are
counted from midnight UTC of 1970.  Each packet stays stored as it came.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_MEDIUM, BY_OBIS, Kind
from ohmstead.store import columns
from ohmstead.store.database import Database, listed
from ohmstead.store.meters import Meter

MOST = 10_000
VALUE = "value"
RULES: Mapping[str, str] = MappingProxyType(
    {
        "mean": "avg({c})",
        "last": "(array_agg({c} ORDER BY at DESC) FILTER (WHERE {c} IS NOT NULL))[1]",
        "sum": "sum({c})",
        "max": "max({c})",
    }
)
"""How the numbers of one interval become one."""
SAID = "SELECT {counts} FROM readings WHERE stream = %s AND at > %s AND at <= %s"
PUT_TOGETHER = """
    SELECT date_bin(%(step)s, at - interval '1 microsecond', 'epoch') AS start,
           count(*) AS packets, {made}
    FROM readings WHERE stream = %(stream)s AND at > %(first)s AND at <= %(last)s
    GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity: key of the catalogue or `value`, its rule, and a number an interval or None."""

    key: str
    unit: str
    rule: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Intervals:
    """`start` are the beginnings (aware, UTC), `packets` how many came in each: 0 is a hole."""

    interval_s: float
    start: Sequence[datetime]
    packets: Sequence[int]
    quantities: Sequence[Quantity]


def rule_of(meter: Meter, key: str) -> str:
    """Mean of what is momentary, last of a counter, sum of interval energy, highest of a demand."""
    kind = BY_MEDIUM[meter.type].reading if key == VALUE else BY_OBIS[key].kind
    if kind is Kind.COUNTER:
        return "sum" if meter.reading == "interval" else "last"
    return "max" if kind is Kind.DEMAND else "mean"


async def intervals(database: Database, meter: Meter, first: datetime, last: datetime) -> Intervals:
    """The intervals from that in which `first` lies to that which ends at `last` or after it.

    BadInput for more than `MOST` of them.
    """
    step_s = meter.interval_s
    begin, end = math.floor(first.timestamp() / step_s), math.ceil(last.timestamp() / step_s)
    if end - begin > MOST:
        raise BadInput(
            f"to: that would be {end - begin} intervals of {step_s:g} s; ask for {MOST} at most"
        )
    start = [datetime.fromtimestamp(n * step_s, UTC) for n in range(begin, max(end, begin))]
    if not start:
        return Intervals(step_s, [], [], [])
    step = timedelta(seconds=step_s)
    span = start[0], start[-1] + step
    every = {VALUE: VALUE, **columns.VALUES}
    counts = listed(f"count({column}) AS {column}" for column in every.values())
    said = await database.one(SAID.format(counts=counts), (meter.stream, *span)) or {}
    keys = [key for key, column in every.items() if said.get(column)]
    made = [f"{RULES[rule_of(meter, key)].format(c=every[key])} AS {every[key]}" for key in keys]
    found = await database.rows(
        PUT_TOGETHER.format(made=listed(made) or "NULL AS nothing"),
        {"step": step, "stream": meter.stream, "first": span[0], "last": span[1]},
    )
    rows = {round(row["start"].timestamp() / step_s) - begin: row for row in found}
    return Intervals(
        step_s,
        start,
        [rows[n]["packets"] if n in rows else 0 for n in range(len(start))],
        [
            Quantity(
                key,
                (meter.unit if key == VALUE else BY_OBIS[key].unit) or "",
                rule_of(meter, key),
                [rows[n][every[key]] if n in rows else None for n in range(len(start))],
            )
            for key in keys
        ],
    )
