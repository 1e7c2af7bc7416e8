"""The monthly parts of `readings`: made ahead, and made on demand for older readings."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from ohmstead.store.database import Connection

FIRST_YEAR = 2000
AHEAD = 2
"""How many months after the present one a reading may lie in."""
MAKING = 0x0E57EAE
"""The advisory lock of whoever makes a part."""

Month = tuple[int, int]
PART = re.compile(r"readings_(\d{4})_(\d{2})")


def month_of(at: datetime) -> Month:
    """The month in which `at` (aware) lies, in UTC."""
    moment = at.astimezone(UTC)
    return moment.year, moment.month


def spelled(month: Month) -> str:
    """A month as people read and say it.

    >>> spelled((2025, 3))
    '2025-03'
    """
    return f"{month[0]:04}-{month[1]:02}"


def after(month: Month, count: int = 1) -> Month:
    """The month `count` months later.

    >>> after((2025, 12)), after((2025, 11), 3)
    ((2026, 1), (2026, 2))
    """
    index = month[0] * 12 + month[1] - 1 + count
    return index // 12, index % 12 + 1


def allowed(month: Month, now: datetime) -> bool:
    """Whether readings of `month` are kept: so that a wrong clock cannot make parts without end."""
    return (FIRST_YEAR, 1) <= month <= after(month_of(now), AHEAD)


def wanted_now(now: datetime) -> Iterator[Month]:
    """The months to have ready: the present one and the next."""
    yield month_of(now)
    yield after(month_of(now))


async def make(connection: Connection, months: Iterable[Month]) -> None:
    """Make the parts of `months` that do not exist.

    A part is made beside the table and then attached, since that lets readers and writers go on
    (ALTER TABLE, ATTACH PARTITION).
    """
    await connection.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
    for month in sorted(months):
        name = name_of(month)
        found = await connection.execute("SELECT to_regclass(%s)", (name,))
        if (await found.fetchone() or (None,))[0] is not None:
            continue
        first, last = (
            f"{year:04}-{number:02}-01 00:00+00" for year, number in (month, after(month))
        )
        for statement in (
            f"CREATE TABLE {name} (LIKE readings INCLUDING ALL)"
            " WITH (autovacuum_vacuum_insert_scale_factor = 0.02)",
            f"ALTER TABLE readings ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{first}') TO ('{last}')",
        ):
            await connection.execute(statement.encode())


def name_of(month: Month) -> str:
    """What the part of a month is called.

    >>> name_of((2025, 3))
    'readings_2025_03'
    """
    return f"readings_{month[0]:04}_{month[1]:02}"


def start(month: Month) -> datetime:
    """When a month begins (UTC)."""
    return datetime(*month, 1, tzinfo=UTC)


async def existing(connection: Connection) -> list[Month]:
    """The months that have a part, ascending."""
    found = await connection.execute(
        "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE i.inhparent = %s::regclass ORDER BY c.relname",
        ("readings",),
    )
    names = (PART.fullmatch(name) for (name,) in await found.fetchall())
    return [(int(name[1]), int(name[2])) for name in names if name]
