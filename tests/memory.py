"""Where tests keep their files: in memory where that is large enough, else on the disk.

A database is a thousand files, and on a disk making and deleting those of each test takes longer
than the tests.  What a killed run left behind is removed by the next one.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM, FILES = 4 << 30, 100_000
NAME = "ohmstead-test-"


def memory() -> Path | None:
    """The memory's file system, where there is room for a few servers and programs may run."""
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return None
    found = os.statvfs(MEMORY)
    roomy = found.f_bavail * found.f_frsize >= ROOM and found.f_favail >= FILES
    return MEMORY if roomy and free() >= ROOM and not found.f_flag & os.ST_NOEXEC else None


def free(file: Path = Path("/proc/meminfo")) -> int:
    """Bytes of memory that are free, as far as the kernel says; what is in its cache counts."""
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", file.read_text(), re.MULTILINE)
    return int(found[1]) << 10 if found else 0


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that every user of the machine can enter; removed at the end."""
    made = made_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)


def made_folder() -> Path:
    """Such a folder; it bears the number of this process, which says whether it is still used."""
    path = Path(tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-", dir=memory()))
    path.chmod(0o755)
    return path


def sweep(parent: Path = MEMORY) -> None:
    """Remove what was left in memory by runs that are no more."""
    for path in parent.glob(f"{NAME}*-*"):
        number = path.name.removeprefix(NAME).partition("-")[0]
        if number.isdecimal() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(path, ignore_errors=True)
