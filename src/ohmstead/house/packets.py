"""The push API, joined: from the connection to the database, for one process."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ohmstead.clock import Clock
from ohmstead.collector.intake import Stored
from ohmstead.collector.packet_batch import Batches
from ohmstead.collector.packet_csv import Tables
from ohmstead.collector.packet_entry import Entry
from ohmstead.collector.packet_notes import PacketNotes
from ohmstead.collector.packet_protocol import PacketProtocol
from ohmstead.collector.packet_queue import PacketQueue
from ohmstead.collector.packets import Packets
from ohmstead.collector.packets_api import App, PacketsApi
from ohmstead.house.background import Background
from ohmstead.store.committer import Committer
from ohmstead.store.credentials import Credentials
from ohmstead.store.database import Database
from ohmstead.store.latest_packet import LatestPackets
from ohmstead.store.meters import Meters
from ohmstead.store.packet_directory import PacketDirectory
from ohmstead.store.partial import Partials


@dataclass(frozen=True, slots=True)
class PushApi:
    """What an HTTP server needs to take packets: `entry` for its connections, and its app."""

    entry: Entry
    app: App

    def protocol(self, *arguments: Any, **named: Any) -> PacketProtocol:
        """What serves one connection.  See house/http.py."""
        return PacketProtocol(*arguments, **named, entry=self.entry)


@asynccontextmanager
async def push_api(
    database: Database,
    key: bytes,
    clock: Clock,
    others: App,
    *,
    trusted: Sequence[str] = (),
    on_stored: Callable[[Sequence[Stored]], None] | None = None,
    watched: Callable[[], frozenset[str]] | None = None,
) -> AsyncIterator[PushApi]:
    """The push API in front of `others`, for as long as the block lasts.

    What is stored of the meters `watched`, or of all, is told to `on_stored`.
    """
    directory, credentials = PacketDirectory(database), Credentials(database, key)
    committer = Committer(database, clock, own=True)
    queue = PacketQueue(committer, on_stored, Partials(database), watched)
    notes = PacketNotes(directory, credentials)
    packets = Packets(directory, queue, notes, key, clock)
    entry = Entry(packets, trusted)
    batches = Batches(Committer(database, clock), directory, clock)
    tables = Tables(Committer(database, clock), clock, Meters(database))
    api = PacketsApi(packets, directory, LatestPackets(database), entry, batches, tables, others)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(committer.close)
        tasks = await stack.enter_async_context(Background())
        tasks.run(packets.listen(), "changed meters")
        tasks.run(packets.run(), "unknown senders")
        tasks.run(queue.run(), "packets")
        tasks.run(notes.run(), "notes on senders")
        tasks.run(entry.sweep(), "idle connections")
        yield PushApi(entry, api)
        await notes.write()
