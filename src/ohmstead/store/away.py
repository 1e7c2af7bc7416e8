"""Since when clients with a session are away, and what was dropped that was kept for them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ohmstead.store.database import Database


class AwayNotes:
    """The clients that were away when somebody looked last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, away: Sequence[str], now: datetime) -> Mapping[str, datetime]:
        """Client id -> since when it is known to be away; who is not in `away` is back."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM away_clients WHERE client_id <> ALL(%s)", (list(away),)
            )
            await connection.execute(
                "INSERT INTO away_clients (client_id, since) SELECT unnest(%s::text[]), %s"
                " ON CONFLICT DO NOTHING",
                (list(away), now),
            )
            found = await connection.execute("SELECT client_id, since FROM away_clients")
            return dict(await found.fetchall())

    async def dropped(self, integration: str, messages: int) -> None:
        """Count messages that were dropped unread."""
        await self._database.change(
            "INSERT INTO integration_counts (integration, dropped)"
            " SELECT id, %s FROM integrations WHERE id = %s ON CONFLICT (integration)"
            " DO UPDATE SET dropped = integration_counts.dropped + excluded.dropped",
            (messages, integration),
        )
