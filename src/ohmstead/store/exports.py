"""Exports: energy and readings of any length, page by page.

A page is one short question, so that an export that takes an hour holds no connection and no
snapshot meanwhile.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from ohmstead.analytics.energy_calendar import Size, midnight_s
from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.catalogue import BY_OBIS
from ohmstead.reading.reading import Identity
from ohmstead.store import columns
from ohmstead.store.database import Database, listed
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import Bucket
from ohmstead.store.energy_ways import ways
from ohmstead.store.export_archive import ArchivedReadings
from ohmstead.store.export_meters import can_count, can_say, uncounted
from ohmstead.store.meters import Meter
from ohmstead.store.readings import GAP, Readings
from ohmstead.surfaces.table import Cell, Column, Kind, Page, Row, Sheet, Subject

PAGE_ROWS = 2000
REACH_LEAST_S = 60.0
"""How old the counter at an edge may be, at least."""
PAGE = """
    SELECT at, {listed} FROM readings
    WHERE stream = %(stream)s AND at >= %(first)s AND at < %(last)s AND at > %(after)s
    ORDER BY at LIMIT %(rows)s
"""
SAID = """
    SELECT {asked} FROM readings
    WHERE stream = %(stream)s AND at >= %(first)s AND at < %(last)s
"""
AT_EDGES = """
    SELECT edge, (
        SELECT {column} FROM readings
        WHERE stream = %(stream)s AND {column} IS NOT NULL
            AND at <= edge AND at > edge - %(reach)s::interval
        ORDER BY at DESC LIMIT 1) AS counter
    FROM unnest(%(edges)s::timestamptz[]) AS edge ORDER BY edge
