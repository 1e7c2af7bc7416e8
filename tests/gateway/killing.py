"""Kills an update at each of its steps on the disk, and says what it left.

Run as a program, because it forks: `python killing.py FOLDER`.  A step is whatever Python tells its
audit hooks of: a file opened, a folder made, something renamed or removed, a process started.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.gateway.bundles import KEYS, bundle

from ohmstead.gateway.update import Running, Updates
from ohmstead.gateway.versions import Versions

STEPS = ("open", "os.", "shutil.", "subprocess.")
EACH = 8
"""So often it is seen that what was left is in nobody's way."""
OLD, NEW = "99.0.0", "99.1.0"


async def arriving(version: str) -> AsyncIterator[bytes]:
    """A bundle as it comes from a client."""
    yield bundle(version)


def install(data: Path, version: str) -> None:
    """An update to `version`, confirmed as its launcher would."""
    running = Running(version="1.0", keys=KEYS, launched=True, environment=os.environ.copy())
    asyncio.run(Updates(data, running).install(arriving(version)))


def confirm(data: Path) -> None:
    """What the launcher does once a release has proven itself."""
    versions = Versions(data)
    state = versions.read()
    versions.write(type(state)(current=state.current, previous=state.previous))


def killed_at(data: Path, step: int) -> bool:
    """Installs the new version in a process that is killed at a step; whether it came so far."""
    child = os.fork()
    if child == 0:
        seen, mine = 0, str(data)

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR):
                return  # it only reads
            if event.startswith(STEPS) and (event[0] == "s" or mine in str(arguments)):
                seen += 1
                if seen == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        install(data, NEW)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def main() -> None:
    """Tries every step, and writes a line of JSON for each into the file `told`."""
    folder = Path(sys.argv[1])
    os.sync = lambda: None
    os.fsync = lambda _: None  # what was written outlives a kill without it, and disks are slow
    install(folder / "before", OLD)
    confirm(folder / "before")
    step, killed = 0, True
    while killed:
        step += 1
        data = folder / str(step)
        shutil.copytree(folder / "before", data)
        killed = killed_at(data, step)
        state = Versions(data).read()
        left = [state.current, state.previous, state.on_trial, Versions(data).there(state.current)]
        whole = (Versions(data).site(state.current) / "ohmstead" / "house" / "gateway.py").exists()
        if not state.on_trial and step % EACH == 0:
            install(data, NEW)
        again = Versions(data).read()
        with (folder / "told").open("a") as told:
            told.write(json.dumps([*left, whole, again.on_trial]) + "\n")
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
