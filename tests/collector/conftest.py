"""A database with a meter and its device, and messages as the broker hands them over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ohmstead.clock import SetClock
from ohmstead.collector.intake import Intake, Stored
from ohmstead.store.committer import Committer
from ohmstead.store.database import Database
from ohmstead.store.dead_letters import DeadLetters
from ohmstead.store.devices import Device, Devices
from ohmstead.store.meters import Meters
from ohmstead.store.sites import Organisations, Sites
from ohmstead.surfaces.report import parse

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAC = "A848FA010203"


@dataclass(frozen=True)
class Said:
    """A message of a device."""

    payload: bytes
    topic: str = f"up/{MAC}"
    received_at: datetime = NOW


def report(at: datetime, power_kw: float = 1.5, **more: object) -> bytes:
    """The shortest report with a power."""
    said = {"timestamp": at.timestamp(), "instantaneous_power": {"active": {"positive": {}}}}
    said["instantaneous_power"]["active"]["positive"]["total"] = power_kw  # type: ignore[index]
    return msgspec.json.encode({"report": said | more, "system": {"id": MAC}})


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@dataclass
class Place:
    """The parts around an intake, as house joins them."""

    database: Database
    device: Device
    clock: SetClock
    live: list[Stored] = field(default_factory=list)

    def intake(self, **instead: object) -> Intake:
        parts: dict[str, object] = {
            "known": Devices(self.database).known,
            "committer": Committer(self.database, self.clock),
            "letters": DeadLetters(self.database),
            "clock": self.clock,
            "parse": parse,
            "on_stored": self.live.extend,
            "find_channel": Devices(self.database).channel,
        }
        return Intake(**(parts | instead))  # type: ignore[arg-type]

    async def stored(self) -> list[datetime]:
        rows = await self.database.rows(
            "SELECT at FROM readings WHERE stream = %s ORDER BY at", (self.device.stream,)
        )
        return [row["at"] for row in rows]

    async def reasons(self) -> list[str]:
        """Why messages were not taken, oldest first."""
        return [each.reason for each in reversed(await DeadLetters(self.database).newest())]


@pytest.fixture
async def place(database: Database) -> Place:
    organisation = await Organisations(database).add("Example")
    site = await Sites(database).add("House", organisation.id, "Europe/Zurich")
    await Meters(database).add("grid", site.id, "electricity", 10.0)
    device = await Devices(database).add(MAC, "grid", b"digest")
    return Place(database, device, SetClock(NOW))


class Batch:
    """A batch whose end can be waited for."""

    def __init__(self, *messages: Said) -> None:
        self.messages: Sequence[Said] = messages
        self.finished = asyncio.Event()

    async def done(self) -> None:
        self.finished.set()
