"""Meters as who manages many of them asks: page by page, by number, changed one by one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database, Record
from ohmstead.store.meter_settings import checked_digits
from ohmstead.store.meters import INTERVAL_S, METERS, READING, Meter, Meters, checked_id, meter_of
from ohmstead.store.people import User
from ohmstead.store.sites import Site, named
from ohmstead.store.trouble import explained
from ohmstead.store.virtual_meters import loose

LARGEST = 2**31 - 1
SHOWN_LEAST, SHOWN_MOST = 0.001, 1_000_000.0
"""Wh of a pulse."""
MAKE_ANEW = b"""
    INSERT INTO rollup_notes (stream, first, last)
    SELECT stream, min(at), max(at) FROM readings WHERE stream = %s
    GROUP BY stream, date_trunc('month', at)
"""
MANAGED = (
    METERS.replace(
        "SELECT",
        "SELECT m.wh_per_pulse, m.parent AS parent_number, x.param_type, x.channel_param_type,"
        " coalesce(x.appliance, false) AS appliance, o.name AS organisation_name,",
        1,
    )
    + " LEFT JOIN managed_meters x ON x.stream = m.stream"
    " JOIN organisations o ON o.id = s.organisation"
)


@dataclass(frozen=True, slots=True)
class Managed:
    """A meter, and what else the management API tells of it.

    An appliance is told apart from the meters; `parent` is the number of the meter it is below;
    `wh_per_pulse` is of one that counts pulses.
    """

    meter: Meter
    organisation_name: str
    parent: int | None
    appliance: bool
    param_type: str | None
    channel_param_type: str | None
    wh_per_pulse: float | None


@dataclass(frozen=True, slots=True)
class Which:
    """Which meters are asked for; None is any.  `parent` is the number of the meter above."""

    organisation: int | None = None
    site: int | None = None
    parent: int | None = None
    appliance: bool | None = None
    ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What to change about a meter; None stays as it is, 0 `counter_digits` are not known."""

    id: str | None = None
    name: str | None = None
    site: Site | None = None
    type: str | None = None
    interval_s: float | None = None
    reading: str | None = None
    unit: str | None = None
    wh_per_pulse: float | None = None
    """0 says that it sends none."""
    counter_digits: int | None = None
    appliance: bool | None = None
    param_type: str | None = None
    channel_param_type: str | None = None


