"""Meters: what each is, where it stands, and how many of its readings came well."""

from collections.abc import Collection
from dataclasses import dataclass

from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.database import Database, Record
from ohmstead.store.sites import Site, Sites, named
from ohmstead.store.trouble import explained

ID_LONGEST = 100
READING = ("cumulative", "interval")
INTERVAL_S = (1.0, 86400.0)


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter, and the stream its readings are.

    `interval_s` is how often it is expected to say something; `reading` is `cumulative` when its
    energy is a counter, `interval` when each reading is the energy since the one before; `unit` is
    of its `value` (kWh for electricity); `device` is the MAC of the device that reads it, or None.
    `counter_digits` are those of its counters before the point, None where nobody said.
    `formula` says of which others a virtual one is made; `parent` is the id of the one it is below.
    """

    id: str
    stream: int
    site: Site
    type: str
    interval_s: float
    reading: str
    unit: str | None
    name: str
    device: str | None
    formula: str | None = None
    parent: str | None = None
    counter_digits: int | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many readings of a stream met which fate (committer.Fate)."""

    accepted: int = 0
    late: int = 0
    duplicate: int = 0
    refused: int = 0


COUNTS = """
    SELECT coalesce(sum(accepted), 0)::int8 AS accepted, coalesce(sum(late), 0)::int8 AS late,
           coalesce(sum(duplicate), 0)::int8 AS duplicate,
           coalesce(sum(refused), 0)::int8 AS refused
    FROM (SELECT accepted, late, duplicate, refused FROM counters WHERE stream = %(stream)s
          UNION ALL SELECT accepted, 0, 0, 0 FROM latest WHERE stream = %(stream)s) counted
"""
"""`latest` counts the readings that moved it, `counters` all others."""
OF_A_STREAM = (
    *(b"readings", b"latest", b"counters"),
    *(b"rollup_notes", b"rollups", b"stream_events", b"rollup_streams"),
    b"archive_floors",
)
"""The tables that hold something of each stream."""
METERS = """
    SELECT m.id, m.stream, m.type, m.interval_s, m.reading, m.unit, m.name, d.mac AS device,
           s.id AS site, s.name AS site_name, s.organisation, s.timezone, m.formula,
           m.counter_digits,
           (SELECT p.id FROM meters p WHERE p.stream = m.parent) AS parent
    FROM meters m JOIN sites s ON s.id = m.site LEFT JOIN devices d ON d.stream = m.stream
"""


