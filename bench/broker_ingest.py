"""What one message of a device costs: `python bench/broker_ingest.py [--json]`.

One run, the same devices (MQTT 3.1.1, QoS 1, TLS, 50 messages in flight each): to a stored row in
`ohmstead cloud`, with the broker's fsync before PUBACK and without; to a row and to the subscriber
of an integration; and through Mosquitto to a subscriber, nothing stored.  CPU is each process's
own, from /proc.
"""

import asyncio
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load import mqtt, place
from tests.whole.conftest import Cloud
from tests.whole.programs import admin, free_ports, running

from ohmstead.clock import SystemClock
from ohmstead.house.authority import Authority
from ohmstead.store.server import running as database_of

DEVICES, EACH = 20, 500
IDLE = 1000
WAIT_S = 300
COUNTED = "SELECT sum(accepted + late + duplicate) FROM counters"
Figures = dict[str, object]


async def stored(data: Path, count: int) -> None:
    """Wait until so many rows are there."""
    url = str(database_of(data))
    async with (
        asyncio.timeout(WAIT_S),
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
    ):
        while True:
            found = await (await connection.execute(COUNTED)).fetchone()
            if found and int(found[0] or 0) >= count:
                return
            await asyncio.sleep(0.05)


def row(case: str, count: int, took_s: float, parts: dict[str, float]) -> Figures:
    """One line of the table."""
    each = {f"{name}_us": round(used / count * 1e6, 1) for name, used in parts.items()}
    total = round(sum(parts.values()) / count * 1e6, 1)
    return {"case": case, "messages_per_s": round(count / took_s), **each, "total_us": total}


async def cloud_ways(folder: Path, *, fsync: bool) -> tuple[list[Figures], int]:
    """Device to row; without fsync also to row and subscriber, and the memory of idle
    connections."""
    http, https, mqtts = free_ports(3)
    cloud = Cloud(folder / f"cloud-{fsync}", (http, https, mqtts))
    ids, count = place.macs(DEVICES), DEVICES * EACH
    async with running(*cloud.arguments, *([] if fsync else ["--no-broker-sync"])) as program:
        await program.says(r"^CA certificate")
        password = await place.add_devices(cloud.data, ids)
        ca = (cloud.data / "pki" / "ca.crt").read_text()
        logins = [mqtt.Login("localhost", mqtts, ca, mac, password) for mac in ids]
        send = partial(run, logins, [f"up/{mac}" for mac in ids])
        before = place.shares(program.process.pid)
        with place.timer() as took:
            await asyncio.to_thread(send)
            await stored(cloud.data, count)
        used = spent(before, program.process.pid)
        case = f"device -> stored, fsync {'first' if fsync else 'later'}"
        figures = [row(case, count, took[0], used)]
        if fsync:
            return figures, 0
        figures.append(await with_integration(cloud, ids, program.process.pid, send, ca))
        memory = await asyncio.to_thread(idle_kb, program.child("nats-server"), logins[0])
    return figures, memory


def spent(before: dict[str, float], pid: int) -> dict[str, float]:
    """CPU seconds of each part since `before`."""
    after = place.shares(pid)
    return {name: after[name] - before[name] for name in before}


def run(logins: list[mqtt.Login], topics: list[str]) -> None:
    """All devices send all of theirs."""
    mqtt.devices(logins, topics, lambda _: place.payloads(EACH)).join()


