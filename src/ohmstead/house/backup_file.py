"""A backup is one file: a tar of everything, packed with zstd; its last member says what is in it.

A file that ends too early has no manifest, so that half a backup is never taken for a whole one.
With a passphrase it is sealed (house/backup_seal.py).
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec
import pyarrow as pa

from ohmstead.errors import BadInput, Conflict, NotFound, Unavailable
from ohmstead.house.backup_seal import Opener, Sealer, is_sealed
from ohmstead.store.dump import Dump

FORMAT = 1
MANIFEST = "manifest.json"
MANIFEST_MOST = 256 << 20
CHUNK = 1 << 20


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is under a name in the file."""

    bytes: int
    sha256: str


class Archived(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the archive, and whether it is in the backup."""

    sha256: str
    bytes: int
    included: bool


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup is: made when, by which program, of what."""

    format: int
    made_at: str
    program: str
    database: Dump
    members: dict[str, Member]
    archive: dict[str, Archived]
    """Every file of the archive, by its name below its folder."""
    folder: bool
    """Whether the files of the data folder (keys, certificates) are in it."""


class BackupWriter:
    """Writes a backup into `path`, which appears when it is whole; mode 0600."""

    def __init__(self, path: Path, passphrase: str | None) -> None:
        self._path = path
        self._half = path.with_name(f".{path.name}.new")
        self._passphrase = passphrase
        self._stack = ExitStack()
        self.members: dict[str, Member] = {}

    def __enter__(self) -> Self:
        if self._path.exists():
            raise Conflict(f"{self._path} exists already; name another file")
        try:
            handle = os.open(self._half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as trouble:
            raise Unavailable(
                f"the backup {self._path} cannot be written: {trouble.strerror}"
            ) from trouble
        self._file = self._stack.enter_context(os.fdopen(handle, "wb"))
        below: Any = _Open(self._file)
        if self._passphrase is not None:
            below = self._sealer = Sealer(self._file, self._passphrase)
        self._zstd = pa.CompressedOutputStream(pa.PythonFile(below, mode="w"), "zstd")
        self._tar = tarfile.open(fileobj=self._zstd, mode="w|", format=tarfile.PAX_FORMAT)
        return self

    def add(self, name: str, content: bytes, mode: int = 0o600) -> None:
        """Put `content` under `name`."""
        self.members[name] = Member(len(content), hashlib.sha256(content).hexdigest())
        self._put(name, len(content), io.BytesIO(content), mode)

    def add_file(self, name: str, path: Path) -> Member:
        """Put the file `path` under `name`, as large as it is now."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            seen = _Seen(file, size)
            self._put(name, size, seen, path.stat().st_mode & 0o777)
        self.members[name] = Member(size, seen.digest.hexdigest())
        return self.members[name]

    def _put(self, name: str, size: int, content: Any, mode: int) -> None:
        known = tarfile.TarInfo(name)
        known.size, known.mode = size, mode
        try:
            self._tar.addfile(known, content)
        except OSError as trouble:
            raise Unavailable(
                f"the backup {self._path} cannot be written ({name}: {trouble})"
            ) from trouble

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest, and give the file its name; durable."""
        told = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        try:
            self._put(MANIFEST, len(told), io.BytesIO(told), 0o600)
            self._tar.close()
            self._zstd.close()
            if self._passphrase is not None:
                self._sealer.finish()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._half.rename(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as trouble:
            raise Unavailable(f"the backup {self._path} cannot be written: {trouble}") from trouble

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        self._half.unlink(missing_ok=True)


class _Open:
    """A file that whoever writes into it leaves open."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self.write, self.flush = file.write, file.flush

    def close(self) -> None:
        """Whoever opened the file closes it, after it has synced it."""


class _Seen:
    """A file that is read once, no further than `size`; zeros where it became shorter."""

    def __init__(self, file: Any, size: int) -> None:
        self._file, self._left = file, size
        self.digest = hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        wanted = self._left if count < 0 else min(count, self._left)
        found: bytes = self._file.read(wanted)
        found += bytes(wanted - len(found))
        self._left -= wanted
        self.digest.update(found)
        return found


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Inside it, what a damaged file gives is a BadInput."""
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"there is no backup {path}") from None
    except (tarfile.TarError, pa.ArrowException, EOFError, OSError) as trouble:
        raise BadInput(f"{path} is no whole backup: {trouble}") from trouble


class _Reader:
    """The content of a member."""

    def __init__(self, path: Path, inner: Any) -> None:
        self._path, self._inner = path, inner

    def read(self, count: int = -1) -> bytes:
        """Up to `count` bytes, none at its end; BadInput."""
        with _read(self._path):
            found: bytes = self._inner.read(None if count < 0 else count)
            return found


def members(path: Path, passphrase: str | None) -> Iterator[tuple[str, _Reader, int]]:
    """Each member of a backup: its name, a reader and its mode, in order.

    NotFound, BadInput for what is none, is damaged or cut off, or has another passphrase.
    """
    with ExitStack() as stack:
        with _read(path):
            file = stack.enter_context(path.open("rb"))
            below: Any = file
            if is_sealed(file):
                if passphrase is None:
                    raise BadInput(f"{path} is sealed: name its passphrase's file")
                below = Opener(file, passphrase, str(path))
            unpacked = pa.CompressedInputStream(pa.PythonFile(below, mode="r"), "zstd")
            tar = stack.enter_context(tarfile.open(fileobj=unpacked, mode="r|"))
        while True:
            with _read(path):
                each = tar.next()
            if each is None:
                return
            inner = tar.extractfile(each)
            if inner is None or not _plain(each.name):
                raise BadInput(f"{path} has a member that no backup has: {each.name!r}")
            yield each.name, _Reader(path, inner), each.mode & 0o777


def _plain(name: str) -> bool:
    """Whether a name stays below the folder it is unpacked into."""
    return not name.startswith("/") and ".." not in PurePosixPath(name).parts


def verified(path: Path, passphrase: str | None) -> Manifest:
    """The manifest of a backup, each member of which was read and is as written; BadInput."""
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    for name, reader, _ in members(path, passphrase):
        if name == MANIFEST:
            manifest = _manifest(path, reader.read(MANIFEST_MOST))
            continue
        digest, size = hashlib.sha256(), 0
        while some := reader.read(CHUNK):
            digest.update(some)
            size += len(some)
        found[name] = Member(size, digest.hexdigest())
    if manifest is None:
        raise BadInput(f"{path} is no whole backup: it ends before its manifest")
    for name in sorted(manifest.members.keys() | found.keys()):
        if manifest.members.get(name) != found.get(name):
            raise BadInput(f"{path} is damaged: {name} is not as its manifest says")
    return manifest


def _manifest(path: Path, content: bytes) -> Manifest:
    try:
        format = msgspec.json.decode(content).get("format")
        if format != FORMAT:
            raise Conflict(f"{path} has format {format}; this program reads {FORMAT}")
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, AttributeError, UnicodeDecodeError) as trouble:
        raise BadInput(f"the manifest of {path} cannot be read: {trouble}") from trouble