"""
METER = Column("meter", Kind.TEXT, None, "Id of the meter")
MOMENTS = (
    Column("at", Kind.LOCAL, None, "When the reading arrived, local time of the site"),
    Column("at_utc", Kind.UTC, None, "The same in UTC"),
    Column("received_at_utc", Kind.UTC, None, "When it was stored"),
    Column("meter_at_utc", Kind.UTC, None, "What the meter's own clock said"),
    Column("number", Kind.INTEGER, None, "Number of the report"),
    Column("tariff", Kind.INTEGER, None, "Tariff in force"),
    Column("meter_mark", Kind.INTEGER, None, "A number that stands for the meter's serial number"),
    Column("value", Kind.NUMBER, None, "Value of a meter that is not electric, in value_unit"),
    Column("value_unit", Kind.TEXT, None, "Unit of value"),
)
_FIXED = ("received_at", "meter_at", "number", "tariff", "meter_crc", "value")
START = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EnergyAsked:
    """Which energy: days of each meter's site, `last` not among them.

    `named` puts the meter before each row; `bare` leaves the times in UTC out; `counters` adds what
    the counter said at both ends.
    """

    meters: Sequence[Meter]
    quantity: str
    by: Size
    first: date
    last: date
    named: bool = False
    bare: bool = False
    counters: bool = False

    @property
    def columns(self) -> list[Column]:
        """The columns of its rows."""
        unit = "kvarh" if self.quantity.split(".")[0] in "345678" else "kWh"
        found = [METER] if self.named else []
        found += [
            Column("start", Kind.LOCAL, None, "Begin, local time of the site"),
            Column("end", Kind.LOCAL, None, "End, local time of the site"),
            Column("kwh", Kind.NUMBER, unit, "Energy; empty where nothing is known"),
            Column("estimated_kwh", Kind.NUMBER, unit, "What of it lay across holes"),
            Column("completeness", Kind.NUMBER, "%", "Share of the time that was measured"),
        ]
        if not self.bare:
            found += [
                Column("start_utc", Kind.UTC, None, "Begin in UTC"),
                Column("end_utc", Kind.UTC, None, "End in UTC"),
            ]
        if self.counters:
            found += [
                Column("counter_start", Kind.NUMBER, unit, "What the counter said at the begin"),
                Column("counter_end", Kind.NUMBER, unit, "What the counter said at the end"),
            ]
        return found

    def check(self) -> None:
        """BadInput when these days or this quantity cannot be answered."""
        if self.first >= self.last:
            raise BadInput(
                f"{self.first} is not before {self.last}: the last day is not part of what is asked"
            )
        for meter in self.meters:
            can_count(meter, self.quantity)
        missing = [uncounted(meter, self.quantity) for meter in self.meters]
        if self.counters and missing and all(missing):
            raise BadInput(f"{missing[0]}: leave --counters out")

    def sheet(self, now: datetime) -> Sheet:
        """What a format is told before the first row."""
        return Sheet(
            title=f"Energy {self.quantity} by {self.by}",
            columns=self.columns,
            made_at=now,
            bucket=self.by,
            quantity=self.quantity,
            notes={"from": f"{self.first}", "to": f"{self.last}", "quantity": self.quantity},
        )


@dataclass(frozen=True, slots=True)
class ReadingsAsked:
    """Which readings: from `first` to before `last`, moments or days of each meter's site.

    `quantities` are catalogue keys; none means those that were ever said in that time.
    """

    meters: Sequence[Meter]
    first: datetime | date
    last: datetime | date
    quantities: Sequence[str] = field(default=())

    def check(self) -> None:
        """BadInput when one of the meters has no readings of its own."""
        for meter in self.meters:
            can_say(meter)

    def span(self, meter: Meter) -> tuple[datetime, datetime]:
        """The moments for one meter; BadInput when they are not in order."""
        first, last = _moment(self.first, meter), _moment(self.last, meter)
        if first >= last:
            raise BadInput(
                f"{self.first} is not before {self.last}: the last is not part of what is asked"
            )
        return first, last


def sheet_of_readings(asked: ReadingsAsked, chosen: Sequence[Column], now: datetime) -> Sheet:
    """What a format is told before the first reading."""
    notes = {"from": f"{asked.first}", "to": f"{asked.last}"}
    return Sheet(title="Readings", columns=chosen, made_at=now, notes=notes)


class Exports:
    """What was measured, for files; `archive` is where archived months are, where not as usual."""

    def __init__(self, database: Database, archive: Path | None = None) -> None:
        self._database = database
        self._energies = Energies(database)
        self._archived = ArchivedReadings(database, archive)

    async def energy(self, asked: EnergyAsked, now: datetime) -> AsyncIterator[Page]:
        """Rows of energy, a month of a meter at a time (of months, a year); BadInput."""
        asked.check()
        subjects = await self._subjects(asked.meters)
        whole = len(subjects) * (asked.last - asked.first).days
        done = 0
        for meter, subject in zip(asked.meters, subjects, strict=True):
            for first, last in stretches(asked.by, asked.first, asked.last):
                found = await self._energies.by(meter, asked.quantity, asked.by, first, last, now)
                counters = await self._counters(meter, asked, found)
                done += (last - first).days
                rows = [
                    _row(asked, subject, each, counters.get(each.start), counters.get(each.end))
                    for each in found
                ]
                yield Page(subject, rows, done / whole)

    async def columns(self, asked: ReadingsAsked) -> list[Column]:
        """The columns of readings: the moments, and each quantity that is asked for or was said."""
        asked.check()
        if asked.quantities:
            keys = list(dict.fromkeys(map(_known, asked.quantities)))
            chosen = [columns.VALUES[key] for key in keys]
        else:
            said: set[str] = set()
            for meter in asked.meters:
                span = asked.span(meter)
                said |= await self._said(meter, *span)
                for gone in await self._archived.of(meter, *span):
                    said |= await self._archived.said(meter, gone)
            chosen = [column for column in columns.VALUES.values() if column in said]
        return [METER, *MOMENTS, *map(_described, chosen)]

    async def readings(self, asked: ReadingsAsked, chosen: Sequence[Column]) -> AsyncIterator[Page]:
        """Every reading with the columns of `columns`, meter by meter, in order of time."""
        names = [each.name for each in chosen[1 + len(MOMENTS) :]]
        question = PAGE.format(listed=listed((*_FIXED, *names)))
        subjects = await self._subjects(asked.meters)
        for n, (meter, subject) in enumerate(zip(asked.meters, subjects, strict=True)):
            first, last = asked.span(meter)
            async for rows in self._rows(question, meter, first, last, names):
                share = (rows[-1][0] - first) / (last - first)
                said = [_reading(subject, meter, row) for row in rows]
                yield Page(subject, said, (n + share) / len(subjects))
            yield Page(subject, [], (n + 1) / len(subjects))

    async def _rows(
        self, question: str, meter: Meter, first: datetime, last: datetime, names: Sequence[str]
    ) -> AsyncIterator[list[tuple[Cell, ...]]]:
        """What is stored, and what is archived of the same time."""
        at = first
        for gone in await self._archived.of(meter, first, last):
            async for rows in self._stored(question, meter, at, gone.first):
                yield rows
            left = [
                row
                async for rows in self._stored(question, meter, gone.first, gone.last)
                for row in rows
            ]
            async for rows in self._archived.rows(meter, gone, (*_FIXED, *names), left):
                yield rows
            at = gone.last
        async for rows in self._stored(question, meter, at, last):
            yield rows

    async def _stored(
        self, question: str, meter: Meter, first: datetime, last: datetime
    ) -> AsyncIterator[list[tuple[Cell, ...]]]:
        after: datetime | None = START
        while after is not None:
            rows = await self._page(question, meter, first, last, after)
            after = rows[-1][0] if len(rows) == PAGE_ROWS else None
            if rows:
                yield rows

    async def _page(
        self, question: str, meter: Meter, first: datetime, last: datetime, after: datetime
    ) -> list[tuple[Cell, ...]]:
        parameters = {
            "stream": meter.stream,
            "first": first,
            "last": last,
            "after": after,
            "rows": PAGE_ROWS,
        }
        async with self._database.transaction() as connection:
            found = await connection.execute(question.encode(), parameters)
            return await found.fetchall()

    async def _said(self, meter: Meter, first: datetime, last: datetime) -> set[str]:
        """The columns of which anything is stored."""
        asked = ", ".join(f"count({column}) AS {column}" for column in columns.VALUES.values())
        row = await self._database.one(
            SAID.format(asked=asked), {"stream": meter.stream, "first": first, "last": last}
        )
        return {column for column, count in (row or {}).items() if count}

    async def _counters(
        self, meter: Meter, asked: EnergyAsked, found: Sequence[Bucket]
    ) -> dict[datetime, float | None]:
        """What the counter said at each edge: the newest reading that is not of a hole before."""
        if not asked.counters or not found or uncounted(meter, asked.quantity):
            return {}
        edges = [found[0].start, *(each.end for each in found)]
        rows = await self._database.rows(
            AT_EDGES.format(column=ways(meter, asked.quantity)[0].columns[0]),
            {
                "stream": meter.stream,
                "edges": edges,
                "reach": timedelta(seconds=max(GAP * meter.interval_s, REACH_LEAST_S)),
            },
        )
        return {row["edge"]: row["counter"] for row in rows}

    async def _subjects(self, meters: Sequence[Meter]) -> list[Subject]:
        latest = await Readings(self._database).latest([meter.stream for meter in meters])
        return [
            Subject(
                id=meter.id,
                name=meter.name,
                type=meter.type,
                zone=meter.site.zone,
                interval_s=meter.interval_s,
                device=meter.device,
                identity=latest[meter.stream].identity if meter.stream in latest else Identity(),
            )
            for meter in meters
        ]


def stretches(by: Size, first: date, last: date) -> list[tuple[date, date]]:
    """`first` to `last` cut at the first of each month, for months at each New Year.

    >>> stretches("day", date(2025, 1, 30), date(2025, 2, 2))[0]
    (datetime.date(2025, 1, 30), datetime.date(2025, 2, 1))
    """
    cuts = [first]
    while cuts[-1] < last:
        at = cuts[-1]
        year = by == "month" or at.month == 12
        after = date(at.year + 1, 1, 1) if year else date(at.year, at.month + 1, 1)
        cuts.append(min(after, last))
    return list(pairwise(cuts))


def _row(
    asked: EnergyAsked, subject: Subject, of: Bucket, begun: float | None, ended: float | None
) -> Row:
    row: list[Cell] = [subject.id] if asked.named else []
    row += [of.start.astimezone(subject.zone), of.end.astimezone(subject.zone)]
    row += [of.energy, of.estimated, round(100 * of.completeness, 4)]
    if not asked.bare:
        row += [of.start, of.end]
    return [*row, begun, ended] if asked.counters else row


def _reading(subject: Subject, meter: Meter, row: tuple[Cell, ...]) -> Row:
    at, received_at, meter_at, number, tariff, mark, value, *values = row
    unit = meter.unit if value is not None else None
    fixed = [subject.id, at.astimezone(subject.zone), at, received_at, meter_at, number, tariff]
    return [*fixed, mark, value, unit, *values]


def _described(column: str) -> Column:
    known = BY_OBIS[columns.OBIS[column]]
    return Column(column, Kind.NUMBER, known.unit, f"{known.label} ({known.obis})")


def _known(quantity: str) -> str:
    if quantity in columns.VALUES:
        return quantity
    raise BadInput(
        f"{quantity!r} is not a quantity; take OBIS codes like 1.8.0 or 1.7.0"
        f" ({len(catalogue.ALL)} are listed in docs/surfaces.md)"
    )


def _moment(asked: datetime | date, meter: Meter) -> datetime:
    """A moment (without an offset in time of the meter's site); a day as its midnight there."""
    if isinstance(asked, datetime):
        aware = asked if asked.tzinfo else asked.replace(tzinfo=meter.site.zone)
        return aware.astimezone(UTC)
    return datetime.fromtimestamp(midnight_s(asked, meter.site.zone), UTC)
