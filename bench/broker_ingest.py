"""What one device message costs from PUBLISH to acknowledged batch: `python bench/broker_ingest.py
[--json]`.

Devices are MQTT clients in a process of their own, QoS 1 over TLS, with up to 20 messages in flight
each; here a reader takes batches and has them done at once (no database).  The broker's CPU is the
child's from /proc, the reader's this process's (CPU time, all threads).
"""

import asyncio
import json
import multiprocessing
import os
import ssl
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as paho
import structlog

from ohmstead.broker.callout import Callout, Grant, Login
from ohmstead.broker.child import free_port
from ohmstead.broker.messages import Messages
from ohmstead.broker.server import BrokerOptions, NatsServer
from ohmstead.clock import SystemClock
from ohmstead.house.authority import Authority

DEVICES = 8
EACH = 1500
IN_FLIGHT = 20
PAYLOAD = json.dumps({"report": {f"quantity_{n}": 1234.567 + n for n in range(50)}}).encode()


def device(number: int, port: int, ca: str) -> None:
    """Publish EACH messages and return when all of them are acknowledged."""
    finished = threading.Event()
    left = EACH
    name = f"GW{number}"

    def acknowledged(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            finished.set()

    client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name)
    client.username_pw_set(name, "bench")
    client.tls_set_context(ssl.create_default_context(cadata=ca))
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_publish = acknowledged
    client.connect("localhost", port)
    client.loop_start()
    for _ in range(EACH):
        client.publish(f"up/{name}", PAYLOAD, qos=1)
    if not finished.wait(120):
        sys.exit(f"{name}: {left} messages were not acknowledged")
    client.disconnect()
    client.loop_stop()


def devices(port: int, ca: str) -> None:
    """All devices, a thread each."""
    threads = [
        threading.Thread(target=device, args=(number, port, ca)) for number in range(DEVICES)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def cpu_s(pid: int) -> float:
    """CPU seconds a process used.  Source: proc(5), stat, fields 14 and 15."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def allow(login: Login) -> Grant:
    """Every device may publish on its own topic."""
    return Grant(publish=(f"up/{login.username}",))


async def measure(options: BrokerOptions, ca: str) -> dict[str, object]:
    """One run."""
    clock, count = SystemClock(), DEVICES * EACH
    async with (
        NatsServer(options, clock) as server,
        Callout(server.link, server.key, clock, allow),
        Messages(server.link, clock, options.limits) as messages,
    ):
        assert server.pid is not None
        sender = multiprocessing.get_context("spawn").Process(
            target=devices, args=(options.port, ca)
        )
        broker_s, own_s = cpu_s(server.pid), time.process_time()
        sender.start()
        taken = batches = 0
        began = 0.0
        async with asyncio.timeout(180):
            while taken < count:
                batch = await anext(aiter(messages))
                began = began or time.perf_counter()
                taken += len(batch.messages)
                batches += 1
                await batch.done()
        took_s = time.perf_counter() - began
        figures = {
            "case": "fsync before PUBACK" if options.sync_always else "fsync every 2 minutes",
            "messages_per_s": round(count / took_s),
            "messages_per_batch": round(count / batches, 1),
            "broker_cpu_us": round((cpu_s(server.pid) - broker_s) / count * 1e6, 1),
            "reader_cpu_us": round((time.process_time() - own_s) / count * 1e6, 1),
        }
        await asyncio.to_thread(sender.join, 30)
    return figures


async def run() -> list[dict[str, object]]:
    """Both ways of keeping what arrives."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder / "pki", SystemClock())
        files = authority.ensure()
        options = BrokerOptions(
            folder=folder / "always",
            certificate=files.certificate,
            key=files.key,
            port=free_port(),
        )
        other = replace(options, folder=folder / "lazy", sync_always=False)
        return [await measure(each, authority.ca_certificate) for each in (options, other)]


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    figures = asyncio.run(run())
    if "--json" in sys.argv:
        told = {"bench": "broker_ingest", "python": sys.version.split()[0], "figures": figures}
        print(json.dumps(told))
        return
    names = tuple(figures[0])[1:]
    print(f"{DEVICES} devices, {len(PAYLOAD)} bytes".ljust(24), *(f"{n:>19}" for n in names))
    for each in figures:
        print(f"{each['case']:<24}", *(f"{each[name]:>19}" for name in names))


if __name__ == "__main__":
    main()
