"""Devices that read meters, and the secrets they sign in to the broker with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest

from psycopg.errors import UniqueViolation

from ohmstead.errors import BadInput, Conflict, Forbidden, NotFound
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.changes import changed
from ohmstead.store.database import Database, Record
from ohmstead.store.meters import METERS, Meter, Meters, meter_of
from ohmstead.store.sites import Site
from ohmstead.store.trouble import explained

CHANNEL_INTERVAL_S = 3600.0
"""Gas, water and heat meters tell the electricity meter once an hour.  Source: P1 companion
standard 5.0.2, section 6."""
_MAC = re.compile(r"[0-9A-F]{12}")

DEVICES = METERS.replace("SELECT", "SELECT d.mac, d.username, d.secret,", 1).replace(
    "LEFT JOIN", "JOIN"
)


@dataclass(frozen=True, slots=True)
class Device:
    """One device: its MAC (twelve capital hex digits), the meter it reads and its stream."""

    mac: str
    username: str
    site: Site
    meter: str
    stream: int
    interval_s: float


@dataclass(frozen=True, slots=True)
class Credential:
    """A device, and the digest of its password (access.secrets.digest)."""

    device: Device
    digest: bytes


def mac_of(written: str) -> str:
    """A MAC as twelve capital hex digits, from any usual spelling; BadInput.

    >>> mac_of("a8:48:fa:01-02-03")
    'A848FA010203'
    """
    plain = re.sub(r"[\s:.-]", "", written).upper()
    if not _MAC.fullmatch(plain):
        raise BadInput(f"{written!r} is not a MAC address; it has 12 hex digits, like A848FA010203")
    return plain


class Devices:
    """Every device."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, mac: str, meter: str, digest: bytes, claim: bytes | None = None) -> Device:
        """A new device that reads `meter`; its user name is its MAC.

        `claim` is the digest of its claim code.

        Conflict when the device exists or another one reads that meter; NotFound for the meter.
        """
        plain = mac_of(mac)
        read = await Meters(self._database).get(meter)
        if read.formula is not None:
            raise Conflict(f"meter {meter!r} is a formula over others: no device can read it")
        stream = read.stream
        if await self._database.one("SELECT 1 FROM devices WHERE mac = %s", (plain,)):
            clash = f"device {plain} exists already; remove it first to give it a new password"
        else:
            clash = f"another device reads meter {meter!r} already"
        with explained(clash):
            await self._database.change(
                "INSERT INTO devices (mac, stream, username, secret, claim)"
                " VALUES (%s, %s, %s, %s, %s)",
                (plain, stream, plain, digest, claim),
            )
        return await self.get(plain)

    async def all(self) -> list[Device]:
        """All of them, by MAC."""
        return [_device(row) for row in await self._database.rows(f"{DEVICES} ORDER BY d.mac")]

    async def page(
        self, organisation: int | None, after: str, limit: int, *, claimed_by: int | None = None
    ) -> list[Device]:
        """Up to `limit` by MAC, from behind `after`; of one organisation, or of all.

        With `claimed_by` only those that this person has claimed.
        """
        found = await self._database.rows(
            f"{DEVICES} WHERE (%(of)s::int4 IS NULL OR s.organisation = %(of)s)"
            " AND (%(person)s::int4 IS NULL OR EXISTS (SELECT FROM claims c"
            " WHERE c.mac = d.mac AND c.person = %(person)s))"
            " AND d.mac > %(after)s ORDER BY d.mac LIMIT %(limit)s",
            {"of": organisation, "after": after, "limit": limit, "person": claimed_by},
        )
        return [_device(row) for row in found]

    async def known(self) -> Mapping[str, Device]:
        """MAC -> device, for whoever looks many up."""
        return {device.mac: device for device in await self.all()}

    async def get(self, mac: str) -> Device:
        """The one with this MAC; NotFound."""
        found = await self._database.one(f"{DEVICES} WHERE d.mac = %s", (mac_of(mac),))
        if found is None:
            raise NotFound(f"there is no device {mac}; `ohmstead admin device list` shows them")
        return _device(found)

    async def remove(self, mac: str) -> None:
        """Remove it; its meter and readings stay.  NotFound."""
        device = await self.get(mac)
        async with self._database.transaction() as connection:
            await connection.execute("DELETE FROM devices WHERE mac = %s", (device.mac,))
            await connection.execute(
                "DELETE FROM break_outs WHERE username = %s", (device.username,)
            )
            await changed(connection, device.username)

    async def renew(self, mac: str, digest: bytes, claim: bytes | None = None) -> Device:
        """Give it another password, and with `claim` another code; the old ones end.  NotFound."""
        device = await self.get(mac)
        async with self._database.transaction() as connection:
            await connection.execute(
                "UPDATE devices SET secret = %s, claim = coalesce(%s, claim) WHERE mac = %s",
                (digest, claim, device.mac),
            )
            await changed(connection, device.username)
        return device

    async def claim(self, mac: str, digest: bytes, person: int, at: datetime) -> Device:
        """Note that `person` has shown the claim code with this digest; claiming twice is fine.

        Forbidden, in the same words, for a wrong code and for a device that does not exist.
        """
        plain = mac_of(mac)
        found = await self._database.one("SELECT claim FROM devices WHERE mac = %s", (plain,))
        kept = bytes(found["claim"]) if found and found["claim"] else bytes(len(digest))
        if not compare_digest(kept, digest):
            raise Forbidden(f"{plain} is not a device here, or the claim code is not its own")
        await self._database.change(
            "INSERT INTO claims (mac, person, claimed_at) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (plain, person, at),
        )
        return await self.get(plain)

    async def claimed(self, person: int) -> Mapping[str, datetime]:
        """MAC -> when `person` claimed it."""
        found = await self._database.rows(
            "SELECT mac, claimed_at FROM claims WHERE person = %s ORDER BY mac", (person,)
        )
        return {row["mac"]: row["claimed_at"] for row in found}

    async def release(self, mac: str, person: int) -> None:
        """Undo a claim, and take the device out of the integrations that `person` manages."""
        plain = mac_of(mac)
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                "DELETE FROM claims WHERE mac = %s AND person = %s", (plain, person)
            )
            if gone.rowcount == 0:
                raise NotFound(f"device {plain} is not claimed by you")
            await connection.execute(
                "DELETE FROM integration_devices x USING integrations i"
                " WHERE i.id = x.integration AND i.owner = %s AND x.mac = %s",
                (person, plain),
            )
            await changed(connection, "")

    async def take_client_id(self, device: Device, client_id: str) -> bool:
        """Whether `device` may have this MQTT client id: not while another device has it.

        A device has the one that it signed in with last.
        """
        try:
            await self._database.change(
                "UPDATE devices SET client_id = %(id)s"
                " WHERE mac = %(mac)s AND client_id IS DISTINCT FROM %(id)s",
                {"id": client_id, "mac": device.mac},
            )
        except UniqueViolation:
            return False
        return True

    async def username_of(self, client_id: str) -> str | None:
        """The user name of the device that signed in with this client id last."""
        found = await self._database.one(
            "SELECT username FROM devices WHERE client_id = %s", (client_id,)
        )
        return found["username"] if found else None

    async def channel(self, device: Device, bus: int, kind: str, unit: str | None) -> Meter:
        """The meter that `device` reads on a channel (gas, water, heat), made when it is new.

        Its id is the device's meter's with the kind behind it; a meter of that id which another
        device read before is gone on with.
        """
        found = await self._database.one(
            f"{METERS} JOIN channels c ON c.stream = m.stream WHERE c.mac = %s AND c.bus = %s",
            (device.mac, bus),
        )
        if found is not None:
            return meter_of(found)
        meter = await self._channel_meter(device, bus, kind, unit)
        await self._database.change(
            "INSERT INTO channels (mac, bus, stream) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (device.mac, bus, meter.stream),
        )
        return meter

    async def _channel_meter(self, device: Device, bus: int, kind: str, unit: str | None) -> Meter:
        medium = BY_MEDIUM.get(kind, BY_MEDIUM["other"])
        if any(medium.units) and unit not in medium.units:
            medium = BY_MEDIUM["other"]
        meters = Meters(self._database)
        for id in (f"{device.meter}-{medium.kind}", f"{device.meter}-{medium.kind}-{bus}"):
            try:
                meter = await meters.get(id)
            except NotFound:
                return await meters.add(
                    id,
                    device.site.id,
                    medium.kind,
                    CHANNEL_INTERVAL_S,
                    name=medium.label,
                    unit=unit,
                )
            taken = await self._database.one(
                "SELECT 1 FROM channels WHERE stream = %s", (meter.stream,)
            )
            if (meter.type, meter.unit) == (medium.kind, unit) and taken is None:
                return meter
        raise Conflict(f"meter {id!r} exists and is another one; rename or remove it")

    async def credential(self, username: str) -> Credential | None:
        """Who signs in as `username`, and the digest to check the password against."""
        try:
            found = await self._database.one(f"{DEVICES} WHERE d.username = %s", (username,))
        except BadInput:  # not even a text: a stranger may send anything
            return None
        return Credential(_device(found), bytes(found["secret"])) if found else None


def _device(row: Record) -> Device:
    meter: Meter = meter_of(row)
    return Device(row["mac"], row["username"], meter.site, meter.id, meter.stream, meter.interval_s)