class Meters:
    """Every meter."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        id: str,
        site: int,
        type: str,
        interval_s: float,
        reading: str = "cumulative",
        *,
        name: str | None = None,
        unit: str | None = None,
    ) -> Meter:
        """A new meter; BadInput says which property is wrong, Conflict that the id is taken.

        `unit` None is the usual one of its type; `name` None is its id.
        """
        medium = BY_MEDIUM.get(type)
        if medium is None:
            raise BadInput(f"{type!r} is not a type of meter; take one of {', '.join(BY_MEDIUM)}")
        if reading not in READING:
            raise BadInput(f"{reading!r} is not a way of reading; take one of {', '.join(READING)}")
        if not INTERVAL_S[0] <= interval_s <= INTERVAL_S[1]:
            raise BadInput(f"an interval of {interval_s:g} s is not between 1 s and one day")
        if unit is not None and unit not in medium.units and any(medium.units):
            raise BadInput(
                f"{unit!r} is not a unit of {type}; take one of {', '.join(medium.units)}"
            )
        plain = checked_id(id)
        shown = named(name or plain, "a meter")
        await Sites(self._database).get(site)
        with explained(f"a meter with the id {plain!r} exists already"):
            await self._database.change(
                "INSERT INTO meters (id, site, type, interval_s, reading, unit, name)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (plain, site, type, interval_s, reading, unit or medium.unit or None, shown),
            )
        return await self.get(plain)

    async def all(
        self, organisation: int | None = None, granted: Collection[int] = ()
    ) -> list[Meter]:
        """All of them by stream, or only those of one organisation and of granted sites."""
        found = await self._database.rows(
            f"{METERS} WHERE %(of)s::int4 IS NULL OR s.organisation = %(of)s"
            " OR s.id = ANY(%(granted)s::int4[]) ORDER BY m.stream",
            {"of": organisation, "granted": sorted(granted)},
        )
        return [meter_of(row) for row in found]

    async def get(self, id: str) -> Meter:
        """The one with this id; NotFound."""
        found = await self._database.one(f"{METERS} WHERE m.id = %s", (id,))
        if found is None:
            raise NotFound(f"there is no meter {id!r}; `ohmstead admin meter list` shows them")
        return meter_of(found)

    async def rename(self, id: str, name: str) -> Meter:
        """Give it another name to be shown with; NotFound."""
        plain = named(name, "a meter")
        await self._database.change("UPDATE meters SET name = %s WHERE id = %s", (plain, id))
        return await self.get(id)

    async def used_by(self, stream: int) -> list[str]:
        """The ids of the virtual meters whose formula names this one."""
        found = await self._database.rows(
            "SELECT m.id FROM virtual_inputs i JOIN meters m ON m.stream = i.stream"
            " WHERE i.input = %s ORDER BY m.id",
            (stream,),
        )
        return [row["id"] for row in found]

    async def spare(self, meter: Meter) -> None:
        """Conflict when a formula uses the meter, which is not to be removed then."""
        if used := await self.used_by(meter.stream):
            raise Conflict(
                f"the formula of meter {used[0]!r} uses meter {meter.id!r}; "
                "change that formula or remove that meter first"
            )

    async def has_readings(self, stream: int) -> bool:
        """Whether anything of this stream is stored."""
        return (
            await self._database.one("SELECT 1 FROM latest WHERE stream = %s", (stream,))
            is not None
        )

    async def remove(self, id: str, *, with_readings: bool = False) -> None:
        """Remove it; Conflict while a device reads it, or a formula uses it, or, unless
        `with_readings`, it has any.  Those below it are below nothing then."""
        meter = await self.get(id)
        await self.spare(meter)
        if meter.device:
            raise Conflict(f"device {meter.device} reads meter {id!r}; remove the device first")
        if not with_readings and await self.has_readings(meter.stream):
            raise Conflict(f"meter {id!r} has readings, which go with it; add --yes to remove both")
        with explained(f"a device or a formula uses meter {id!r}; remove that first"):
            async with self._database.transaction() as connection:
                await connection.execute("DELETE FROM meters WHERE stream = %s", (meter.stream,))
                for table in OF_A_STREAM:
                    statement = b"DELETE FROM " + table + b" WHERE stream = %s"
                    await connection.execute(statement, (meter.stream,))

    async def counts(self, stream: int) -> Counts:
        """What became of the stream's readings so far."""
        found = await self._database.one(COUNTS, {"stream": stream})
        return Counts(**found) if found else Counts()


def checked_id(id: str) -> str:
    """`id` without outer space, if a meter may have it; BadInput otherwise."""
    plain = id.strip()
    if not plain or len(plain) > ID_LONGEST or not plain.isprintable() or set(plain) & set(" /?#%"):
        raise BadInput(
            f"{id!r} is not an id for a meter: 1 to {ID_LONGEST} printable characters, "
            "without spaces and / ? # %"
        )
    return plain


def meter_of(row: Record) -> Meter:
    """The meter of a row of `METERS`."""
    site = Site(row["site"], row["site_name"], row["organisation"], row["timezone"])
    return Meter(
        id=row["id"],
        stream=row["stream"],
        site=site,
        type=row["type"],
        interval_s=row["interval_s"],
        reading=row["reading"],
        unit=row["unit"],
        name=row["name"],
        device=row["device"],
        counter_digits=row["counter_digits"],
        formula=row["formula"],
        parent=row["parent"],
    )
