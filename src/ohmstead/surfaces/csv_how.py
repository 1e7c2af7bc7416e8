"""How a table of a meter's past is read: what somebody says of it, and what is proposed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from ohmstead.surfaces.csv_read import Layout
from ohmstead.surfaces.csv_seen import Seen


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is: its number from 1, the catalogue's key (or `value`), and its unit."""

    number: int
    key: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How a table is to be read; None is to be found out.  Columns are numbers from 1."""

    delimiter: str | None = None
    decimal: str | None = None
    skipped: int | None = None
    """Lines before the header, or before the first row where there is none."""
    header: bool | None = None
    time: Sequence[int] | None = None
    time_format: str | None = None
    starts: bool | None = None
    """Whether a time is the start of its interval."""
    columns: Sequence[Column] | None = None
    meter_column: int | None = None
    """The column that says of which meter a row is; 0 is none."""
    meter: str | None = None
    """The name in that column whose rows count."""


@dataclass(frozen=True, slots=True)
class Of:
    """The meter that a table is read for; `unit` is of its value, None of an electric one."""

    zone: tzinfo
    unit: str | None
    interval_s: float
    reads_intervals: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a table cannot be read yet.

    `code` is one of `table`, `column`, `time`, `time_format`, `same_times`, `day_or_month`,
    `columns`, `across`, `decimal`, `meter`, `unit`, `twice`; of a doubt `assumed` or `rival`.
    `text` says it in words, `column` is the name of the one it is about.
    """

    code: str
    text: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What became of `How`, whole as far as can be; `layout` is None while something is missing."""

    how: How
    columns: Sequence[Seen] = ()
    body: int = 0
    """Lines before the first row."""
    forms: Sequence[str] = ()
    """Ways in which the times may be written."""
    meters: Mapping[str, int] = field(default_factory=dict)
    """Names in the column of the meter, and how many rows each has here."""
    missing: Sequence[Missing] = ()
    layout: Layout | None = None
    doubts: Sequence[Missing] = ()
    """What was taken for likely, and may be otherwise."""
