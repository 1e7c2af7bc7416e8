"""The newest reading of a stream with what arrived, for who asks for the latest packet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ohmstead.store import columns
from ohmstead.store.database import Database, listed

LATEST = f"SELECT at, raw, value, {listed(columns.OBIS)} FROM newest WHERE stream = %s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class LatestPacket:
    """`raw` is what arrived, byte for byte; None where nothing did."""

    at: datetime
    raw: bytes | None
    values: Mapping[str, float]
    value: float | None


class LatestPackets:
    """The newest reading of each stream."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, stream: int) -> LatestPacket | None:
        """The newest of a stream, None when it has none."""
        row = await self._database.one(LATEST, (stream,))
        if row is None:
            return None
        return LatestPacket(
            at=row["at"],
            raw=None if row["raw"] is None else bytes(row["raw"]),
            values={o: row[c] for c, o in columns.OBIS.items() if row[c] is not None},
            value=row["value"],
        )
