"""A program that runs as our child: ends with us, and is found again if we were killed."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

_DIE_WITH_PARENT = (
    "import ctypes,os,signal,sys;"
    "ctypes.CDLL(None).prctl(1,signal.SIGTERM);"  # PR_SET_PDEATHSIG; it survives the exec
    "signal.signal(signal.SIGPIPE,signal.SIG_DFL);"  # Python ignores it, a server should not
    "os.getppid()==int(sys.argv[1]) or sys.exit(1);"  # the parent went before we asked
    "os.execv(sys.argv[2],sys.argv[2:])"
)

LONGEST_LINE = 8192
"""Bytes of one line of output that are kept; the rest of a longer line is dropped."""


async def start(arguments: Sequence[str | Path]) -> asyncio.subprocess.Process:
    """Start a program whose output (both kinds, on `stdout`) we read.

    Ctrl-C in a terminal reaches only us, not it; it gets SIGTERM when this thread's process
    dies in any way (Linux).
    """
    command = [str(each) for each in arguments]
    if sys.platform == "linux":
        shim = [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid())]
        command = shim + command
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def stop(child: asyncio.subprocess.Process, timeout_s: float) -> None:
    """End a child: SIGTERM, and SIGKILL when it is still there after `timeout_s`."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(timeout_s):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def lines(output: asyncio.StreamReader) -> AsyncIterator[str]:
    """The lines of a child's output until it ends; memory stays bounded whatever it prints."""
    rest = b""
    while chunk := await output.read(65536):
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[:LONGEST_LINE]
        for line in whole:
            yield line[:LONGEST_LINE].decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def command_line(pid: int) -> list[str]:
    """What `pid` was started with; empty if there is no such process, or only its remains."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [word for word in raw.decode(errors="replace").split("\0") if word]


async def _gone(handle: int, timeout_s: float) -> bool:
    loop, gone = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, gone.set)
    try:
        async with asyncio.timeout(timeout_s):
            await gone.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(handle)
    return True


def _written(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text())
    except (OSError, ValueError):
        return None


async def stop_stale(pid_file: Path, mark: str, timeout_s: float) -> int | None:
    """Stop the child that a killed parent left behind; gives its pid, None where there was none.

    It is ours only if its command line contains `mark` (our configuration file): a pid may have
    been given to somebody else meanwhile.
    """
    pid = _written(pid_file)
    if pid is None or not any(mark in word for word in command_line(pid)):
        return None
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        for kind, wait_s in ((signal.SIGTERM, timeout_s), (signal.SIGKILL, timeout_s)):
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, kind)
            if await _gone(handle, wait_s):
                break
    finally:
        os.close(handle)
    return pid


def free_port(first: int = 20000, last: int = 32000) -> int:
    """A loopback port nobody listens on, below the range the system hands out by itself."""
    start_at = first + int.from_bytes(os.urandom(2), "big") % (last - first)
    for offset in range(last - first):
        port = first + (start_at - first + offset) % (last - first)
        if is_free("127.0.0.1", port):
            return port
    raise OSError(f"no free port between {first} and {last}")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen on `host`:`port` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
