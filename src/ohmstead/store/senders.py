"""How well what is sent fits what a meter was registered as: counts, strange fields, its pace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ohmstead.store.database import Database
from ohmstead.store.meters import Meter
from ohmstead.store.readings import GAP

LOOKED_AT = 21
"""Readings of which the pace is the median."""
LEAST = 5
"""So many at least, before anything is said about the pace."""
INTERVALS_S = (
    *(1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800),
    *(3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400),
)
"""Intervals that meters have."""
NEAR = 0.8
PACES = """
    SELECT s.stream, count(*) AS steps,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY s.step_s) AS pace_s
    FROM (
        SELECT a.stream, EXTRACT(EPOCH FROM a.at - lead(a.at)
               OVER (PARTITION BY a.stream ORDER BY a.at DESC))::float8 AS step_s
        FROM unnest(%s::int4[]) AS w (stream)
        CROSS JOIN LATERAL (SELECT r.stream, r.at FROM readings r WHERE r.stream = w.stream
                            ORDER BY r.at DESC LIMIT %s) AS a
    ) AS s WHERE s.step_s IS NOT NULL GROUP BY s.stream
"""
FIELDS = """
    SELECT stream, array_agg(field ORDER BY field) AS fields FROM unknown_fields
    WHERE stream = ANY(%s) GROUP BY stream
"""
DISCARDED = "SELECT stream, late, duplicate FROM counters WHERE stream = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Sending:
    """What is known of what is sent as one meter.

    `late` counts readings older than the newest before them (packets are then discarded),
    `duplicate` those of a moment that was there; `pace_s` is the usual time between two of the last
    ones, None where there are too few; `unknown_fields` are those of packets that nobody knows.
    """

    late: int = 0
    duplicate: int = 0
    pace_s: float | None = None
    unknown_fields: tuple[str, ...] = ()

    def suggested_s(self, interval_s: float) -> float | None:
        """The interval to set, where readings come too slowly for `interval_s`; else None."""
        if self.pace_s is None or self.pace_s <= GAP * interval_s:
            return None
        return next((s for s in INTERVALS_S if s >= NEAR * self.pace_s), INTERVALS_S[-1])

    def warnings(self, meter: Meter) -> list[str]:
        """What is to be put right, one sentence each; empty when all is well."""
        found = []
        better_s = self.suggested_s(meter.interval_s)
        if better_s is not None and self.pace_s is not None:
            found.append(
                f"readings come about every {duration(self.pace_s)}, and every "
                f"{duration(meter.interval_s)} they are expected, so that there are holes; set it: "
                f"`ohmstead admin meter set {meter.id} --interval {duration(better_s)}`"
            )
        if self.unknown_fields:
            found.append(f"packets have fields nobody knows: {', '.join(self.unknown_fields)}")
        return found


class Senders:
    """Questions about what is sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, streams: Sequence[int]) -> Mapping[int, Sending]:
        """What is known of each of `streams`."""
        wanted = list(streams)
        paces = {
            row["stream"]: row["pace_s"]
            for row in await self._database.rows(PACES, (wanted, LOOKED_AT))
            if row["steps"] >= LEAST - 1
        }
        fields = {
            row["stream"]: tuple(row["fields"])
            for row in await self._database.rows(FIELDS, (wanted,))
        }
        counts = {row["stream"]: row for row in await self._database.rows(DISCARDED, (wanted,))}
        return {
            stream: Sending(
                late=counts[stream]["late"] if stream in counts else 0,
                duplicate=counts[stream]["duplicate"] if stream in counts else 0,
                pace_s=paces.get(stream),
                unknown_fields=fields.get(stream, ()),
            )
            for stream in wanted
        }


def duration(seconds: float) -> str:
    """Seconds as options write them.

    >>> duration(900), duration(3600), duration(90), duration(2.5)
    ('15m', '1h', '90s', '2.5s')
    """
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
