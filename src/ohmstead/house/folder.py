"""Who works in an installation's folder: one cloud, or one admin command after the other."""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ohmstead.errors import Conflict, Unavailable

Program = Literal["cloud", "demo", "admin"]
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Holder:
    """Which program has the folder, and its process."""

    program: Program
    pid: int


class FolderLock:
    """The file `DIR/lock`; the kernel frees it when its holder ends, however that happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def try_take(self, program: Program) -> bool:
        """Take the folder; False when somebody has it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, json.dumps({"program": program, "pid": os.getpid()}).encode())
        self._file = file
        return True

    def holder(self) -> Holder | None:
        """Who wrote into the file last; None while it is being written."""
        try:
            return Holder(**json.loads((self._folder / "lock").read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    async def take(self, program: Program, timeout_s: float) -> None:
        """Take the folder, waiting for an admin command to end; Conflict for anything longer."""
        await self.take_unless(program, lambda: None, timeout_s)

    async def take_unless(
        self, program: Program, other: Callable[[], str | None], timeout_s: float
    ) -> str | None:
        """Take the folder and give None, or give what `other` finds first.

        Conflict when a cloud has the folder and `program` is another one; Unavailable when nothing
        comes of it in time.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not self.try_take(program):
                    holder = self.holder()
                    if holder and holder.program != "admin":
                        if program != "admin":
                            raise Conflict(
                                f"`ohmstead {holder.program}` (process {holder.pid}) runs with the "
                                f"folder {self._folder} already; stop it, or give another one"
                            )
                        if found := other():
                            return found
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise Unavailable(
                f"another Ohmstead has the folder {self._folder} and did not get ready in "
                f"{timeout_s:g} s; look at what it says, or try again"
            ) from None
        return None

    def release(self) -> None:
        """Let the folder go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
