"""Tables for other programs: what a column means, and what a format is handed.

A table comes in pages, so that none is ever whole in memory.  *To add a format: one file with a
class that has `feed`, `end` and `close`, and one line in `surfaces/formats.py`.*
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias
from zoneinfo import ZoneInfo

from ohmstead.reading.reading import Identity

Cell: TypeAlias = Any
"""str, float, int or datetime, as the kind of its column says; None is what is not known."""
Row: TypeAlias = Sequence[Cell]


class Kind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    LOCAL = "local time"
    """An aware datetime in the zone of the meter's site."""
    UTC = "UTC"
    """An aware datetime."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `unit` None is without one, `meaning` is for who reads the file."""

    name: str
    kind: Kind
    unit: str | None = None
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """The meter that a page is about."""

    id: str
    name: str
    type: str
    zone: ZoneInfo
    interval_s: float
    device: str | None = None
    identity: Identity = field(default_factory=Identity)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one meter; `done` is the share (0 to 1) of the whole table up to here."""

    subject: Subject
    rows: Sequence[Row]
    done: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a format knows before the first row.

    `title` is short; `made_at` is aware; `notes` go where a format has room for them; `bucket` is
    the length of a row of energy (15min, hour, day, month), empty for readings; `quantity` is the
    OBIS code that such rows are of.
    """

    title: str
    columns: Sequence[Column]
    made_at: datetime
    bucket: str = ""
    quantity: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    def at(self, name: str) -> int:
        """Which cell of a row the column `name` is."""
        return next(n for n, column in enumerate(self.columns) if column.name == name)


class Writer(Protocol):
    """Pages in, bytes out."""

    def feed(self, page: Page) -> bytes:
        """What there is to write after this page; may be nothing yet."""
        ...

    def end(self) -> Iterator[bytes]:
        """The rest, piece by piece."""
        ...

    def close(self) -> None:
        """Let go of what the writer holds, also one that did not come to its end."""
        ...


def utc_text(at: datetime) -> str:
    """A moment as text in UTC.

    >>> utc_text(datetime(2025, 7, 1, 12, 0, 0, 250000, UTC))
    '2025-07-01T12:00:00.250000Z'
    """
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
