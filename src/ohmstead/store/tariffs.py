"""Tariffs, kept as documents, and the contracts that give meters theirs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.rows import dict_row

from ohmstead.analytics.tariff import Tariff, document, shaped
from ohmstead.analytics.tariff_check import checked
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Parameters, Record
from ohmstead.store.meters import Meter
from ohmstead.store.trouble import explained

TARIFFS = """
    SELECT t.id, t.organisation, t.document,
           (SELECT count(DISTINCT c.stream) FROM contracts c WHERE c.tariff = t.id) AS meters
    FROM tariffs t
"""
CONTRACTS = """
    SELECT c.id, c.tariff, t.name, c.first, c.last, m.id AS meter
    FROM contracts c JOIN tariffs t ON t.id = c.tariff JOIN meters m ON m.stream = c.stream
"""
OF_SITE = """
    SELECT c.tariff FROM contracts c JOIN meters m ON m.stream = c.stream WHERE m.site = %(site)s
"""
YEARS = (1990, 2199)


@dataclass(frozen=True, slots=True)
class Kept:
    """A tariff that is kept; `organisation` None is everybody's; `meters` ever had it."""

    id: int
    organisation: int | None
    tariff: Tariff
    meters: int


@dataclass(frozen=True, slots=True)
class Contract:
    """A meter has a tariff from `first` to before `last`, None as long as nobody knows."""

    id: int
    meter: str
    tariff: int
    name: str
    first: date
    last: date | None

    def __str__(self) -> str:
        until = f"to {self.last}" if self.last else "on"
        return f"tariff {self.tariff} ({self.name}) from {self.first} {until}"


