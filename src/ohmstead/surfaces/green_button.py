"""Energy as Green Button: one Atom feed of ESPI usage information.

For each meter a UsagePoint, its LocalTimeParameters, a MeterReading, its ReadingType and
IntervalBlocks.  Source: NAESB REQ.21 (ESPI) 3.3, espi.xsd; Atom: RFC 4287.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import escape, quoteattr

from ohmstead.errors import BadInput
from ohmstead.surfaces.dst import local_time
from ohmstead.surfaces.table import Page, Row, Sheet, Subject, utc_text

ATOM, ESPI = "http://www.w3.org/2005/Atom", "http://naesb.org/espi"
LENGTH_S = {"15min": 900, "hour": 3600, "day": 86_400, "month": 0}
"""ReadingType.intervalLength; a month has none, and each interval says its own duration."""
POWER = {"15min": -6, "hour": -6, "day": -3, "month": -3}
"""powerOfTenMultiplier: of Wh, so that a value has no point and fits into 48 bits."""
MOST = 2**47 - 1
"""Int48 of espi.xsd."""
ELECTRICITY, GAS, WATER, HEAT = 0, 1, 2, 4
SERVICE = {"gas": GAS, "water": WATER, "heat": HEAT}
"""ServiceKind."""
COMMODITY = {"gas": 7, "water": 9, "heat": 12}
"""CommodityKind: natural gas, potable water, heating fluid; electricity is secondary metered."""
SECONDARY_ELECTRICITY = 1
DELTA, ENERGY, WH, VARH = 4, 12, 72, 73
"""AccumulationKind, MeasurementKind, UnitSymbolKind."""
FORWARD, NET, REVERSE = 1, 4, 19
REACTIVE = {"3": FORWARD, "4": REVERSE, "5": 15, "6": 16, "7": 17, "8": 18}
PHASES = {"21": 128, "41": 64, "61": 32, "22": 128, "42": 64, "62": 32}
ALL_PHASES = 224
"""PhaseCode: A, B, C to neutral; ABC."""
VALID, LINEAR, MIXED = 0, 9, 13
"""QualityOfReading."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where in a row the four cells are that count."""

    start: int
    end: int
    energy: int
    estimated: int


