"""Serial lines: opened, set, lost when they are unplugged, and opened again when they are back."""

import asyncio
import termios
from pathlib import Path
from typing import TypedDict, cast

import serialx

from ohmstead.gateway.line import CLOSE_S, CannotSet, StreamLine
from ohmstead.gateway.source import Setting

PSEUDO_TERMINALS = Path("/dev/pts")


class _Wanted(TypedDict):
    baudrate: int
    parity: serialx.Parity
    stopbits: serialx.StopBits
    byte_size: int


def _is_pseudo(device: str) -> bool:
    return Path(device).resolve().parent == PSEUDO_TERMINALS


def _wanted(device: str, setting: Setting) -> _Wanted:
    """The setting in serialx's words.

    1.5 stop bits are set as 2: below POSIX there is nothing between, and a receiver of 1.5 takes 2.
    A pseudo-terminal carries whole bytes, and the C library refuses to set a parity on it.
    """
    if _is_pseudo(device):
        setting = Setting(setting.baudrate)
    return {
        "baudrate": setting.baudrate,
        "parity": serialx.Parity[setting.parity.upper()],
        "stopbits": serialx.StopBits.ONE if setting.stopbits == 1 else serialx.StopBits.TWO,
        "byte_size": setting.databits,
    }


class SerialLine(StreamLine):
    """A serial port."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, device: str
    ) -> None:
        super().__init__(reader, writer)
        self._device = device
        self._transport = cast(serialx.BaseSerialTransport, writer.transport)

    async def set(self, setting: Setting, *, keep: bool = False) -> None:
        """What came with the setting before is thrown away, unless it is to be kept and the line is
        a pseudo-terminal: there it was not garbled, and whoever answers needs no time for it."""
        if keep and _is_pseudo(self._device):
            port = self._transport.serial.fileno()
            wanted = termios.tcgetattr(port)
            wanted[4] = wanted[5] = getattr(termios, f"B{setting.baudrate}")
            termios.tcsetattr(port, termios.TCSANOW, wanted)
            return
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._transport.reconfigure_port(**_wanted(self._device, setting))
        except serialx.SerialException as error:
            raise CannotSet(f"{self._device} cannot be set to {setting}: {error}") from error
        buffered = getattr(self._reader, "_buffer", None)  # asyncio has no way to ask for it
        if isinstance(buffered, bytearray):
            buffered.clear()

    async def written(self) -> None:
        """Waits until the last bit of what was written has left."""
        async with asyncio.timeout(CLOSE_S):
            await self._transport.flush()

    async def close(self) -> None:
        self._transport.abort()
        async with asyncio.timeout(CLOSE_S):
            await self._transport.wait_closed()


async def open_serial(device: str, setting: Setting) -> SerialLine:
    """The port with this setting; OSError when it is not there, taken, or cannot do it.

    DTR and RTS are raised: optical heads and P1 cables draw their power, or their request to send,
    from them.
    """
    try:
        reader, writer = await serialx.open_serial_connection(
            url=device, exclusive=True, **_wanted(device, setting)
        )
    except serialx.SerialException as error:
        raise CannotSet(f"{device} cannot be opened with {setting}: {error}") from error
    return SerialLine(reader, writer, device)
