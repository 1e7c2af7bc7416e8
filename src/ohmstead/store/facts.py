"""Facts about the installation that programs tell each other: broker address, CA, key."""

from ohmstead.store.database import Database

MQTT_URI = "mqtt_uri"
CA_CERTIFICATE = "ca_certificate"
PAGES_URL = "pages_url"
PUSH_URL = "push_url"
KEY = "key"
ARCHIVE = "archive_folder"
SQL_AT = "sql_at"
"""host:port at which readers reach our own PostgreSQL from outside; empty where they do not."""


class Facts:
    """The table `installation`, a text under each key."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> str | None:
        """The text under `key`, None when there is none."""
        found = await self._database.one("SELECT value FROM installation WHERE key = %s", (key,))
        return found["value"] if found else None

    async def set(self, key: str, value: str) -> None:
        """Put `value` under `key`."""
        await self._database.change(
            "INSERT INTO installation (key, value) VALUES (%s, %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, value),
        )

    async def keep_first(self, key: str, value: str) -> str:
        """Put `value` under `key` unless there is one; gives what is there then."""
        await self._database.change(
            "INSERT INTO installation (key, value) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (key, value),
        )
        return await self.get(key) or value
