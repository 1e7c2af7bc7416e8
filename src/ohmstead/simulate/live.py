"""A simulated meter in the present: it speaks into the lines that are open, and answers on them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from ohmstead.clock import Clock
from ohmstead.simulate.meter import Simulated, stream_of


class Line(Protocol):
    """One end of a line to a reader."""

    def send(self, data: bytes) -> None:
        """Hands bytes over; what a slow reader has no room for is lost, as on a serial line."""
        ...


Heard = Callable[[bytes], None]
"""Told what comes in on a line."""


class Live:
    """The meter, and the lines that are open to it."""

    def __init__(self, meter: Simulated, clock: Clock, speed: float = 1.0) -> None:
        self.meter = meter
        self._clock = clock
        self._speed = speed
        self._began = clock.now()
        self._lines: list[Line] = []
        self.sent = 0
        """Telegrams, whether anybody listened or not."""

    def now(self) -> datetime:
        """The moment the meter lives in."""
        lived = (self._clock.now() - self._began).total_seconds()
        return self._began + timedelta(seconds=lived * self._speed)

    def opened(self, line: Line) -> Heard:
        """A line begins; what comes in on it is answered on it."""
        self._lines.append(line)
        answer = self.meter.conversation()

        def heard(data: bytes) -> None:
            if said := answer(data, self.now()):
                line.send(said)

        return heard

    def closed(self, line: Line) -> None:
        """A line has ended."""
        self._lines.remove(line)

    async def prepare(self) -> None:
        """Works out the meter's past, off the loop."""
        await asyncio.to_thread(self.meter.moment, self._began)

    async def run(self) -> None:
        """Speaks, for as long as it lasts; a meter that is asked waits for its readers."""
        if self.meter.model.asked:
            await asyncio.Event().wait()
        async for telegram in stream_of(self.meter, self._clock, self._speed):
            for line in tuple(self._lines):
                line.send(telegram)
            self.sent += 1