class Tariffs:
    """Every tariff, and who has which."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, tariff: Tariff, organisation: int | None, *, by: By) -> Kept:
        """A new tariff; BadInput when it makes no sense, Conflict when its name is taken."""
        sound = checked(tariff)
        with explained(_taken(sound, organisation)):
            async with self._database.transaction() as connection:
                cursor = await connection.execute(
                    "INSERT INTO tariffs (organisation, name, document)"
                    " VALUES (%s, %s, %s) RETURNING id",
                    (organisation, sound.name, json.dumps(document(sound))),
                )
                made = await cursor.fetchone()
                kept = Kept(int(made[0]) if made else 0, organisation, sound, 0)
                await _told(connection, kept, "tariff added", by)
        return kept

    async def all(
        self,
        organisation: int | None = None,
        *,
        site: int | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Kept]:
        """All of them by id, or those of one organisation and those of everybody.

        With `site` those that meters there have or had; with `limit` at most so many, from behind
        the id `after`.
        """
        found = await self._database.rows(
            f"{TARIFFS} WHERE (%(of)s::int4 IS NULL OR t.organisation IS NULL"
            " OR t.organisation = %(of)s) AND t.id > %(after)s"
            f" AND (%(site)s::int4 IS NULL OR t.id IN ({OF_SITE})) ORDER BY t.id LIMIT %(limit)s",
            {"of": organisation, "site": site, "after": after, "limit": limit},
        )
        return [_kept(row) for row in found]

    async def get(self, id: int) -> Kept:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{TARIFFS} WHERE t.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no tariff {id}; `ohmstead admin tariff list` shows them")
        return _kept(found)

    async def replace(self, id: int, tariff: Tariff, *, by: By) -> Kept:
        """Another document for it: new versions, or corrections.

        Conflict when a meter had it and its currency or bill period would change.
        """
        sound = checked(tariff)
        with explained(_taken(sound, (await self.get(id)).organisation)):
            async with self._database.transaction() as connection:
                await connection.execute("SELECT 1 FROM tariffs WHERE id = %s FOR UPDATE", (id,))
                (row,) = await _found(connection, f"{TARIFFS} WHERE t.id = %s", (id,))
                before = _kept(row)
                same = (before.tariff.currency, before.tariff.bill) == (sound.currency, sound.bill)
                if before.meters and not same:
                    raise Conflict(
                        f"tariff {id} has been used: its currency ({before.tariff.currency}) and "
                        "bill period stay; add another tariff, and give meters that one"
                    )
                await connection.execute(
                    "UPDATE tariffs SET name = %s, document = %s WHERE id = %s",
                    (sound.name, json.dumps(document(sound)), id),
                )
                kept = Kept(id, before.organisation, sound, before.meters)
                await _told(connection, kept, "tariff changed", by)
        return kept

    async def remove(self, id: int, *, by: By) -> None:
        """Remove it, with its prices; Conflict when a meter ever had it."""
        kept = await self.get(id)
        used = (
            f"tariff {id} ({kept.tariff.name}) has been used, and its bills stay; "
            "end its contracts with `ohmstead admin tariff unassign` instead"
        )
        if kept.meters:
            raise Conflict(used)
        with explained(used):
            async with self._database.transaction() as connection:
                await connection.execute("DELETE FROM tariffs WHERE id = %s", (id,))
                await _told(connection, kept, "tariff removed", by)

    async def contracts(
        self,
        *,
        meter: Meter | None = None,
        tariff: int | None = None,
        after: date | None = None,
        limit: int | None = None,
    ) -> list[Contract]:
        """The contracts of a meter or a tariff, by meter and the day on which they begin.

        With `limit` at most so many, those that begin after the day `after`.
        """
        found = await self._database.rows(
            f"{CONTRACTS} WHERE (%(stream)s::int4 IS NULL OR c.stream = %(stream)s)"
            " AND (%(tariff)s::int4 IS NULL OR c.tariff = %(tariff)s)"
            " AND (%(after)s::date IS NULL OR c.first > %(after)s)"
            " ORDER BY c.stream, c.first LIMIT %(limit)s",
            {
                "stream": meter.stream if meter else None,
                "tariff": tariff,
                "after": after,
                "limit": limit,
            },
        )
        return [Contract(**row) for row in found]

    async def page(
        self, organisation: int | None, tariff: int | None, after: int, limit: int
    ) -> list[Contract]:
        """Up to `limit` contracts by number from behind `after`, of an organisation or of all."""
        found = await self._database.rows(
            f"{CONTRACTS} JOIN sites s ON s.id = m.site"
            " WHERE (%(of)s::int4 IS NULL OR s.organisation = %(of)s)"
            " AND (%(tariff)s::int4 IS NULL OR c.tariff = %(tariff)s)"
            " AND c.id > %(after)s ORDER BY c.id LIMIT %(limit)s",
            {"of": organisation, "tariff": tariff, "after": after, "limit": limit},
        )
        return [Contract(**row) for row in found]

    async def assign(
        self, meter: Meter, tariff: int, first: date, last: date | None, *, by: By
    ) -> Contract:
        """A contract from `first` to before `last`; Conflict when the meter has one on those days.

        A tariff of another organisation than the meter's is none that it can have: NotFound.
        """
        kept = await self.get(tariff)
        if kept.organisation not in (None, meter.site.organisation):
            raise NotFound(
                f"tariff {tariff} is of another organisation than meter {meter.id!r}; "
                "add one for its own, or one for everybody"
            )
        _days(first, last)
        async with self._database.transaction() as connection:
            await _alone(connection, meter)
            for each in await _contracts(connection, meter):
                if (last is None or each.first < last) and (each.last is None or first < each.last):
                    raise Conflict(
                        f"meter {meter.id!r} has {each} already; end that first "
                        f"(`ohmstead admin tariff unassign {meter.id} --to {first}`), "
                        "or take days before or after it"
                    )
            cursor = await connection.execute(
                "INSERT INTO contracts (stream, tariff, first, last)"
                " VALUES (%s, %s, %s, %s) RETURNING id",
                (meter.stream, tariff, first, last),
            )
            made = await cursor.fetchone()
            contract = Contract(
                int(made[0]) if made else 0, meter.id, tariff, kept.tariff.name, first, last
            )
            await _told_of(connection, meter, contract, "tariff assigned", by)
        return contract

    async def end(self, meter: Meter, last: date, *, by: By) -> Contract:
        """End the contract that the meter has on the day before `last`; what was stays.

        One that ended earlier is not prolonged; NotFound when there is none on that day.
        """
        _days(date.min.replace(year=YEARS[0]), last)
        async with self._database.transaction() as connection:
            await _alone(connection, meter)
            for each in await _contracts(connection, meter):
                if each.first < last and (each.last is None or last <= each.last):
                    await connection.execute(
                        "UPDATE contracts SET last = %s WHERE id = %s", (last, each.id)
                    )
                    ended = Contract(each.id, each.meter, each.tariff, each.name, each.first, last)
                    await _told_of(connection, meter, ended, "tariff ended", by)
                    return ended
        raise NotFound(
            f"meter {meter.id!r} has no tariff on the day before {last} that could end then; "
            f"`ohmstead admin tariff contracts {meter.id}` shows what it has"
        )

    async def withdraw(self, meter: Meter, contract: int, today: date, *, by: By) -> Contract:
        """Take a contract away that has not begun; Conflict for any other: that is ended."""
        async with self._database.transaction() as connection:
            await _alone(connection, meter)
            for each in await _contracts(connection, meter):
                if each.id == contract:
                    if each.first <= today:
                        raise Conflict(
                            f"meter {meter.id!r} has {each}: it began, and is ended instead"
                        )
                    await connection.execute("DELETE FROM contracts WHERE id = %s", (each.id,))
                    await _told_of(connection, meter, each, "tariff withdrawn", by)
                    return each
        raise NotFound(f"meter {meter.id!r} has no contract {contract}")


async def _found(connection: Connection, question: str, parameters: Parameters) -> list[Record]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(question.encode(), parameters)
    return await cursor.fetchall()


async def _contracts(connection: Connection, meter: Meter) -> list[Contract]:
    """Those of a meter, as the transaction sees them."""
    question = f"{CONTRACTS} WHERE c.stream = %s ORDER BY c.first"
    return [Contract(**row) for row in await _found(connection, question, (meter.stream,))]


async def _alone(connection: Connection, meter: Meter) -> None:
    """Nobody else changes the contracts of this meter until the transaction ends."""
    await connection.execute("SELECT 1 FROM meters WHERE stream = %s FOR UPDATE", (meter.stream,))


def _days(first: date, last: date | None) -> None:
    for day in (first, last):
        if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
            raise BadInput(f"{day} is not between the years {YEARS[0]} and {YEARS[1]}")
    if last is not None and last <= first:
        raise BadInput(f"to {last} is not after from {first}: to is the day after the last")


def _taken(tariff: Tariff, organisation: int | None) -> str:
    whose = "everybody has" if organisation is None else f"organisation {organisation} has"
    return f"{whose} a tariff named {tariff.name!r} already; change that, or take another name"


def _kept(row: Record) -> Kept:
    return Kept(row["id"], row["organisation"], shaped(row["document"]), row["meters"])


async def _told(connection: Connection, kept: Kept, action: str, by: By) -> None:
    versions: Sequence[str] = [f"{each.first}" for each in kept.tariff.versions]
    await _record(
        connection, kept.organisation, action, kept.tariff.name,
        {"id": kept.id, "versions": versions[-20:]}, by,
    )  # fmt: skip


async def _told_of(
    connection: Connection, meter: Meter, contract: Contract, action: str, by: By
) -> None:
    detail = {"tariff": contract.tariff, "from": f"{contract.first}", "to": f"{contract.last}"}
    await _record(connection, meter.site.organisation, action, meter.id, detail, by)


async def _record(
    connection: Connection,
    organisation: int | None,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    by: By,
) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=organisation,
        action=action,
        subject=subject,
        detail=detail,
        at=by.at,
    )
