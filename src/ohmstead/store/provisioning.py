"""What provisioning a device asks and changes: its password, and whether its data arrive."""

from datetime import datetime

from ohmstead.store.changes import changed
from ohmstead.store.database import Database


class ProvisionedDevices:
    """Devices that are being provisioned."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_secret(self, mac: str, digest: bytes) -> None:
        """Give a device another password, at once and instead of the old one.

        A connection that the old one opened ends.
        """
        async with self._database.transaction() as connection:
            await connection.execute("UPDATE devices SET secret = %s WHERE mac = %s", (digest, mac))
            await changed(connection, mac)

    async def arrived(self, stream: int) -> tuple[datetime, bytes] | None:
        """When the newest reading of a stream came, and the message it came in; None before."""
        found = await self._database.one(
            "SELECT received_at, raw FROM newest WHERE stream = %s", (stream,)
        )
        return None if found is None else (found["received_at"], bytes(found["raw"] or b""))
