"""50 clients that poll a gateway and one that listens, for a minute:
`python bench/gateway_clients.py [--json] [--seconds 60]`.

The real program runs as a process, at a meter behind TCP that sends 20 numbered telegrams a second.
Each client asks for report, system, variables and settings by turns, ten times a second.  Told: the
requests and what each cost in the gateway's CPU time, its memory before and after, and the events
of the live stream against the telegrams sent: none may be missing.
"""

import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.gateway.outside.crowd import Listener, cpu_s, metered, polling, resident_kb
from tests.house.program import program, report_of

CLIENTS = 50
EVERY_S = 0.1
TELEGRAMS_A_SECOND = 20
WARM_S = 5.0
PARTS = 6
"""The memory is looked at so often."""


async def pause() -> None:
    """Between two questions of a client, so that they do not march in step."""
    await asyncio.sleep(EVERY_S * random.uniform(0.5, 1.5))


async def measured(folder: Path, seconds: float) -> dict[str, Any]:
    """The figures."""
    answers: Counter[int] = Counter()
    listener = Listener()
    over = asyncio.Event()
    async with metered() as meter, program(folder / "gw", "--source", meter.source) as gateway:
        url = await gateway.url()
        pid = gateway.process.pid
        await meter.send(1)
        await report_of(url)
        idle_kb = resident_kb(pid)

        async def sending() -> None:
            while not over.is_set():
                await meter.send(1)
                await asyncio.sleep(1 / TELEGRAMS_A_SECOND)

        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listener.listen(url))
            await listener.until(1)
            sender = group.create_task(sending())
            for _ in range(CLIENTS):
                group.create_task(polling(url, answers, lambda _: not over.is_set(), pause))
            await asyncio.sleep(WARM_S)
            asked, began_s, used_s = answers.total(), time.monotonic(), cpu_s(pid)
            memory_kb = [resident_kb(pid)]
            for _ in range(PARTS):
                await asyncio.sleep(seconds / PARTS)
                memory_kb.append(resident_kb(pid))
            asked, lasted_s = answers.total() - asked, time.monotonic() - began_s
            used_s = cpu_s(pid) - used_s
            over.set()
            await sender
            await listener.until(meter.sent)
            listening.cancel()
    return {
        "requests": asked,
        "requests_per_s": round(asked / lasted_s),
        "statuses": dict(answers),
        "cpu_us_per_request": round(used_s / asked * 1e6),
        "telegrams": meter.sent,
        "events": len(listener.heard),
        "in_order": listener.heard == list(range(1, meter.sent + 1)),
        "idle_kb": idle_kb,
        "memory_kb": memory_kb,
    }


def main() -> None:
    """Print the figures, as a table or as JSON."""
    seconds = float(sys.argv[sys.argv.index("--seconds") + 1]) if "--seconds" in sys.argv else 60.0
    with tempfile.TemporaryDirectory(prefix="ohmstead-bench-") as name:
        figures = asyncio.run(measured(Path(name), seconds))
    if "--json" in sys.argv:
        print(json.dumps({"bench": "gateway_clients"} | figures))
        return
    print(f"{CLIENTS} clients polling and one listening, for {seconds:.0f} s")
    for name, value in figures.items():
        print(f"  {name:<20}{value}")


if __name__ == "__main__":
    main()
