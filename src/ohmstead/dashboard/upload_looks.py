"""How the beginning of a table is understood, as the pages show it: a look stores nothing."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo

from msgspec import convert
from msgspec.structs import replace

from ohmstead.dashboard import upload_shapes as shapes
from ohmstead.dashboard.problems import Misfit
from ohmstead.errors import BadInput
from ohmstead.store import import_checks
from ohmstead.store.import_checks import Unfit
from ohmstead.store.import_zones import zone_of
from ohmstead.store.imports import out_of_time
from ohmstead.store.meters import Meter
from ohmstead.surfaces import csv_names, csv_piece, csv_text
from ohmstead.surfaces.csv_begin import LOOKED, rows_of
from ohmstead.surfaces.csv_how import Column, How, Of, Proposal
from ohmstead.surfaces.csv_piece import Place
from ohmstead.surfaces.csv_proposed import proposal
from ohmstead.surfaces.imports import Imported, Item, Unread

ROWS_SHOWN, TROUBLES_SHOWN = 10, 10
READ_MOST = 1000
PREAMBLE_SHOWN = 10
CELLS_SHOWN, CELL_SHOWN = 40, 80
LINES_MOST = 2000


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look gives, and where the first piece would begin when nothing is missing."""

    answer: shapes.UploadLook
    place: Place | None = None
    begins: int = 0
    zone: str = "UTC"


def unit_of(meter: Meter) -> str | None:
    """The unit of a meter's value; None of an electric one."""
    return None if meter.type == "electricity" else meter.unit or ""


def look(said: shapes.UploadBegin, meter: Meter, now: datetime) -> Looked:
    """How the beginning of a file is understood for a meter; Misfit."""
    data = bytes_of(said.data)
    kind, how = csv_text.kind_of(data), said.how or shapes.UploadHow()
    zone_name = how.zone or meter.site.timezone
    zone = zone_named(zone_name)
    encoding = how.encoding or csv_text.exact_encoding(data)
    ended = len(data) if said.whole else csv_text.whole_lines(data, encoding)
    lines = csv_text.first_lines(data[:ended], encoding, LINES_MOST) if kind == "text" else []
    of = Of(zone, unit_of(meter), meter.interval_s, meter.reading == "interval")
    found = proposal(lines, _how(how), of)
    if how.zone is None and zone_name != "UTC" and _says_utc(found):
        return look(replace(said, how=replace(how, zone="UTC")), meter, now)
    answer = _answer(kind, found, encoding, zone_name, lines)
    place = csv_piece.place_of(found, encoding)
    if kind != "text" or place is None:
        return Looked(answer)
    begins = csv_text.bytes_before(data, encoding, found.body)
    body = data[begins:ended]
    read = csv_piece.read(body, place, zone, of.unit, last=True, most=READ_MOST)
    answer = _understood(answer, read.items, meter, now)
    rows = rows_of(lines[found.body :], place.delimiter)
    cells = {found.body + row.end: row.cells for row in rows}
    shown = [_row(item, cells, why_not(item, meter, now)) for item in _telling(read.items)]
    answer = replace(answer, rows=shown, others=read.others)
    return Looked(answer, None if answer.missing else place, begins, zone_name)


def bytes_of(data: str) -> bytes:
    """What base64 says; Misfit."""
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        raise Misfit("data", "it is not base64") from None


def zone_named(name: str) -> tzinfo:
    """A zone; Misfit."""
    try:
        return zone_of(name)
    except BadInput as trouble:
        raise Misfit("zone", str(trouble)) from None


def why_not(item: Item, meter: Meter, now: datetime) -> shapes.UploadTrouble | None:
    """Why a line is not taken."""
    if isinstance(item, Unread):
        return shapes.UploadTrouble(
            code=item.code or "line", text=item.why, line=item.line, column=item.column
        )
    if why := out_of_time(item.at, now):
        return shapes.UploadTrouble(code="when", text=why, line=item.line)
    if why := import_checks.one(item, meter):
        return shapes.UploadTrouble(code="kind", text=why, line=item.line)
    return None


