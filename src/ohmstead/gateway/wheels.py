"""Wheels: which of a bundle's are for this machine, what they need, and how they are unpacked.

Source: the binary distribution format and the compatibility tags of the Python packaging
specifications; versions and requirements as in "Version specifiers" there.
"""

import errno
import platform
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ohmstead.errors import BadInput
from ohmstead.gateway.release import Manifest, Wheel

OURS = canonicalize_name("ohmstead")
MOST_FILES = 20_000
PIECE = 65_536
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError,
    ValueError, OverflowError,
)  # fmt: skip
"""What Python raises over an archive that is not as it should be."""
OF_THE_ARCHIVE = {errno.EINVAL, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
"""And what over names in it that cannot be, or places in it that are not there."""
ROOTS = ("purelib", "platlib")
"""Of a wheel's `.data` folder: what belongs on Python's path; scripts and headers do not."""


def chosen(manifest: Manifest) -> tuple[Wheel, ...]:
    """The wheels of a bundle that this machine installs: of each package the one that fits best.

    BadInput when a package has none that fits, or Ohmstead itself is not there.
    """
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}
    best: dict[str, tuple[int, Wheel] | None] = {}
    for wheel in manifest.wheels:
        try:
            name, version, _, tags = parse_wheel_filename(wheel.file)
        except InvalidWheelFilename as error:
            raise BadInput(f"{wheel.file} is not named as a wheel is") from error
        if name == OURS and version != Version(manifest.version):
            raise BadInput(f"{wheel.file} is not Ohmstead {manifest.version}")
        fits = min((ranks[tag] for tag in tags if tag in ranks), default=None)
        found = best.setdefault(name, None)
        if fits is not None and (found is None or fits < found[0]):
            best[name] = (fits, wheel)
    if OURS not in best:
        raise BadInput("the bundle holds no wheel of Ohmstead")
    missing = [name for name, found in best.items() if found is None]
    if missing:
        raise BadInput(
            f"the bundle has no wheel for this machine ({next(sys_tags())}) of {', '.join(missing)}"
        )
    return tuple(found[1] for found in best.values() if found)


def may_follow(manifest: Manifest, running: str) -> None:
    """BadInput when the release cannot be installed over the version `running`, or on this Python.

    An older version is taken only when whoever signed it said so.
    """
    try:
        version, now = Version(manifest.version), Version(running)
        least = Version(manifest.least) if manifest.least else now
        python = SpecifierSet(manifest.python)
    except (InvalidVersion, InvalidSpecifier) as error:
        raise BadInput(f"the manifest is not as it should be: {error}") from error
    if not python.contains(platform.python_version(), prereleases=True):
        raise BadInput(
            f"the release needs Python {manifest.python}; here is {platform.python_version()}"
        )
    if version < now and not manifest.downgrade:
        raise BadInput(
            f"the release is {version}, older than {now} which runs; a release that may go back"
            " is made with `ohmstead release make --downgrade`"
        )
    if now < least:
        raise BadInput(f"the release needs at least {least}, and {now} runs: install {least} first")


def unpack(wheel: Path, declared: Wheel, site: Path) -> None:
    """Unpacks a wheel below `site`.  BadInput when a name in it leads elsewhere, a link or a file
    that is there already is in it, or it is larger than `declared`."""
    left = declared.unpacked
    try:
        with zipfile.ZipFile(wheel) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                raise BadInput(f"{declared.file} holds more than {MOST_FILES} files")
            for entry in entries:
                place = placed(entry, declared.file)
                if place is not None:
                    left -= _write(archive, entry, site / place, left, declared.file)
    except DAMAGED as error:
        raise BadInput(f"{declared.file} is not a wheel: {error}") from error
    except OSError as error:
        if error.errno not in OF_THE_ARCHIVE:
            raise
        raise BadInput(f"{declared.file} cannot be unpacked: {error}") from error


def placed(entry: zipfile.ZipInfo, wheel: str) -> PurePosixPath | None:
    """Where a file of a wheel goes, as a path below the site; None: it is not installed.

    >>> placed(zipfile.ZipInfo("ohmstead/clock.py"), "a.whl")
    PurePosixPath('ohmstead/clock.py')
    >>> placed(zipfile.ZipInfo("x-1.data/purelib/x.py"), "a.whl")
    PurePosixPath('x.py')
    >>> placed(zipfile.ZipInfo("../x.py"), "a.whl")
    Traceback (most recent call last):
    ohmstead.errors.BadInput: a.whl holds '../x.py', which leads out of it
    """
    name = entry.orig_filename  # as it stands there: zipfile's own has separators replaced
    parts = name.split("/")
    folder = name.endswith("/")
    if folder:
        parts = parts[:-1]
    if not parts or any(part in ("", ".", "..") for part in parts) or set(name) & set("\\:\0"):
        raise BadInput(f"{wheel} holds {name!r}, which leads out of it")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadInput(f"{wheel} holds {name!r}, compressed in a way that wheels are not")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadInput(f"{wheel} holds {name!r}, which is no plain file")
    if folder:
        return None
    if parts[0].endswith(".data"):
        inside = parts[2:]
        return PurePosixPath(*inside) if len(parts) > 2 and parts[1] in ROOTS else None
    return PurePosixPath(*parts)


def _write(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, left: int, wheel: str
) -> int:
    """Writes one file and says how many bytes it has."""
    written = 0
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with archive.open(entry) as source, place.open("xb") as target:
            while piece := source.read(PIECE):
                written += len(piece)
                if written > left:
                    raise BadInput(f"{wheel} is larger than its manifest says")
                target.write(piece)
    except FileExistsError as error:
        raise BadInput(f"{entry.filename} is in the bundle twice") from error
    return written


def unmet(site: Path, path: Sequence[str]) -> Iterator[str]:
    """What the packages in `site` need and is there in another version, in words; `path` is where
    the packages are that are not in `site`.

    What is not there at all is not told: which parts a gateway needs, its start shows.
    """
    own: Mapping[str, Distribution] = {
        canonicalize_name(one.name): one for one in distributions(path=[str(site)])
    }
    for one in own.values():
        for text in one.requires or ():
            try:
                need = Requirement(text)
            except InvalidRequirement:
                yield f"{one.name} {one.version} needs {text!r}, which is no requirement"
                continue
            if need.marker and not need.marker.evaluate({"extra": ""}):
                continue
            found = own.get(canonicalize_name(need.name)) or _installed(need.name, path)
            if found and not need.specifier.contains(found.version, prereleases=True):
                needs = f"{one.name} {one.version} needs {need.name}{need.specifier}"
                yield f"{needs}; here is {found.version}"


def _installed(name: str, path: Sequence[str]) -> Distribution | None:
    wanted = canonicalize_name(name)
    for one in distributions(name=name, path=list(path)):
        if canonicalize_name(one.name) == wanted:
            return one
    return None
