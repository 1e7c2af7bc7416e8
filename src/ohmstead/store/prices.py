"""Prices that change by the hour or quarter, kept for each quarter of an hour of a tariff."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ohmstead.errors import BadInput, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Database
from ohmstead.store.trouble import explained

NAME = re.compile("[A-Za-z0-9_-]{1,40}")
KEEP = """
    INSERT INTO prices (tariff, series, at, price)
    SELECT %s, %s, * FROM unnest(%s::timestamptz[], %s::numeric[])
    ON CONFLICT (tariff, series, at) DO UPDATE SET price = excluded.price
    WHERE prices.price <> excluded.price
"""
BETWEEN = """
    SELECT at, price FROM prices
    WHERE tariff = %s AND series = %s AND at >= %s AND at < %s ORDER BY at
"""
SERIES = """
    SELECT series, min(at) AS first, max(at) AS last, count(*) AS quarters
    FROM prices WHERE tariff = %s GROUP BY series ORDER BY series
"""


@dataclass(frozen=True, slots=True)
class Series:
    """What is kept of a series: from the start of the first quarter to that of the last (UTC)."""

    series: str
    first: datetime
    last: datetime
    quarters: int


class Prices:
    """The prices of every tariff."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, tariff: int, series: str, prices: Mapping[int, Decimal], *, by: By) -> int:
        """Keep prices by quarter (epoch s), in the place of those that are there; how many changed.

        NotFound when there is no such tariff, BadInput when `series` is no name.
        """
        if not NAME.fullmatch(series):
            raise BadInput(
                f"{series!r} is not a name for a list of prices: 1 to 40 letters, digits, _ and -"
            )
        at = [datetime.fromtimestamp(each, UTC) for each in prices]
        with explained(f"there is no tariff {tariff}"):
            async with self._database.transaction() as connection:
                cursor = await connection.execute(
                    "SELECT organisation, name FROM tariffs WHERE id = %s", (tariff,)
                )
                found = await cursor.fetchone()
                if found is None:
                    raise NotFound(f"there is no tariff {tariff}")
                changed = await connection.execute(
                    KEEP.encode(), (tariff, series, at, list(prices.values()))
                )
                await record(
                    connection,
                    actor=by.name,
                    organisation=found[0],
                    action="prices imported",
                    subject=found[1],
                    detail={
                        "tariff": tariff,
                        "series": series,
                        "quarters": len(at),
                        "changed": changed.rowcount,
                        "first": f"{min(at)}" if at else None,
                        "last": f"{max(at)}" if at else None,
                    },
                    at=by.at,
                )
        return changed.rowcount

    async def between(
        self, tariff: int, series: str, first_s: int, last_s: int
    ) -> dict[int, Decimal]:
        """Price by quarter (epoch s) from `first_s` to before `last_s`, where there is one."""
        span = (datetime.fromtimestamp(each, UTC) for each in (first_s, last_s))
        found = await self._database.rows(BETWEEN, (tariff, series, *span))
        return {int(row["at"].timestamp()): row["price"] for row in found}

    async def series(self, tariff: int) -> list[Series]:
        """What is kept of a tariff."""
        return [Series(**row) for row in await self._database.rows(SERIES, (tariff,))]
