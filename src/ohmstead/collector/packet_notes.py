"""What is noted of senders beside their packets: when they came last, and fields nobody knows."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import structlog

from ohmstead.errors import Unavailable
from ohmstead.store.credentials import Credentials
from ohmstead.store.packet_directory import PacketDirectory, Target

log = structlog.get_logger(__name__)

WRITE_S = 2.0
"""Notes are written so often."""
FIELDS_MOST = 50
"""Unknown fields that are kept of a stream."""
SEEN_MOST = 100_000
FIELD_LONGEST = 100


class PacketNotes:
    """Collects notes, and writes them now and then."""

    def __init__(self, directory: PacketDirectory, credentials: Credentials) -> None:
        self._directory, self._credentials = directory, credentials
        self._used: dict[int, datetime] = {}
        self._seen: set[tuple[int, str]] = set()
        self._of_stream: Counter[int] = Counter()
        self._unknown: dict[tuple[int, str], datetime] = {}

    def used(self, credential: int, at: datetime) -> None:
        """A credential was used."""
        self._used[credential] = at

    def unknown(self, target: Target, fields: Iterable[str], at: datetime) -> None:
        """A packet had fields that nobody knows: said once a stream, and kept."""
        for name in fields:
            shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
            key = target.stream, shown[:FIELD_LONGEST]
            if key in self._seen or self._of_stream[target.stream] >= FIELDS_MOST:
                continue
            if len(self._seen) >= SEEN_MOST:
                self._seen.clear()
                self._of_stream.clear()
            self._seen.add(key)
            self._of_stream[target.stream] += 1
            self._unknown[key] = at
            log.warning("a packet has a field nobody knows", meter=target.id, field=key[1])

    async def run(self) -> None:
        """Write what was noted, again and again, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            await self.write()

    async def write(self) -> None:
        """Write what was noted since the last time; kept for the next time if that fails."""
        used, self._used = self._used, {}
        unknown, self._unknown = self._unknown, {}
        try:
            await self._credentials.used(used)
            if unknown:
                await self._directory.keep_unknown(unknown)
        except Unavailable as trouble:
            log.warning("notes on senders not written yet", why=str(trouble))
            self._used, self._unknown = used | self._used, unknown | self._unknown
