"""Ten thousand devices sign in again after their broker was killed: `python bench/login_storm.py
[--json] [--devices N]`.

All sign in once; then `kill -9` of the broker, and all come back, as often as it takes.  CPU is
that of the cloud's process (the callout) and of the broker, from /proc; the clients (MQTT over TLS,
40 threads) share the machine.
"""

import asyncio
import json
import os
import resource
import signal
import ssl
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.load import mqtt, place
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, free_ports

DEVICES, THREADS = 10_000, 40
WAIT_S = 900


class Crowd:
    """Many devices, each with its connection."""

    def __init__(self, logins: Sequence[mqtt.Login]) -> None:
        self._logins = logins
        self._held: dict[int, ssl.SSLSocket] = {}
        self.trouble: Counter[str] = Counter()

    def sign_in(self) -> None:
        """Everybody at once; returns when all are connected."""
        threads = [
            threading.Thread(target=self._some, args=(range(n, len(self._logins), THREADS),))
            for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _some(self, numbers: range) -> None:
        left = list(numbers)
        while left:
            again = []
            for number in left:
                try:
                    self._held[number] = mqtt.connected(self._logins[number])
                except (OSError, ValueError) as error:
                    self.trouble[type(error).__name__] += 1
                    again.append(number)
            left = again

    def leave(self) -> None:
        """Close every connection."""
        for sock in self._held.values():
            sock.close()
        self._held.clear()


async def storm(folder: Path, count: int) -> list[dict[str, object]]:
    """A first sign-in of all, and the storm after a kill."""
    http, https, mqtts = free_ports(3)
    cloud = Cloud(folder / "cloud", (http, https, mqtts))
    async with cloud.up() as program:
        ids = place.macs(count)
        password = await place.add_devices(cloud.data, ids)
        ca = (cloud.data / "pki" / "ca.crt").read_text()
        crowd = Crowd([mqtt.Login("localhost", mqtts, ca, mac, password) for mac in ids])
        first = await measured("first sign-in", program, crowd, count)
        os.kill(program.child("nats-server"), signal.SIGKILL)
        await asyncio.to_thread(crowd.leave)
        again = await measured("after kill -9 of the broker", program, crowd, count)
        await asyncio.to_thread(crowd.leave)
    return [first, again]


async def measured(case: str, program: Program, crowd: Crowd, count: int) -> dict[str, object]:
    """All sign in; what that took."""
    crowd.trouble.clear()
    before = place.shares(program.process.pid)
    with place.timer() as took:
        async with asyncio.timeout(WAIT_S):
            await asyncio.to_thread(crowd.sign_in)
    after = place.shares(program.process.pid)
    return {
        "case": case,
        "seconds": round(took[0], 1),
        "logins_per_s": round(count / took[0]),
        "callout_us": round((after["cloud"] - before["cloud"]) / count * 1e6),
        "broker_us": round((after["broker"] - before["broker"]) / count * 1e6),
        "database_us": round((after["database"] - before["database"]) / count * 1e6),
        "tries_that_failed": sum(crowd.trouble.values()),
    }


def main() -> None:
    """Print the figures, as a table or as JSON."""
    count = int(sys.argv[sys.argv.index("--devices") + 1]) if "--devices" in sys.argv else DEVICES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        figures = asyncio.run(storm(folder, count))
    if "--json" in sys.argv:
        print(json.dumps({"bench": "login_storm", "devices": count, "figures": figures}))
        return
    names = tuple(figures[0])[1:]
    print(f"{count} devices".ljust(28), *(f"{name:>18}" for name in names))
    for each in figures:
        print(f"{each['case']:<28}", *(f"{each[name]:>18}" for name in names))


if __name__ == "__main__":
    main()
