"""The layout of a table: what is told, and what can be found out of its first lines."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.surfaces import csv_times
from ohmstead.surfaces.csv_read import Layout, sample
from ohmstead.surfaces.imports import Target, shown, together

DELIMITERS = (";", "\t", "|", ",")
NAMES_SHOWN = 20
TIMES = ("at_utc", "time", "timestamp", "datetime", "date_time", "zeit", "zeitstempel", "datum")
_OBIS = re.compile(r"(?:\d-\d:)?(\d{1,3}\.\d{1,2}\.\d{1,3})(?:\*255)?")
_POINT = re.compile(r"[+-]?\d*(,\d{3})*\.\d+")
_COMMA = re.compile(r"[+-]?\d*(\.\d{3})*,\d+")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
"""12.345: twelve and a bit, or twelve thousand."""
THOUSAND = 3
"""Numbers with more digits than these are grouped where thousands are."""


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever imports says of a table; None is to be found out.

    `columns` is name of a column -> what it is, like `1.8.0:Wh`.
    """

    time: Sequence[str] = ()
    time_format: str | None = None
    columns: Sequence[str] = ()
    meter: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: bool = True
    shift: timedelta = timedelta(0)
    skipped: int = 0
    """Lines before the header."""
    names: Mapping[str, str] = field(default_factory=dict)


def layout(lines: Sequence[str], told: Told, zone: tzinfo, unit: str | None) -> Layout:
    """The layout of a table that begins with `lines`, header first; BadInput.

    `unit` is that of the meter's value, None of one that is electric.
    """
    if not lines:
        raise BadInput("the file has no lines")
    delimiter = told.delimiter or delimiter_of(lines[0])
    rows = sample(lines, delimiter, len(lines))
    head = [cell.strip().lstrip("\ufeff") for cell in rows[0]] if rows else []
    names = unique(head) if told.header else [str(n + 1) for n in range(len(head))]
    body = rows[1:] if told.header else rows
    time = [_named(name, names) for name in told.time] or [_time(names)]
    at = [names.index(name) for name in time]
    cells = [" ".join(row[n].strip() for n in at) for row in body if len(row) > max(at)]
    parsed = csv_times.told(told.time_format) if told.time_format else csv_times.found(cells)
    columns = _columns(told.columns, names, unit)
    return Layout(
        names=names,
        delimiter=delimiter,
        decimal=told.decimal
        or decimal_of([names.index(name) for name, _ in columns], body, delimiter),
        time=time,
        parsed=parsed,
        columns=columns,
        zone=zone,
        meter=None if told.meter is None else _named(told.meter, names),
        shift=told.shift,
        first_line=told.skipped + (2 if told.header else 1),
    )


def delimiter_of(header: str) -> str:
    """What is between the columns of a line, of `DELIMITERS`."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def unique(names: Sequence[str]) -> list[str]:
    """Names of columns, each one once; where there is none it is the column's number.

    >>> unique(["Zeit", "Wert", "", "Wert"])
    ['Zeit', 'Wert', '3', 'Wert (4)']
    """
    found: dict[str, None] = {}
    for n, name in enumerate(names, 1):
        wanted = name or str(n)
        while wanted in found:
            wanted = f"{wanted} ({n})"
        found[wanted] = None
    return list(found)


def _named(name: str, names: Sequence[str]) -> str:
    """The column of this name, whatever the case, or of this number; BadInput."""
    for each in (name.strip(), name.strip().casefold()):
        for known in names:
            if each in (known, known.casefold()):
                return known
    if name.isdigit() and 1 <= int(name) <= len(names):
        return names[int(name) - 1]
    raise BadInput(f"the table has no column {shown(name)}; it has {_listed(names)}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(map(shown, names[:NAMES_SHOWN])) + more


def _time(names: Sequence[str]) -> str:
    for wanted in TIMES:
        for name in names:
            if name.casefold().replace(" ", "_") == wanted:
                return name
    raise BadInput(f"say which column is the time with --time-column; there are {_listed(names)}")


def _columns(
    told: Sequence[str], names: Sequence[str], unit: str | None
) -> list[tuple[str, Target]]:
    found = [_column(each, names, unit) for each in told] or [
        (name, target) for name in names if (target := _known(name, unit))
    ]
    if not found:
        raise BadInput(
            'say what the columns are, like --column "Wh total=1.8.0:Wh"; '
            f"there are {_listed(names)}"
        )
    keys = [target.key for _, target in found]
    for key in keys:
        if keys.count(key) > 1:
            raise BadInput(f"two columns are said to be {key}")
    return found


def _column(written: str, names: Sequence[str], unit: str | None) -> tuple[str, Target]:
    """`Wh total=1.8.0:Wh`: name of a column, what it is, and the unit it is in."""
    name, equals, what = written.rpartition("=")
    if not equals or not name or not what:
        raise BadInput(
            f'--column {written!r} is not understood; it looks like "Wh total=1.8.0:Wh", '
            "the column's name, an OBIS code (or value) and the unit"
        )
    key, _, said = what.partition(":")
    if (key.strip() == "value") == (unit is None):
        raise BadInput(
            f"--column {written!r}: a meter of electricity takes OBIS codes like 1.8.0"
            if unit is None
            else f"--column {written!r}: a meter that is not electric takes `value` (in {unit})"
        )
    return _named(name, names), Target(key.strip(), said.strip() or None, unit)


def _known(name: str, unit: str | None) -> Target | None:
    """What a column of this name is, where names say so: the catalogue's, and OBIS codes."""
    if unit is not None:
        return Target("value", None, unit) if name.casefold() == "value" else None
    by_column = {q.column: q.obis for q in catalogue.ALL}
    code = _OBIS.fullmatch(name)
    key = by_column.get(name) or (code[1] if code else None)
    return Target(key) if key in catalogue.BY_OBIS and key else None


def decimal_of(at: Sequence[int], rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """The decimal sign of these columns' numbers; BadInput where it could be either.

    Beside columns that a comma parts a comma parts thousands, or stands in quotes; a semicolon is
    what programs take whose decimal sign is the comma.

    >>> decimal_of([0], [["12.345"], ["0.5"]], ";"), decimal_of([0], [["12.345"]], ",")
    ('.', '.')
    """
    cells = [together(row[n]) for row in rows for n in at if n < len(row)]
    points = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in cells)
    if points and commas:
        raise BadInput("some numbers have a decimal point, some a comma: say which with --decimal")
    sign = "," if commas else "."
    signed = [cell for cell in cells if "." in cell or "," in cell]
    plain = any(len(cell.lstrip("+-")) > THOUSAND and cell.isdigit() for cell in cells)
    usual = {".": ",", ",": ";"}[sign] == delimiter
    if signed and not usual and not plain and all(map(_EITHER.fullmatch, signed)):
        raise BadInput(
            f"the numbers look like {shown(signed[0])}, and {sign!r} may keep thousands apart, "
            "or be the decimal sign: say which with --decimal"
        )
    return sign