async def with_integration(
    cloud: Cloud, ids: list[str], pid: int, send: "partial[None]", ca: str
) -> Figures:
    """The same once more, passed on to an integration that has every device."""
    count = len(ids) * EACH
    await admin(cloud.data, "user", "add", "owner@example.org", "--role", "admin")
    sheet = await admin(
        cloud.data, "integration", "add", "--owner", "owner@example.org", "--interval", "0"
    )
    for mac in ids:
        await admin(cloud.data, "integration", "attach", sheet["id"], mac)
    login = mqtt.Login("localhost", cloud.ports[2], ca, sheet["username"], sheet["password"])
    ready = multiprocessing.get_context("fork").Event()
    # times of a second run are later ones: none was passed on before
    receiver = multiprocessing.get_context("fork").Process(
        target=mqtt.subscribe, args=(login, sheet["topic"], count, ready.set)
    )
    receiver.start()
    await asyncio.to_thread(ready.wait, WAIT_S)
    before = place.shares(pid)
    with place.timer() as took:
        await asyncio.to_thread(send)
        await stored(cloud.data, 2 * count)
        await asyncio.to_thread(receiver.join, WAIT_S)
    if receiver.is_alive():
        receiver.kill()
        raise SystemExit("the subscriber did not receive everything")
    return row("device -> stored and integration", count, took[0], spent(before, pid))


def idle_kb(broker: int, login: mqtt.Login) -> int:
    """Memory in kB that IDLE connections of one device's user take at the broker."""
    before = place.resident_kb(broker)
    held = [mqtt.connected(login, client_id=f"{login.username}:{n}") for n in range(IDLE)]
    after = place.resident_kb(broker)
    for sock in held:
        sock.close()
    return after - before


CONFIGURATION = """
listener {port} 127.0.0.1
certfile {certificate}
keyfile {key}
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
"""


@contextmanager
def mosquitto(folder: Path, port: int, files: tuple[Path, Path]) -> Iterator[int]:
    """A Mosquitto with TLS and no passwords; its pid."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    assert program is not None
    configuration = folder / "mosquitto.conf"
    configuration.write_text(CONFIGURATION.format(port=port, certificate=files[0], key=files[1]))
    process = subprocess.Popen([program, "-c", configuration], stderr=subprocess.PIPE)
    assert process.stderr is not None
    for line in process.stderr:
        if b"running" in line:
            break
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def forwarded(folder: Path) -> Figures:
    """Mosquitto: device to subscriber, nothing stored."""
    authority = Authority(folder / "pki", SystemClock())
    files = authority.ensure()
    (port,) = free_ports(1)
    count = DEVICES * EACH
    for path in (files.certificate, files.key, files.key.parent):
        path.chmod(0o755)  # it gives up being root
    with mosquitto(folder, port, (files.certificate, files.key)) as pid:
        ca = authority.ca_certificate
        logins = [mqtt.Login("localhost", port, ca, f"gw{n}", "x") for n in range(DEVICES)]
        ready = multiprocessing.get_context("fork").Event()
        to = mqtt.Login("localhost", port, ca, "sub", "x")
        receiver = multiprocessing.get_context("fork").Process(
            target=mqtt.subscribe, args=(to, "up/#", count, ready.set)
        )
        receiver.start()
        ready.wait(WAIT_S)
        before = place.cpu_s(pid)
        with place.timer() as took:
            run(logins, [f"up/{login.username}" for login in logins])
            receiver.join(WAIT_S)
        used = {"broker": place.cpu_s(pid) - before}
    return row("Mosquitto, forwarded only", count, took[0], used)


def main() -> None:
    """Print the figures, as a table or as JSON."""
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        figures, _ = asyncio.run(cloud_ways(folder, fsync=True))
        further, memory = asyncio.run(cloud_ways(folder, fsync=False))
        figures += further
        if shutil.which("mosquitto", path="/usr/sbin:/usr/bin"):
            figures.append(forwarded(folder))
    if "--json" in sys.argv:
        told = {"bench": "broker_ingest", "figures": figures, "idle_kb_per_1000": memory}
        print(json.dumps(told))
        return
    names = ("messages_per_s", "broker_us", "cloud_us", "database_us", "total_us")
    print(f"{DEVICES} devices, {EACH} messages each".ljust(36), *(f"{n:>15}" for n in names))
    for each in figures:
        print(f"{each['case']:<36}", *(f"{each.get(name, '-'):>15}" for name in names))
    print(f"memory of {IDLE} idle connections at the broker: {memory / 1000:.1f} MB")


if __name__ == "__main__":
    main()
