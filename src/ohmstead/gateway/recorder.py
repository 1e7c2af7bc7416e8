"""The recorder: readings become rows of a daily file in a folder, the SD card of the device.

Source: REST/MQTT 2.0, 6.2 (`services.sd`) and 6.13 (files `YYYYMMDD.CSV`).  Files are appended to
and nothing else: a full disk stops recording, says so, costs no older row, and recording goes on
once there is room.
"""

import asyncio
import errno
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import structlog

from ohmstead.clock import Clock
from ohmstead.gateway.board import Board
from ohmstead.gateway.http import Route
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import sd_card
from ohmstead.surfaces.device import Card, Device

LOOK_S = 3600.0
"""Without a reading the recorder looks so often whether it should go on waiting."""
SYNC_S = 10.0
"""Rows are made safe from a loss of power so often at most; from the end of the process at once."""
EARLY = timedelta(seconds=0.5)
"""A reading may be so much too early for its row: a meter is never quite on time."""
LONGEST_TAIL = 65_536
FULL = (errno.ENOSPC, errno.EDQUOT)
MEGABYTE = 1_000_000

_log = structlog.get_logger("gateway.recorder")


class State(StrEnum):
    """How recording stands."""

    OFF = "OFF"
    RECORDING = "RECORDING"
    FULL = "FULL"
    NOT_MOUNTED = "NOT MOUNTED"
    FAILING = "FAILING"


class Setting(Protocol):
    """What the recorder is told: `settings.device.SdCard`."""

    @property
    def enable(self) -> bool:
        """Whether to record."""
        ...

    @property
    def frequency(self) -> int:
        """Seconds between two rows."""
        ...


class Recorder:
    """Writes readings into a folder."""

    def __init__(
        self,
        folder: Path,
        board: Board,
        device: Callable[[], Device],
        setting: Callable[[], Setting],
        clock: Clock,
    ) -> None:
        """`setting` gives what counts at the moment it is called; so does `device`."""
        self._folder = folder
        self._board = board
        self._device = device
        self._setting = setting
        self._clock = clock
        self._due: datetime | None = None
        self._synced_s = float("-inf")
        self._enabled = False
        self._state = State.OFF
        self._trouble = ""
        self.heed()

    # --- what it says of itself

    def routes(self) -> Sequence[Route]:
        """None: `sdcard_api` serves what it writes."""
        return ()

    @property
    def state(self) -> Card:
        """The card now, for `/api/v1/system`."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return Card(installed=False, state=self._state, trouble=self._trouble)
        return Card(
            installed=True,
            size_mb=disk.f_blocks * disk.f_frsize // MEGABYTE,
            free_mb=disk.f_bavail * disk.f_frsize // MEGABYTE,
            state=self._state,
            trouble=self._trouble,
        )

    def heed(self) -> None:
        """Looks at the setting: switching on makes the folder, which then is what is mounted.

        The folder is made at that moment only.  One that goes away later (a card that is pulled out
        under a link) is not made again: that would record onto the wrong disk.
        """
        enabled = self._setting().enable
        if enabled and not self._enabled:
            self._due = None
            with suppress(OSError):  # the state says so at the first row
                self._folder.mkdir(parents=True, exist_ok=True)
            self._tell(State.RECORDING)
        elif not enabled:
            self._tell(State.OFF)
        self._enabled = enabled

    def _tell(self, state: State, trouble: str = "") -> None:
        if state is not self._state:
            bad = state not in (State.OFF, State.RECORDING)
            log = _log.warning if bad else _log.info
            log("recording", state=str(state), folder=str(self._folder), why=trouble)
        self._state, self._trouble = state, trouble

    # --- what it does

    async def run(self) -> None:
        """Records until the board is closed."""
        last: Reading | None = None
        while True:
            try:
                reading = await self._board.next(last, LOOK_S)
            except TimeoutError:
                continue
            if reading is None:
                return
            last = reading
            await self.take(reading)

    async def take(self, reading: Reading) -> None:
        """Records `reading` if a row is due."""
        self.heed()
        if not self._enabled or not self._is_due(reading.at):
            return
        device = self._device()
        day = reading.at.astimezone(device.zone)
        file = self._folder / f"{day:%Y%m%d}.CSV"
        sync = self._clock.monotonic_s() - self._synced_s >= SYNC_S
        try:
            await asyncio.to_thread(append, file, sd_card.row(reading, device), sync=sync)
        except OSError as error:
            self._tell(*self._meaning(error))
            return
        if sync:
            self._synced_s = self._clock.monotonic_s()
        self._tell(State.RECORDING)

    def _meaning(self, error: OSError) -> tuple[State, str]:
        if error.errno in FULL:
            return State.FULL, "the card is full; recording goes on once there is room"
        if not self._folder.is_dir():
            return State.NOT_MOUNTED, f"there is no folder {self._folder}"
        return State.FAILING, f"the card cannot be written: {error.strerror or error}"

    def _is_due(self, at: datetime) -> bool:
        """Whether it is time for a row; a late one does not make all that follow late."""
        every = timedelta(seconds=self._setting().frequency)
        early = min(EARLY, every / 10)
        due = self._due
        if due is not None and at + early < due <= at + every + early:
            return False
        self._due = due + every if due is not None and abs(at - due) < every else at + every
        return True


def append(file: Path, row: bytes, *, sync: bool) -> None:
    """Adds a row to `file`, which gets its header first; all of it or, with an OSError, nothing.

    A torn last line, left by a loss of power, is taken away before.
    """
    at = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        size = _whole(at)
        try:
            _write(at, row if size else sd_card.HEADER + row)
        except OSError:
            with suppress(OSError):  # what stays torn is taken away before the next row
                os.ftruncate(at, size)
                if not size:
                    file.unlink()
            raise
        if sync:
            os.fdatasync(at)
    finally:
        os.close(at)


def _write(at: int, payload: bytes) -> None:
    """All of `payload`; a disk that is nearly full takes a part before it refuses."""
    left = memoryview(payload)
    while left:
        left = left[os.write(at, left) :]


def _whole(at: int) -> int:
    """How long the file is once a torn last line is gone from it."""
    size = os.fstat(at).st_size
    if not size or os.pread(at, 1, size - 1) == b"\n":
        return size
    start = max(0, size - LONGEST_TAIL)
    end = os.pread(at, LONGEST_TAIL, start).rfind(b"\n")
    if end < 0 and start:
        _write(at, b"\n")  # no row of ours is so long: leave it, and go on in a new line
        return size + 1
    os.ftruncate(at, start + end + 1)
    return start + end + 1
