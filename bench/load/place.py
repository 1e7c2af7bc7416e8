"""A cloud for benches: started as its users start it, with devices in it, and what it uses."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from tests.whole.programs import command_of, descendants

from ohmstead.access import secrets
from ohmstead.clock import SystemClock
from ohmstead.gateway.meter import Meter
from ohmstead.house.admin import Admin
from ohmstead.house.installation import Place, opened
from ohmstead.simulate import Simulated
from ohmstead.store.server import running as database_of
from ohmstead.surfaces import report
from ohmstead.surfaces.device import Device

TICKS = os.sysconf("SC_CLK_TCK")
ZONE = ZoneInfo("Europe/Zurich")
MARK = 1_111_111_111.111


def macs(count: int) -> list[str]:
    """So many device ids."""
    return [f"02BE{number:08X}" for number in range(count)]


async def add_devices(data: Path, ids: Sequence[str]) -> str:
    """Register devices, all with the password that is given back."""
    clock, password = SystemClock(), secrets.new_secret()
    async with opened(Place(data), program="admin", clock=clock) as home:
        admin = Admin(home, clock)
        organisation = await admin.add_organisation("Bench")
        site = await admin.add_site("Site", organisation["id"], "Europe/Zurich")
        first = await admin.add_device(ids[0], site["id"], None)
        assert first["id"] == ids[0]
        digest = secrets.digest(home.key, password)
    with psycopg.connect(str(database_of(data)), autocommit=True) as connection:
        connection.execute("UPDATE devices SET secret = %s", (digest,))
        connection.execute(
            "INSERT INTO meters (id, site, type, interval_s, reading, unit, name)"
            " SELECT x.id, m.site, m.type, m.interval_s, m.reading, m.unit, x.id"
            " FROM meters m, unnest(%s::text[]) AS x(id)",
            (list(ids[1:]),),
        )
        connection.execute(
            "INSERT INTO devices (mac, stream, username, secret)"
            " SELECT id, stream, id, %s FROM meters WHERE id = ANY(%s)",
            (digest, list(ids[1:])),
        )
    return password


def payloads(each: int) -> Iterator[bytes]:
    """Reports of a three-phase meter, a second apart, up to now; about 1.2 kB each."""
    clock = SystemClock()
    meter = Meter("bench", ZONE, clock)
    *_, reading = meter.feed(Simulated("hdlc-aidon", 1).telegram(datetime(2025, 6, 1, tzinfo=UTC)))
    now = clock.now()
    device = Device(
        id="0200BEBEBEBE", now=now, started_at=now, boot_id="00000000", zone=ZONE, firmware="0"
    )
    document = report.document(reading, device)
    document["report"]["timestamp"] = MARK
    before, after = msgspec.json.encode(document).split(str(MARK).encode())
    begin = now - timedelta(seconds=each + 60)
    for number in range(each):
        yield before + f"{begin.timestamp() + number:.3f}".encode() + after


def cpu_s(pid: int) -> float:
    """CPU seconds of a process.  Source: proc(5), stat, fields 14 and 15."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def shares(cloud: int) -> dict[str, float]:
    """CPU seconds so far of the cloud's process, its broker and its database."""
    used = {"cloud": cpu_s(cloud), "broker": 0.0, "database": 0.0}
    for pid in descendants(cloud):
        name = "broker" if Path(command_of(pid)).name.startswith("nats") else "database"
        used[name] += cpu_s(pid)
    return used


def resident_kb(pid: int) -> int:
    """Memory of a process, kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


@contextmanager
def timer() -> Iterator[list[float]]:
    """The seconds a block took, in the list, once it is over."""
    took: list[float] = []
    clock = SystemClock()
    began = clock.monotonic_s()
    yield took
    took.append(clock.monotonic_s() - began)