class GreenButtonWriter:
    """The feed, block by block; `sheet` has the columns of energy."""

    def __init__(self, sheet: Sheet) -> None:
        if sheet.quantity.count(".") != 2:
            raise BadInput(f"Green Button has no {sheet.quantity!r}; take a counter like 1.8.0")
        self._sheet = sheet
        self._at = utc_text(sheet.made_at.replace(microsecond=0))
        self._power = POWER[sheet.bucket]
        self._cells = _Cells(*map(sheet.at, ("start_utc", "end_utc", "kwh", "estimated_kwh")))
        self._meter: str | None = None
        self._head = _head(sheet, self._at)

    def feed(self, page: Page) -> bytes:
        """The blocks of this page, after the entries of its meter where it is a new one."""
        said = [self._head]
        self._head = ""
        if page.subject.id != self._meter:
            self._meter = page.subject.id
            said.append(self._of_meter(page.subject, page.rows))
        known = [row for row in page.rows if row[self._cells.energy] is not None]
        for _, rows in groupby(known, key=lambda row: self._block_of(row, page.subject)):
            said.append(self._block(page.subject, list(rows)))
        return "".join(said).encode()

    def end(self) -> Iterator[bytes]:
        """The end of the feed."""
        yield f"{self._head}</feed>\n".encode()

    def close(self) -> None:
        """Nothing is held."""

    def _block_of(self, row: Row, subject: Subject) -> tuple[int, ...]:
        """The local day of a quarter or hour, the month of a day, the year of a month."""
        local = _moment(row[self._cells.start]).astimezone(subject.zone)
        parts = {"15min": 3, "hour": 3, "day": 2, "month": 1}[self._sheet.bucket]
        return (local.year, local.month, local.day)[:parts]

    def _of_meter(self, subject: Subject, rows: Sequence[Row]) -> str:
        """Usage point, time parameters, meter reading and reading type."""
        point, reading = _paths(subject, self._sheet.quantity)
        times, kind = f"LocalTimeParameters/{_id('time', subject.id)}", f"{reading}/ReadingType"
        known = _moment(rows[-1][self._cells.end]) if rows else self._sheet.made_at
        local = local_time(subject.zone, known)
        category = SERVICE.get(subject.type, ELECTRICITY)
        return "".join(
            (
                self._entry(
                    point,
                    subject.name,
                    f"<espi:UsagePoint><espi:ServiceCategory><espi:kind>{category}</espi:kind>"
                    "</espi:ServiceCategory></espi:UsagePoint>",
                    related=(times, f"{point}/MeterReading"),
                ),
                self._entry(
                    times,
                    subject.zone.key,
                    "<espi:LocalTimeParameters>"
                    f"<espi:dstEndRule>{local.end_rule:08X}</espi:dstEndRule>"
                    f"<espi:dstOffset>{local.dst_s}</espi:dstOffset>"
                    f"<espi:dstStartRule>{local.start_rule:08X}</espi:dstStartRule>"
                    f"<espi:tzOffset>{local.standard_s}</espi:tzOffset>"
                    "</espi:LocalTimeParameters>",
                ),
                self._entry(
                    reading,
                    f"{subject.name}, {self._sheet.title}",
                    "<espi:MeterReading/>",
                    related=(kind, f"{reading}/IntervalBlock"),
                ),
                self._entry(kind, self._sheet.title, self._reading_type(subject)),
            )
        )

    def _reading_type(self, subject: Subject) -> str:
        c = self._sheet.quantity.split(".")[0]
        uom = VARH if c in REACTIVE else WH
        flow = REACTIVE.get(c) or (NET if c == "16" else REVERSE if int(c) % 20 == 2 else FORWARD)
        tariff = self._sheet.quantity.split(".")[2]
        fields = {
            "accumulationBehaviour": DELTA,
            "commodity": COMMODITY.get(subject.type, SECONDARY_ELECTRICITY),
            "defaultQuality": VALID,
            "flowDirection": flow,
            "intervalLength": LENGTH_S[self._sheet.bucket] or None,
            "kind": ENERGY,
            "phase": PHASES.get(c, ALL_PHASES) if subject.type == "electricity" else None,
            "powerOfTenMultiplier": self._power,
            "tou": int(tariff) or None,
            "uom": uom,
        }
        inside = "".join(
            f"<espi:{name}>{value}</espi:{name}>"
            for name, value in fields.items()
            if value is not None
        )
        return f"<espi:ReadingType>{inside}</espi:ReadingType>"

    def _block(self, subject: Subject, rows: Sequence[Row]) -> str:
        start, end = _moment(rows[0][self._cells.start]), _moment(rows[-1][self._cells.end])
        _, reading = _paths(subject, self._sheet.quantity)
        number = _id("block", subject.id, self._sheet.quantity, self._sheet.bucket, utc_text(start))
        said = "".join(self._interval(subject, row) for row in rows)
        return self._entry(
            f"{reading}/IntervalBlock/{number}",
            utc_text(start),
            f"<espi:IntervalBlock><espi:interval>{_period(start, end)}</espi:interval>{said}"
            "</espi:IntervalBlock>",
        )

    def _interval(self, subject: Subject, row: Row) -> str:
        start, end = _moment(row[self._cells.start]), _moment(row[self._cells.end])
        kwh, guessed = row[self._cells.energy], row[self._cells.estimated]
        value = round(kwh * 10 ** (3 - self._power))
        if abs(value) > MOST:
            raise BadInput(
                f"{kwh:g} kWh of meter {subject.id!r} from {utc_text(start)} does not fit into the"
                " 48 bits of a Green Button value; take --by day, or another format"
            )
        quality = VALID if not guessed else LINEAR if guessed == kwh else MIXED
        said = f"<espi:ReadingQuality><espi:quality>{quality}</espi:quality></espi:ReadingQuality>"
        return (
            f"<espi:IntervalReading>{said if quality else ''}"
            f"<espi:timePeriod>{_period(start, end)}</espi:timePeriod>"
            f"<espi:value>{value}</espi:value></espi:IntervalReading>\n"
        )

    def _entry(self, path: str, title: str, content: str, related: Sequence[str] = ()) -> str:
        """An Atom entry; `path` is its place, and what its id is made of."""
        up = path.rpartition("/")[0]
        links = [("self", path), ("up", up), *(("related", each) for each in related)]
        said = "".join(f"<link rel={quoteattr(rel)} href={quoteattr(to)}/>" for rel, to in links)
        return (
            f"<entry><id>urn:uuid:{_id(path)}</id>{said}<title>{_text(title)}</title>"
            f"<content>{content}</content>"
            f"<published>{self._at}</published><updated>{self._at}</updated></entry>\n"
        )


def _head(sheet: Sheet, at: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="{ATOM}" xmlns:espi="{ESPI}">'
        f"<id>urn:uuid:{_id('feed', sheet.title, at)}</id><title>{_text(sheet.title)}</title>"
        f"<updated>{at}</updated>"
        '<link rel="self" href="RetailCustomer/1/DownloadMyData"/>\n'
    )


def _paths(subject: Subject, quantity: str) -> tuple[str, str]:
    """Where a meter's usage point and its meter reading are."""
    point = f"RetailCustomer/1/UsagePoint/{_id('point', subject.id)}"
    return point, f"{point}/MeterReading/{_id('reading', subject.id, quantity)}"


def _id(*words: str) -> str:
    """A UUID that the same words give again.  Source: RFC 9562, 5.5."""
    return str(uuid5(NAMESPACE_URL, "ohmstead:" + "\x1f".join(words))).upper()


def _period(start: datetime, end: datetime) -> str:
    duration = (end - start) // timedelta(seconds=1)
    return (
        f"<espi:duration>{duration}</espi:duration>"
        f"<espi:start>{int(start.timestamp())}</espi:start>"
    )


def _text(said: str) -> str:
    """Text for XML: escaped, without what XML 1.0 (2.2) cannot hold."""
    return escape("".join(each if each.isprintable() else " " for each in said))


def _moment(cell: datetime) -> datetime:
    return cell.astimezone(UTC)
