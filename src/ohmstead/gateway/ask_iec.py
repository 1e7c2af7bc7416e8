"""Meters that are signed on to by IEC 62056-21, modes A to C: a few words at 300 baud, then a whole
readout at the rate that both can do.

Source: IEC 62056-21, 6.3 and 6.4.
"""

import asyncio
from dataclasses import replace

from ohmstead.gateway.ask import TRIES, Answers, Ended
from ohmstead.gateway.line import Line
from ohmstead.gateway.source import Setting
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.iec62056_21_sign_on import FIRST_BAUDRATE, SignOn, Step

WAKE_S = 2.5
"""A meter answers within 1.5 s; at 300 baud its name then takes a second."""
READOUT_S = 300.0
"""Eight kilobytes at 300 baud."""
GAP_S = 3.0
"""A meter pauses for 1.5 s at most between two characters."""


class AskIec:
    """A conversation by IEC 62056-21."""

    settings = (Setting(FIRST_BAUDRATE, "even", databits=7),)

    def __init__(self, address: str | None, *, fastest: int) -> None:
        """`fastest` is what the line can change to; one that cannot change stays at 300 baud."""
        self._address = address or ""
        self._fastest = fastest

    async def round(self, line: Line) -> Answers:
        """One sign-on, and the readout that follows."""
        for _ in range(TRIES):
            sign_on = SignOn(self._address, self._fastest)
            await self._step(line, sign_on.begin())
            step = await self._named(line, sign_on)
            if step is not None and sign_on.identification is not None:
                await self._step(line, step)
                return await self._readout(line, sign_on.identification)
        return []

    async def _step(self, line: Line, step: Step) -> None:
        await asyncio.sleep(step.pause_s)
        if step.baudrate == FIRST_BAUDRATE and not step.pause_s:
            await line.set(self.settings[0])
        if step.write:
            await line.write(step.write)
            await line.written()
        if step.pause_s:
            await line.set(replace(self.settings[0], baudrate=step.baudrate), keep=True)

    async def _named(self, line: Line, sign_on: SignOn) -> Step | None:
        """What to do once the meter has said its name; None if it does not."""
        try:
            while True:
                piece = await line.read(WAKE_S)
                if not piece:
                    raise Ended("it ended")
                if step := sign_on.feed(piece):
                    return step
        except TimeoutError:
            return None

    async def _readout(self, line: Line, identification: bytes) -> Answers:
        readout = Readout()
        found: Answers = [*readout.feed(identification)]
        try:
            async with asyncio.timeout(READOUT_S):
                while not found:
                    piece = await line.read(GAP_S)
                    if not piece:
                        raise Ended("it ended")
                    found += readout.feed(piece)
        except TimeoutError:
            found += readout.close()
        return found
