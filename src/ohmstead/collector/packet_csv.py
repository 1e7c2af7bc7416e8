"""A table of a meter's past: sent once to see how it is understood, once more to store it.

POST /measurements/v2/csv?stream=ID[&store=yes][&column=NAME=CODE:UNIT][&time=NAME]...
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Protocol
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import msgspec

from ohmstead.clock import Clock
from ohmstead.collector.packet_lines import Lines
from ohmstead.collector.packet_queue import Commits
from ohmstead.errors import BadInput, TooLarge, Unavailable
from ohmstead.store import import_checks
from ohmstead.store.committer import Fate, Row
from ohmstead.store.imports import out_of_time, row_of
from ohmstead.store.meters import Meter
from ohmstead.store.packet_directory import Target
from ohmstead.surfaces import csv_found, csv_read, wattics
from ohmstead.surfaces import imports as tables
from ohmstead.surfaces.csv_how import How, Of
from ohmstead.surfaces.csv_proposed import proposal
from ohmstead.surfaces.csv_read import Layout

LINES_MOST = 100_000
SAMPLE = 1000
SHOWN = 5
COLUMNS_SHOWN = 20
CHUNK = 500
COMMIT_S = 30.0
BODY_S = 300.0
"""A table that has not come by then is given up: others wait."""
ASKED = ("stream", "store", "column", "time", "time_format", "zone", "delimiter", "decimal")
ENCODINGS = ("utf-8-sig", "cp1252")

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Knows(Protocol):
    """Where a meter is asked for.  See store/meters.py."""

    async def get(self, id: str) -> Meter: ...


class Tables:
    """Reads tables, and stores what they say when that is asked for."""

    def __init__(self, committer: Commits, clock: Clock, meters: Knows) -> None:
        self._committer, self._clock = committer, clock
        self._meters = meters
        self._one = asyncio.Semaphore(1)

    async def take(self, target: Target, query: bytes, encoding: bytes, receive: Receive) -> bytes:
        """How the table is understood and, with `store=yes`, what was stored; BadInput."""
        asked = _asked(query)
        if target.formula is not None:
            raise BadInput(f"stream: {target.id!r} is made of others by its formula")
        if self._one.locked():
            raise Unavailable("another table is being read; send this one again")
        async with self._one:
            try:
                async with asyncio.timeout(BODY_S):
                    lines = await _read(encoding, receive)
            except TimeoutError:
                raise BadInput(f"the table did not come within {BODY_S:g} s") from None
            meter = await self._meters.get(target.id)
            layout = _layout(asked, lines[:SAMPLE], meter)
            lines = lines[layout.first_line - 1 :]
            said = _proposal(target, layout)
            store = asked.get("store", ["no"])[-1] == "yes"
            said["warnings"] = self._warnings(lines, layout, meter, store)
            taken = await self._taken(meter, lines, layout, store)
            return msgspec.json.encode(said | taken)

    def _warnings(
        self, lines: Sequence[str], layout: Layout, meter: Meter, store: bool
    ) -> list[str]:
        """What is odd about the first readings; BadInput when what does not fit would be stored."""
        items = islice(csv_read.read(lines, layout), SAMPLE)
        some = [item for item in items if isinstance(item, tables.Imported)]
        try:
            return import_checks.whole(some, meter)
        except BadInput as misfit:
            if store:
                raise
            return [str(misfit)]

    async def _taken(
        self, meter: Meter, lines: Sequence[str], layout: Layout, store: bool
    ) -> dict[str, Any]:
        counts = {"readings": 0, "stored": 0, "known": 0, "refused": 0}
        refused: list[dict[str, Any]] = []
        first: list[dict[str, Any]] = []
        now = self._clock.now()
        items = csv_read.read(lines, layout)
        while chunk := list(islice(items, CHUNK)):
            read = list[tables.Imported]()
            for item in chunk:
                why = self._why_not(item, meter, now)
                if why is not None:
                    refused.append({"line": item.line, "error": why})
                elif isinstance(item, tables.Imported):
                    read.append(item)
            counts["refused"] += len(chunk) - len(read)
            counts["readings"] += len(read)
            first += [_shown(item, layout) for item in read[: SHOWN - len(first)]]
            del refused[SHOWN:]
            if store:
                await self._commit([row_of(item, meter, now) for item in read], counts)
            await asyncio.sleep(0)  # others have their turn
        return {**counts, "first": first, "first_refused": refused}

    def _why_not(self, item: tables.Item, meter: Meter, now: datetime) -> str | None:
        """Why a line is not taken."""
        if isinstance(item, tables.Unread):
            return item.why
        return out_of_time(item.at, now) or import_checks.one(item, meter)

    async def _commit(self, rows: Sequence[Row], counts: dict[str, int]) -> None:
        try:
            async with asyncio.timeout(COMMIT_S):
                outcome = await self._committer.commit(rows, "store")
        except TimeoutError:
            raise Unavailable("the database is away; send the table again") from None
        counts["stored"] += outcome.accepted + outcome.late
        counts["known"] += outcome.duplicate
        counts["refused"] += sum(fate is Fate.REFUSED for fate in outcome.fates)


def _asked(query: bytes) -> Mapping[str, list[str]]:
    asked = parse_qs(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8")
    for name in asked:
        if name not in ASKED:
            raise BadInput(f"{name[:60]}: not known here; there are {', '.join(ASKED)}")
    return asked


def _layout(asked: Mapping[str, list[str]], lines: Sequence[str], meter: Meter) -> Layout:
    """The layout that is said, or else found out; BadInput says what has to be said."""
    zone = _zone(asked["zone"][-1]) if "zone" in asked else meter.site.zone
    unit = None if meter.type == "electricity" else meter.unit or ""
    time_format, delimiter, decimal = (
        asked.get(name, [None])[-1] for name in ("time_format", "delimiter", "decimal")
    )
    delimiter = "\t" if delimiter in ("tab", "\\t") else delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise BadInput(f"delimiter: {delimiter[:20]!r} is not one character, and not tab")
    if decimal not in (None, *tables.DECIMALS):
        raise BadInput(f"decimal: {decimal[:20]!r} is neither . nor ,")
    if asked.keys() & {"time", "column"}:
        told = csv_found.Told(
            time=asked.get("time", ()),
            columns=asked.get("column", ()),
            time_format=time_format,
            delimiter=delimiter,
            decimal=decimal,
        )
        return csv_found.layout(lines, told, zone, unit)
    how = How(delimiter=delimiter, decimal=decimal, time_format=time_format, meter_column=0)
    of = Of(zone, unit, meter.interval_s, meter.reading == "interval")
    found = proposal(lines, how, of)
    if found.layout is None:
        names = ", ".join(tables.shown(column.name) for column in found.columns[:COLUMNS_SHOWN])
        why = "; ".join(missing.text for missing in found.missing)
        raise BadInput(f"{why} (time=NAME, column=NAME=CODE:UNIT; there are {names or 'none'})")
    return found.layout


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadInput(f"zone: {name[:60]!r} is not a time zone, like Europe/Zurich") from None


async def _read(encoding: bytes, receive: Receive) -> list[str]:
    if encoding not in (b"", b"identity", b"gzip", b"x-gzip"):
        raise BadInput("Content-Encoding: send the table plain or as gzip")
    found, lines = list[bytes](), Lines(gzipped=encoding.endswith(b"gzip"))
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadInput("the sender is gone")
        more = message.get("more_body", False)
        found += lines.feed(message.get("body", b""))
        if len(found) > LINES_MOST:
            raise TooLarge(f"a table has at most {LINES_MOST} lines; `ohmstead import csv` any")
    found += lines.end()
    for name in ENCODINGS:
        try:
            return [line.decode(name).rstrip("\r") for line in found]
        except UnicodeDecodeError:
            continue
    raise BadInput("the table is neither UTF-8 nor Windows-1252")


def _proposal(target: Target, layout: Layout) -> dict[str, Any]:
    return {
        "stream": target.id,
        "delimiter": layout.delimiter,
        "decimal": layout.decimal,
        "lines_before": layout.first_line - 1,
        "time": list(layout.time),
        "time_is_start": bool(layout.shift),
        "zone": str(layout.zone),
        "columns": [
            {"column": name, "key": into.key, "unit": into.unit or into.into}
            for name, into in layout.columns
        ],
        "left_out": sorted(
            set(layout.names) - set(layout.time) - {name for name, _ in layout.columns}
        ),
    }


def _shown(item: tables.Imported, layout: Layout) -> dict[str, Any]:
    said = dict(item.values) if item.value is None else item.value
    return {"at": wattics.written(item.at.astimezone(layout.zone)), "says": said}
