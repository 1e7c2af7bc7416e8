"""Readings that `ohmstead export readings` wrote, read back: CSV, JSON, JSON lines or Parquet.

The columns are those of the catalogue; `at_utc` is the moment.  docs/exports.md has them all.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.numbers import MOST
from ohmstead.surfaces.imports import Imported, Item, Unread, shown
from ohmstead.surfaces.table_text import FORMULA

OBIS: Mapping[str, str] = {q.column: q.obis for q in catalogue.ALL}
ROWS = 1000
SMALL, SERIAL, LARGE = 2**15, 2**31, 2**63


def from_csv(lines: Iterable[str]) -> Iterator[Item]:
    """The readings of CSV, header first; BadInput when it is no export of readings."""
    rows = csv.reader(lines)
    try:
        names = [name.lstrip("\ufeff") for name in next(rows, [])]
    except csv.Error as trouble:
        raise BadInput(f"the first line cannot be read: {trouble}") from None
    _known(names)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as trouble:
            yield Unread(rows.line_num, str(trouble))
            continue
        if len(cells) != len(names):
            why = f"it has {len(cells)} columns, and the header {len(names)}"
            yield Unread(rows.line_num, why)
            continue
        yield reading(rows.line_num, dict(zip(names, cells, strict=True)))


def from_json(lines: Iterable[str]) -> Iterator[Item]:
    """The readings of JSON, an object a line, within an array or not."""
    some = False
    for n, line in enumerate(lines, start=1):
        plain = line.strip().lstrip("\ufeff").removeprefix("[").rstrip(",").strip()
        if plain.startswith("{") and plain.endswith("}]"):
            plain = plain[:-1]
        if plain in ("", "]"):
            continue
        try:
            said = json.loads(plain)
        except (ValueError, RecursionError):
            if not some:
                raise BadInput(
                    f"line {n} is no JSON object: an export of readings has one a line"
                ) from None
            yield Unread(n, "it is no JSON object")
            continue
        if not isinstance(said, dict):
            yield Unread(n, "it is no JSON object")
            continue
        if not some:
            _known(list(said))
        some = True
        yield reading(n, said)


def from_parquet(path: Path) -> Iterator[Item]:
    """The readings of a Parquet file; lines are rows, the first is 1."""
    import pyarrow as pa  # noqa: PLC0415  (most imports are of text)
    from pyarrow import parquet  # noqa: PLC0415

    try:
        file = parquet.ParquetFile(path)
        _known(file.schema_arrow.names)
        wanted = {
            *OBIS,
            "meter",
            "at_utc",
            "meter_at_utc",
            "number",
            "tariff",
            "meter_mark",
            "value",
            "value_unit",
        }
        names = [name for name in file.schema_arrow.names if name in wanted]
        n = 0
        for batch in file.iter_batches(batch_size=ROWS, columns=names):
            for row in batch.to_pylist():
                n += 1
                yield reading(n, row)
    except (pa.ArrowException, OSError) as trouble:
        raise BadInput(f"{path} is not a Parquet file that can be read: {trouble}") from None


def _known(names: list[str]) -> None:
    if "at_utc" not in names or not (set(names) & {*OBIS, "value"}):
        raise BadInput(
            "this is no export of readings: it has not the columns at_utc and one of a quantity "
            "(another table is read by `ohmstead import csv`)"
        )


def reading(line: int, said: Mapping[str, Any]) -> Item:
    """The reading of a row: column -> text, number, moment, or None."""
    try:
        at = _moment("at_utc", said.get("at_utc"))
        if at is None:
            return Unread(line, "it has no at_utc")
        values = {
            obis: value
            for name, obis in OBIS.items()
            if (value := _number(name, said.get(name))) is not None
        }
        value = _number("value", said.get("value"))
        if not values and value is None:
            return Unread(line, "nothing was measured in it")
        return Imported(
            line,
            at,
            values,
            value=value,
            value_unit=(said.get("value_unit") or None) if value is not None else None,
            meter=_meter(said.get("meter")),
            tariff=_whole("tariff", said.get("tariff"), SMALL),
            meter_at=_moment("meter_at_utc", said.get("meter_at_utc")),
            number=_whole("number", said.get("number"), LARGE),
            meter_crc=_whole("meter_mark", said.get("meter_mark"), SERIAL),
        )
    except ValueError as trouble:
        return Unread(line, str(trouble))


def _meter(said: Any) -> str | None:
    """The meter's id, without the apostrophe that keeps a spreadsheet from calculating."""
    if not isinstance(said, str) or not said:
        return None
    return said[1:] if said.startswith("'") and said[1:].startswith(FORMULA) else said


def _moment(name: str, said: Any) -> datetime | None:
    if said in (None, ""):
        return None
    try:
        found = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} {shown(str(said))} is not a time") from None


def _number(name: str, said: Any) -> float | None:
    if said in (None, ""):
        return None
    try:
        if isinstance(said, bool):
            raise TypeError
        found = float(said)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{name} {shown(str(said))} is not a number") from None
    if not abs(found) <= MOST:
        raise ValueError(f"{name} {shown(str(said))} is not a number up to {MOST:g}")
    return found


def _whole(name: str, said: Any, most: int) -> int | None:
    found = _number(name, said)
    if found is None:
        return None
    whole = int(said) if isinstance(said, (int, str)) and str(said).lstrip("-").isdigit() else found
    if whole != int(whole) or not -most <= whole < most:
        raise ValueError(f"{name} {shown(str(said))} is not a whole number that is kept")
    return int(whole)