class ManagedMeters:
    """Every meter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seen(
        self,
        user: User,
        which: Which | None = None,
        *,
        after: int = 0,
        skipped: int = 0,
        limit: int = 1000,
    ) -> list[Managed]:
        """Up to `limit` meters that `user` sees, by number, from behind `after`; all or `which`."""
        wanted = which or Which()
        found = await self._database.rows(
            f"{MANAGED} WHERE (%(own)s::int4 IS NULL OR s.organisation = %(own)s"
            " OR s.id = ANY(%(granted)s::int4[]))"
            " AND (%(of)s::int4 IS NULL OR s.organisation = %(of)s)"
            " AND (%(site)s::int4 IS NULL OR m.site = %(site)s)"
            " AND (%(parent)s::int4 IS NULL OR m.parent = %(parent)s)"
            " AND (%(appliance)s::bool IS NULL OR coalesce(x.appliance, false) = %(appliance)s)"
            " AND (%(ids)s::text[] IS NULL OR m.id = ANY(%(ids)s::text[]))"
            " AND m.stream > %(after)s ORDER BY m.stream OFFSET %(skipped)s LIMIT %(limit)s",
            {
                "own": user.organisation,
                "granted": sorted(user.granted),
                "of": wanted.organisation,
                "site": wanted.site,
                "parent": wanted.parent,
                "appliance": wanted.appliance,
                "ids": None if wanted.ids is None else list(wanted.ids),
                "after": after,
                "skipped": skipped,
                "limit": limit,
            },
        )
        return [_managed(row) for row in found]

    async def get(self, written: str) -> Managed:
        """The one with this number or, where that is none, with this id; NotFound."""
        number = int(written) if re.fullmatch(r"[0-9]{1,10}", written) else None
        if number is not None and number <= LARGEST:
            where, value = "m.stream = %s", number
        else:
            where, value = "m.id = %s", written  # type: ignore[assignment]
        found = await self._database.one(f"{MANAGED} WHERE {where}", (value,))
        if found is None:
            raise NotFound(f"there is no meter {written!r}")
        return _managed(found)

    async def change(
        self, meter: Meter, wanted: Change, *, by: By, action: str = "meter changed"
    ) -> Managed:
        """Change a meter; BadInput says which property is wrong, Conflict what clashes.

        Its type and unit stay as they are once it has readings, whose meaning they are; so does its
        site, where that has another time zone.  For another way of reading energy is made anew.
        """
        new = _checked(meter, wanted)
        with explained(f"a meter with the id {wanted.id!r} exists already"):
            async with self._database.transaction() as connection:
                await _agreeable(connection, meter, wanted)
                if new:
                    columns = ", ".join(f"{name} = %({name})s" for name in new)
                    await connection.execute(
                        f"UPDATE meters SET {columns} WHERE stream = %(stream)s".encode(),  # noqa: S608
                        {**new, "stream": meter.stream},
                    )
                digits = new.get("counter_digits", meter.counter_digits)
                if wanted.reading not in (None, meter.reading) or digits != meter.counter_digits:
                    await connection.execute(MAKE_ANEW, (meter.stream,))
                await _remembered(connection, meter.stream, wanted)
                await _told(connection, meter, action, by)
        return await self.get(str(meter.stream))

    async def remove(self, meter: Meter, *, by: By) -> None:
        """Remove a meter with what it measured; Conflict while a device or a formula uses it."""
        await Meters(self._database).remove(meter.id, with_readings=True)
        async with self._database.transaction() as connection:
            await _told(connection, meter, "meter removed", by)

    async def first_reading(self, meter: Meter) -> datetime | None:
        """When the oldest reading that is stored was; None without any."""
        found = await self._database.one(
            "SELECT at FROM readings WHERE stream = %s ORDER BY at LIMIT 1", (meter.stream,)
        )
        return None if found is None else found["at"]


async def _told(connection: Connection, meter: Meter, action: str, by: By) -> None:
    await record(
        connection,
        actor=by.name,
        organisation=meter.site.organisation,
        action=action,
        subject=meter.id,
        at=by.at,
    )


def _checked(meter: Meter, wanted: Change) -> dict[str, Any]:
    """The columns that change, with their values; BadInput."""
    type = wanted.type if wanted.type is not None else meter.type
    medium = BY_MEDIUM.get(type)
    if medium is None:
        raise BadInput(f"{type!r} is not a type of meter; take one of {', '.join(BY_MEDIUM)}")
    if wanted.reading is not None and wanted.reading not in READING:
        raise BadInput(
            f"{wanted.reading!r} is not a way of reading; take one of {', '.join(READING)}"
        )
    every_s = wanted.interval_s
    if every_s is not None and not INTERVAL_S[0] <= every_s <= INTERVAL_S[1]:
        raise BadInput(f"an interval of {every_s:g} s is not between 1 s and one day")
    unit = wanted.unit
    if unit is None and wanted.type not in (None, meter.type):
        unit = medium.unit or None
    if unit is not None and unit not in medium.units and any(medium.units):
        raise BadInput(f"{unit!r} is not a unit of {type}; take one of {', '.join(medium.units)}")
    pulse = wanted.wh_per_pulse
    if pulse and not SHOWN_LEAST <= pulse <= SHOWN_MOST:
        raise BadInput(f"{pulse:g} Wh a pulse is not between {SHOWN_LEAST:g} and {SHOWN_MOST:g}")
    found: dict[str, Any] = {
        "id": None if wanted.id is None else checked_id(wanted.id),
        "name": None if wanted.name is None else named(wanted.name, "a meter"),
        "site": None if wanted.site is None else wanted.site.id,
        "type": wanted.type,
        "interval_s": every_s,
        "reading": wanted.reading,
        "unit": unit,
        "wh_per_pulse": pulse,
    }
    changed = {name: value for name, value in found.items() if value is not None}
    if pulse == 0:
        changed["wh_per_pulse"] = None
    if wanted.counter_digits is not None:
        changed["counter_digits"] = checked_digits(wanted.counter_digits)
    return changed


async def _agreeable(connection: Connection, meter: Meter, wanted: Change) -> None:
    """Conflict when what is wanted would make what is stored mean something else."""
    other = {
        "type": wanted.type not in (None, meter.type),
        "unit": wanted.unit not in (None, meter.unit),
        "time zone": wanted.site is not None and wanted.site.timezone != meter.site.timezone,
    }
    meant = [name for name, differs in other.items() if differs]
    if meant and await _any(connection, "SELECT 1 FROM latest WHERE stream = %s", meter.stream):
        raise Conflict(
            f"meter {meter.id!r} has readings, which another {meant[0]} would make mean something "
            "else; add another meter"
        )
    used = "SELECT 1 FROM virtual_inputs WHERE input = %s LIMIT 1"
    renamed = wanted.id not in (None, meter.id)
    moved = wanted.site is not None and wanted.site.organisation != meter.site.organisation
    if renamed and await _any(connection, used, meter.stream):
        raise Conflict(f"a formula uses meter {meter.id!r}; change that first")
    if moved or other["type"] or other["unit"]:
        await loose(connection, meter)


async def _any(connection: Connection, question: str, stream: int) -> bool:
    cursor = await connection.execute(question.encode(), (stream,))
    return await cursor.fetchone() is not None


async def _remembered(connection: Connection, stream: int, wanted: Change) -> None:
    said = (wanted.appliance, wanted.param_type, wanted.channel_param_type)
    if said == (None, None, None):
        return
    await connection.execute(
        "INSERT INTO managed_meters (stream, appliance, param_type, channel_param_type)"
        " VALUES (%(stream)s, coalesce(%(appliance)s, false), %(all)s, %(one)s)"
        " ON CONFLICT (stream) DO UPDATE SET"
        " appliance = coalesce(%(appliance)s, managed_meters.appliance),"
        " param_type = coalesce(%(all)s, managed_meters.param_type),"
        " channel_param_type = coalesce(%(one)s, managed_meters.channel_param_type)",
        dict(zip(("appliance", "all", "one"), said, strict=True)) | {"stream": stream},
    )


def _managed(row: Record) -> Managed:
    return Managed(
        meter=meter_of(row),
        organisation_name=row["organisation_name"],
        parent=row["parent_number"],
        appliance=row["appliance"],
        param_type=row["param_type"],
        channel_param_type=row["channel_param_type"],
        wh_per_pulse=row["wh_per_pulse"],
    )
