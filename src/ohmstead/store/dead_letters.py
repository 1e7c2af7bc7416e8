"""What could not be read or stored: kept, so that nothing that arrived is lost without a trace."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ohmstead.store.database import Database

BOUND = 10_000
PAYLOAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that was refused, and why.

    `source` is where it came in (`mqtt`, `http`); `stream` is the one it would have been, if known.
    """

    at: datetime
    source: str
    reason: str
    payload: bytes
    topic: str | None = None
    stream: int | None = None


class DeadLetters:
    """The newest `bound` of them; the oldest leave when more come."""

    def __init__(self, database: Database, bound: int = BOUND) -> None:
        self._database = database
        self._bound = bound

    async def keep(self, letters: Sequence[DeadLetter]) -> None:
        """Keep them (each payload's first 64 KiB), and count them as refused by their stream."""
        if not letters:
            return
        refused = Counter(letter.stream for letter in letters if letter.stream is not None)
        async with self._database.transaction() as connection:
            await connection.cursor().executemany(
                "INSERT INTO refused (at, source, topic, stream, reason, payload)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                [
                    (
                        c.at,
                        c.source,
                        _text(c.topic),
                        c.stream,
                        _text(c.reason),
                        c.payload[:PAYLOAD_BYTES],
                    )
                    for c in letters
                ],
            )
            await connection.execute(
                "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - %s", (self._bound,)
            )
            await connection.execute(
                "INSERT INTO counters (stream, refused)"
                " SELECT * FROM unnest(%s::int4[], %s::int8[])"
                " ON CONFLICT (stream) DO UPDATE SET refused = counters.refused + excluded.refused",
                (sorted(refused), [refused[stream] for stream in sorted(refused)]),
            )

    async def newest(self, limit: int = 100) -> list[DeadLetter]:
        """The last ones, newest first."""
        found = await self._database.rows(
            "SELECT at, source, reason, payload, topic, stream FROM refused"
            " ORDER BY id DESC LIMIT %s",
            (limit,),
        )
        return [DeadLetter(**{**row, "payload": bytes(row["payload"])}) for row in found]

    async def count(self) -> int:
        """How many are kept."""
        found = await self._database.one("SELECT count(*) AS letters FROM refused")
        return int(found["letters"]) if found else 0


def _text(said: str | None) -> str | None:
    return said and said.replace("\0", "\N{REPLACEMENT CHARACTER}")