def _says_utc(found: Proposal) -> bool:
    """Whether the name of the time's column says that it is UTC."""
    names = [found.columns[number - 1].name for number in found.how.time or ()]
    return any(csv_names.UTC.search(name) for name in names)


def _how(said: shapes.UploadHow) -> How:
    columns = said.columns
    return How(
        delimiter=said.delimiter,
        decimal=said.decimal,
        skipped=said.skipped,
        header=said.header,
        time=said.time or None,
        time_format=said.time_format,
        starts=said.starts,
        columns=None
        if columns is None
        else [Column(each.number, each.key, each.unit) for each in columns],
        meter_column=said.meter_column,
        meter=said.meter,
    )


def _shown(how: How, encoding: str, zone: str) -> shapes.UploadHow:
    return convert({**asdict(how), "encoding": encoding, "zone": zone}, shapes.UploadHow)


def _answer(
    kind: str, found: Proposal, encoding: str, zone: str, lines: Sequence[str]
) -> shapes.UploadLook:
    before = lines[: found.how.skipped or 0][:PREAMBLE_SHOWN]
    plain = rows_of(lines[found.body :][:LOOKED], found.how.delimiter or ";")[:ROWS_SHOWN]
    return shapes.UploadLook(
        kind=kind,
        how=_shown(found.how, encoding, zone),
        preamble=[line.rstrip("\r\n")[:CELL_SHOWN] for line in before],
        columns=[
            shapes.UploadSeen(number=n, name=seen.name, kind=seen.kind, sample=_cut(seen.sample))
            for n, seen in enumerate(found.columns, 1)
        ],
        time_formats=list(found.forms),
        meters=[shapes.UploadOf(name=name, rows=rows) for name, rows in found.meters.items()],
        rows=[
            shapes.UploadRow(
                line=found.body + row.end, cells=_cut(row.cells), at=None, values={}, trouble=None
            )
            for row in plain
            if any(row.cells)
        ],
        readings=0,
        refused=0,
        others=0,
        missing=[shapes.UploadTrouble(code=each.code, text=each.text) for each in found.missing],
        warnings=[
            shapes.UploadTrouble(code=each.code, text=each.text, column=each.column)
            for each in found.doubts
        ],
        ready=None,
    )


def _understood(
    answer: shapes.UploadLook, items: Sequence[Item], meter: Meter, now: datetime
) -> shapes.UploadLook:
    """The answer with what the rows are, and whether they are what the meter counts."""
    good = [
        item for item in items if isinstance(item, Imported) and why_not(item, meter, now) is None
    ]
    missing, warnings = list(answer.missing), list(answer.warnings)
    try:
        warnings += [
            shapes.UploadTrouble(code="apart", text=text)
            for text in import_checks.whole(good, meter)
        ]
    except Unfit as unfit:
        missing.append(shapes.UploadTrouble(code=unfit.code, text=str(unfit)))
    if not good and not missing:
        missing.append(shapes.UploadTrouble(code="none", text="none of the first rows is readable"))
    refused = len(items) - len(good)
    return replace(answer, readings=len(good), refused=refused, missing=missing, warnings=warnings)


def _telling(items: Sequence[Item]) -> list[Item]:
    """The first rows, and the first ones behind that are not understood."""
    unread = [item for item in items[ROWS_SHOWN:] if isinstance(item, Unread)]
    return [*items[:ROWS_SHOWN], *unread[:TROUBLES_SHOWN]]


def _row(
    item: Item, cells: Mapping[int, Sequence[str]], trouble: shapes.UploadTrouble | None
) -> shapes.UploadRow:
    values = dict[str, float]()
    if isinstance(item, Imported):
        values = {**item.values, **({} if item.value is None else {"value": item.value})}
    return shapes.UploadRow(
        line=item.line,
        cells=_cut(cells.get(item.line, ())),
        at=item.at if isinstance(item, Imported) else None,
        values=values,
        trouble=trouble,
    )


def _cut(cells: Sequence[str]) -> list[str]:
    return [cell[:CELL_SHOWN] for cell in cells[:CELLS_SHOWN]]
