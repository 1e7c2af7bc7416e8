"""What `ohmstead export costs` writes: rows of costs, and bills with their lines.

Amounts are exact: JSON has them as numbers with every digit, CSV as text.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from ohmstead.analytics.tariff_bill import Line, Missing
from ohmstead.store.costs import Billed, Cost
from ohmstead.store.energy_columns import moment

DIGITS = 18
"""Behind the point, of what is not rounded to the cent."""
Row: TypeAlias = Mapping[str, Any]
COSTS = (
    *("start", "end", "currency", "kwh", "export_kwh", "estimated_kwh", "completeness"),
    *("energy_cost", "standing_cost", "net", "vat", "gross", "missing"),
)
LINES = (
    *("bill_start", "bill_end", "tariff", "currency", "line", "kind", "part", "from", "to"),
    *("quantity", "unit", "price", "amount", "vat_percent", "estimated", "unpriced"),
)


def of_costs(found: Iterable[Cost], zone: ZoneInfo) -> list[Row]:
    """A row for each; times are local with their offset, completeness is in percent."""
    return [
        {
            **_span(each.start, each.end, zone),
            "currency": each.currency,
            **_energy(each),
            "energy_cost": plain(each.energy),
            "standing_cost": plain(each.standing),
            "net": plain(each.net),
            "vat": plain(each.vat),
            "gross": plain(each.gross),
            "missing": of_missing(each.missing, zone),
        }
        for each in found
    ]


def of_bills(found: Iterable[Billed], zone: ZoneInfo) -> list[Row]:
    """A row for each bill, its lines within it."""
    return [
        {
            **_span(each.energy.start, each.energy.end, zone),
            "tariff": each.contract.tariff,
            "tariff_name": each.contract.name,
            "currency": each.bill.currency,
            **_energy(each.energy),
            "open": each.open,
            "complete": each.bill.complete,
            "lines": [of_line(line, zone) for line in each.bill.lines],
            "net": each.bill.net,
            "taxes": [
                {"percent": plain(tax.percent), "net": tax.net, "vat": tax.vat}
                for tax in each.bill.taxes
            ],
            "vat": each.bill.vat,
            "rounding": each.bill.rounding,
            "gross": each.bill.gross,
            "missing": of_missing(each.bill.missing, zone),
        }
        for each in found
    ]


def of_line(line: Line, zone: ZoneInfo) -> Row:
    """A line of a bill; `amount` is without tax, as it is summed up, `exact` before rounding."""
    return {
        "name": line.name,
        "kind": line.kind,
        "part": line.part,
        "from": line.first.isoformat(),
        "to": line.last.isoformat(),
        "quantity": plain(line.quantity),
        "unit": line.unit,
        "price": plain(line.price),
        "amount": line.net,
        "exact": plain(line.exact),
        "vat_percent": plain(line.vat_percent),
        "estimated": plain(line.estimated),
        "unpriced": plain(line.unpriced),
        "peak_at": None if line.at_s is None else _local(moment(line.at_s), zone),
        "note": line.note,
    }


def of_missing(missing: Iterable[Missing], zone: ZoneInfo) -> list[Row]:
    """Where cost is not known, and why."""
    return [
        {**_span(moment(each.first_s), moment(each.last_s), zone), "why": each.why}
        for each in missing
    ]


def lines_of(rows: Iterable[Row]) -> Iterator[Row]:
    """Every line of bills, then tax, rounding and total of each: as a table has them."""
    for row in rows:
        same = {
            "bill_start": row["start"],
            "bill_end": row["end"],
            "tariff": row["tariff_name"],
            "currency": row["currency"],
        }
        for line in row["lines"]:
            yield {**same, "line": line["name"], **{k: line[k] for k in LINES[5:]}}
        ends = {"from": row["start"][:10], "to": row["end"][:10]}
        for tax in row["taxes"]:
            yield {
                **_blank(same, "VAT", "vat", tax["vat"]),
                **ends,
                "quantity": tax["net"],
                "unit": "%",
                "price": tax["percent"],
            }
        if row["rounding"]:
            yield {**_blank(same, "Rounding", "rounding", row["rounding"]), **ends}
        yield {**_blank(same, "Total", "total", row["gross"]), **ends}


def _blank(same: Row, line: str, kind: str, amount: Decimal) -> Row:
    return {**dict.fromkeys(LINES), **same, "line": line, "kind": kind, "amount": amount}


def as_json(_columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """An array of objects, one a line; decimals are numbers with every digit."""
    encoder = msgspec.json.Encoder(decimal_format="number")
    separator = "[\n"
    for row in rows:
        yield separator + encoder.encode(row).decode()
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def as_csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """Lines with a header; what is not known is empty.  Source: RFC 4180."""
    line = io.StringIO()
    writer = csv.writer(line)
    for cells in (columns, *([_cell(row[name]) for name in columns] for row in rows)):
        writer.writerow(cells)
        yield line.getvalue()
        line.seek(0)
        line.truncate()


FORMATS: Mapping[str, Callable[[Sequence[str], Iterable[Row]], Iterator[str]]] = MappingProxyType(
    {"csv": as_csv, "json": as_json}
)
"""Name of a format -> its text, piece by piece."""


def plain(number: Decimal | None) -> Decimal | None:
    """`number` without zeros at its end or an exponent; a share that never ends is cut off.

    >>> plain(Decimal("1.2300")), plain(Decimal("1E+2")), plain(Decimal(1) / 3)
    (Decimal('1.23'), Decimal('100'), Decimal('0.333333333333333333'))
    """
    return None if number is None else Decimal(f"{round(number, DIGITS).normalize():f}")


def _cell(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(f"{each['start']} to {each['end']}: {each['why']}" for each in value)
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def _energy(cost: Cost) -> Row:
    return {
        "kwh": plain(cost.kwh),
        "export_kwh": plain(cost.export_kwh),
        "estimated_kwh": plain(cost.estimated_kwh),
        "completeness": round(100 * cost.completeness, 4),
    }


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> Row:
    return {"start": _local(start, zone), "end": _local(end, zone)}


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat()
