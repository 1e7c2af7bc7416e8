"""50 clients that poll and one that listens.  Source: REST/MQTT 2.0, 3.1 and 3.2.

`make bench ARGS=gateway_clients` does the same for a minute.
"""

import asyncio
from collections import Counter
from pathlib import Path

from tests.gateway.outside.crowd import AHEAD, Listener, metered, polling, resident_kb
from tests.house.program import MEMORY_KB, WAIT_S, program, report_of

CLIENTS, ASKS = 50, 20
TELEGRAMS, TOGETHER = 200, 4
GROWTH_KB = 12_000


async def nothing() -> None:
    """No pause."""


async def test_fifty_clients_poll_and_one_stream_loses_no_event(tmp_path: Path) -> None:
    """3.2: an event for every telegram, in order, also for those that come together; every request
    is answered, and the memory stays where it was."""
    answers: Counter[int] = Counter()
    listener = Listener()
    async with metered() as meter, program(tmp_path / "gw", "--source", meter.source) as gateway:
        url = await gateway.url()
        await meter.send(1)
        await report_of(url)
        listening = asyncio.create_task(listener.listen(url))
        await listener.until(1)
        await asyncio.gather(*(polling(url, answers, lambda n: n < 4, nothing) for _ in range(10)))
        before_kb = resident_kb(gateway.process.pid)
        crowd = asyncio.gather(
            *(polling(url, answers, lambda n: n < ASKS, nothing) for _ in range(CLIENTS))
        )
        while meter.sent < TELEGRAMS:
            await meter.send(TOGETHER)
            await listener.until(meter.sent - AHEAD)
        async with asyncio.timeout(WAIT_S * 2):
            await crowd
        await listener.until(meter.sent)
        report = await report_of(url)
        after_kb = resident_kb(gateway.process.pid)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert listener.heard == list(range(1, meter.sent + 1))
    assert report["report"]["id"] == meter.sent
    assert answers == {200: CLIENTS * ASKS + 40}
    assert after_kb - before_kb < GROWTH_KB
    assert after_kb < MEMORY_KB
