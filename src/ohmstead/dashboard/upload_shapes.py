"""What the API takes and gives about tables of past readings."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ohmstead.dashboard.shapes import Shape

PIECE_BYTES = 512 * 1024
COLUMNS_MOST = 500
Data = Annotated[
    str,
    Meta(
        max_length=(PIECE_BYTES + 2) // 3 * 4,
        description="Bytes of the file as they are, in base64.",
    ),
]
ColumnNumber = Annotated[int, Meta(ge=1, le=COLUMNS_MOST, description="From 1.")]
Name = Annotated[str, Meta(max_length=200)]


class UploadColumn(Shape, frozen=True):
    """What a column is: a key of the catalogue, or `value`, and the unit it is in."""

    number: ColumnNumber
    key: Annotated[str, Meta(max_length=20)]
    unit: Annotated[str, Meta(max_length=20)] | None = None


class UploadHow(Shape, frozen=True):
    """How a table is to be read; what is null is found out.

    `skipped` are lines before the header, or before the first row where there is no header; `time`
    is one column, or a date's and a clock's; `starts` says that a time is the start of its
    interval; of a file of several meters only the rows count whose `meter_column` says `meter`
    (0: no such column).
    """

    encoding: (
        Literal["utf-8", "cp1252", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"] | None
    ) = None
    delimiter: Literal[";", ",", "\t", "|"] | None = None
    decimal: Literal[".", ","] | None = None
    skipped: Annotated[int, Meta(ge=0, le=250)] | None = None
    header: bool | None = None
    time: Annotated[list[ColumnNumber], Meta(max_length=4)] | None = None
    time_format: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    zone: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    starts: bool | None = None
    columns: Annotated[list[UploadColumn], Meta(max_length=COLUMNS_MOST)] | None = None
    meter_column: Annotated[int, Meta(ge=0, le=COLUMNS_MOST)] | None = None
    meter: Name | None = None


class UploadBegin(Shape, frozen=True):
    """The beginning of a file, all of it where it is `whole`, and what is said of it."""

    data: Data
    whole: bool
    how: UploadHow | None = None


class UploadTrouble(Struct, frozen=True, kw_only=True):
    """What is wrong: `code` for programs, `text` for people; `column` is the name of one."""

    code: str
    text: str
    line: int | None = None
    column: str | None = None


class UploadSeen(Struct, frozen=True, kw_only=True):
    """A column as it stands; `kind` is stamp, clock, digits, number, text, or empty."""

    number: int
    name: str
    kind: str
    sample: list[str]


class UploadOf(Struct, frozen=True, kw_only=True):
    """A meter that the file names, and how many of the first rows are of it."""

    name: str
    rows: int


class UploadRow(Struct, frozen=True, kw_only=True):
    """A row as it stands and as it is understood; `trouble` says why it is not."""

    line: int
    cells: list[str]
    at: datetime | None
    values: dict[str, float]
    trouble: UploadTrouble | None


class UploadReady(Struct, frozen=True, kw_only=True):
    """Where the first piece begins in the file, in bytes, and what comes with it."""

    at: int
    state: str


class UploadLook(Struct, frozen=True, kw_only=True):
    """How a file is understood; `ready` is null while something is `missing`.

    `kind` is text, or what the file is instead: empty, excel, pdf, packed, markup, json, other.
    Counts are of the first rows.
    """

    kind: str
    how: UploadHow
    preamble: list[str]
    columns: list[UploadSeen]
    time_formats: list[str]
    meters: list[UploadOf]
    rows: list[UploadRow]
    readings: int
    refused: int
    others: int
    missing: list[UploadTrouble]
    warnings: list[UploadTrouble]
    ready: UploadReady | None


class UploadPiece(Shape, frozen=True):
    """The next bytes of a file; nothing is stored unless `store` says so."""

    state: Annotated[str, Meta(min_length=1, max_length=65_536)]
    data: Data
    last: bool
    store: bool
    file: Name = ""


class UploadDays(Struct, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Days of the site's zone, `to` not with them."""

    first: str
    last: str


class UploadTaken(Struct, frozen=True, kw_only=True):
    """What became of a piece: of its bytes `taken` count, the next one begins behind them.

    `stored` are new (or would be), `known` are there already, `others` are of other meters; `days`
    are those whose energy was made anew.
    """

    taken: int
    line: int
    readings: int
    stored: int
    known: int
    refused: int
    others: int
    troubles: list[UploadTrouble]
    days: list[UploadDays]
    state: str
