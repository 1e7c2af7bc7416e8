"""`/sdcard/`: the recorder's folder over HTTP.  Source: REST/MQTT 2.0, 6.13.

Paths are walked name by name from the folder's own descriptor, without following a link, so none
leads out of it.  As on the device's FAT, names are the same in upper and lower case.
"""

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from mimetypes import MimeTypes
from pathlib import Path
from typing import Literal

from msgspec import Struct

from ohmstead.errors import BadInput, NotFound, Unavailable
from ohmstead.gateway.http import NO_CONTENT, About, Request, Response, Route, json, trouble
from ohmstead.gateway.ranges import Unsatisfiable, span

ROOT = "/sdcard/"
SOURCE = "REST/MQTT 2.0, 6.13"
CHUNK = 65_536
UNKNOWN = "application/octet-stream"

_INTO = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_TYPES = MimeTypes()  # Python's own table: the same on every machine


class Entry(Struct, frozen=True):
    """One line of a listing."""

    name: str
    size: int
    """Bytes; 0 for a directory."""
    type: Literal["file", "dir"]


class Listing(Struct, frozen=True):
    """What is in a directory."""

    path: str
    files: list[Entry]


class SdCardApi:
    """Lists, gives and deletes what is on the card."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the card; while it does not exist, none is mounted."""
        self._folder = folder

    def routes(self) -> Sequence[Route]:
        """GET and DELETE at any depth."""
        statuses = (400, 404, 503)
        return (
            Route(
                "GET",
                "/sdcard/{path*}",
                self._get,
                About(
                    summary="What is in a directory of the SD card, or a file on it",
                    source=SOURCE,
                    gives=Listing,
                    media="*/*",
                    statuses=(200, 206, *statuses, 416),
                ),
            ),
            Route(
                "DELETE",
                "/sdcard/{path*}",
                self._delete,
                About(
                    summary="Deletes a file or, with a slash at the end, a directory and all in it",
                    source=SOURCE,
                    statuses=(204, *statuses),
                ),
            ),
        )

    async def _get(self, request: Request) -> Response:
        path = _Path.of(request)
        found = await asyncio.to_thread(self._found, path)
        if isinstance(found, Listing):
            return json(found)
        return found.response(request)

    async def _delete(self, request: Request) -> Response:
        path = _Path.of(request)
        if not path.names:
            raise BadInput("the card's root directory cannot be deleted; name what is in it")
        await asyncio.to_thread(self._deleted, path)
        return NO_CONTENT

    # --- on the disk, in a thread

    @contextmanager
    def _parent(self, names: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
        """The descriptor of the directory that `names` lead to, and their real spelling."""
        try:
            at = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise Unavailable(
                "no SD card is mounted; recording makes it: set services.sd.enable in"
                " /api/v1/settings"
            ) from error
        spelled: list[str] = []
        try:
            for name in names:
                real = _spelled(at, name)
                inner = os.open(real, _INTO, dir_fd=at)
                os.close(at)
                at = inner
                spelled.append(real)
            yield at, spelled
        except OSError as error:
            raise _meaning(error, "/".join(names)) from error
        finally:
            os.close(at)

    def _found(self, path: "_Path") -> "Listing | _File":
        if path.is_directory:
            with self._parent(path.names) as (at, spelled):
                return _listing(at, spelled)
        with self._parent(path.names[:-1]) as (at, spelled):
            name = _spelled(at, path.names[-1])
            if stat.S_ISDIR(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode):
                inner = os.open(name, _INTO, dir_fd=at)
                try:
                    return _listing(inner, [*spelled, name])
                finally:
                    os.close(inner)
            return _File(name, os.open(name, _FILE, dir_fd=at))

    def _deleted(self, path: "_Path") -> None:
        with self._parent(path.names[:-1]) as (at, _):
            name = _spelled(at, path.names[-1])
            kind = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
            if path.is_directory and not stat.S_ISDIR(kind):
                raise NotFound(f"there is no directory {name!r} on the card; it is a file")
            if stat.S_ISDIR(kind):
                if not path.is_directory:
                    raise BadInput(
                        f"{name!r} is a directory; to delete it and all in it, end the path with /"
                    )
                shutil.rmtree(name, dir_fd=at)
            else:
                os.unlink(name, dir_fd=at)


class _Path(Struct, frozen=True):
    """A path on the card: its names, and whether it says that it is a directory."""

    names: tuple[str, ...]
    is_directory: bool

    @classmethod
    def of(cls, request: Request) -> "_Path":
        """The path of a request; BadInput for one that can name nothing on a card."""
        written = request.parameters.get("path") or ""
        names = tuple(written.removesuffix("/").split("/")) if written.strip("/") else ()
        if (not names and written) or any(map(_is_impossible, names)):
            raise BadInput(f"{written[:80]!r} is not a path on the card")
        return cls(names, not written or written.endswith("/"))


def _is_impossible(name: str) -> bool:
    return (
        name in ("", ".", "..")
        or len(name.encode("utf-8", "replace")) > 255
        or any(ord(char) < 0x20 or char in "\\\x7f" for char in name)
    )


def _meaning(error: OSError, path: str) -> Exception:
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
        return NotFound(f"there is no {path!r} on the card")
    if error.errno in (errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG):
        return BadInput(f"{path[:80]!r} is not a path on the card")
    return Unavailable(f"the card does not answer: {error.strerror or error}")


def _spelled(at: int, name: str) -> str:
    """The name as it stands in the directory: the same one, else one that differs in case only.

    NotFound when there is none, or only a link or something else that is no file.
    """
    with os.scandir(at) as entries:
        alike = [entry.name for entry in entries if _same(entry.name, name) and _is_shown(entry)]
    if not alike:
        raise NotFound(f"there is no {name!r} on the card")
    return name if name in alike else min(alike)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _is_shown(entry: "os.DirEntry[str]") -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def _listing(at: int, spelled: Sequence[str]) -> Listing:
    with os.scandir(at) as entries:
        shown = sorted(filter(_is_shown, entries), key=lambda entry: entry.name)
        files = [
            Entry(_text(entry.name), 0, "dir")
            if entry.is_dir(follow_symlinks=False)
            else Entry(_text(entry.name), entry.stat(follow_symlinks=False).st_size, "file")
            for entry in shown
        ]
    return Listing(ROOT + "".join(f"{_text(name)}/" for name in spelled), files)


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")


class _File(AsyncGenerator[bytes, None]):
    """An open file on its way out: the bytes it has now, in pieces.

    A class, where a generator would do, because a generator that never began is never told to let
    go of its file.
    """

    def __init__(self, name: str, at: int) -> None:
        self._name = name
        self._at: int | None = at
        self._status = os.fstat(at)
        self._next = self._end = 0

    def response(self, request: Request) -> Response:
        """All of it, or the range that is asked for."""
        size = self._status.st_size
        tag = f'"{self._status.st_mtime_ns:x}-{size:x}"'
        headers = [
            ("accept-ranges", "bytes"),
            ("etag", tag),
            ("last-modified", formatdate(self._status.st_mtime, usegmt=True)),
        ]
        wanted = request.headers.get("range", "")
        if request.headers.get("if-range", tag) != tag:
            wanted = ""  # what the client has is of another file: it gets all of this one
        try:
            part = span(wanted, size)
        except Unsatisfiable:
            self.close()
            said = f"{self._name} has {size} bytes; the range begins behind them"
            return trouble(416, said, headers=[("content-range", f"bytes */{size}")])
        if part:
            first, last = part
            headers.append(("content-range", f"bytes {first}-{last}/{size}"))
        else:
            first, last = 0, size - 1
        self._next, self._end = first, last + 1
        headers.append(("content-length", str(self._end - self._next)))
        media = _TYPES.guess_type(self._name.lower())[0] or UNKNOWN
        return Response(206 if part else 200, self, media, headers)

    async def asend(self, value: None) -> bytes:
        """The next piece."""
        del value
        if self._at is None or self._next >= self._end:
            self.close()
            raise StopAsyncIteration
        most = min(CHUNK, self._end - self._next)
        piece = await asyncio.to_thread(os.pread, self._at, most, self._next)
        if not piece:
            raise Unavailable(f"{self._name} became shorter while it was sent")
        self._next += len(piece)
        return piece

    async def athrow(self, *_: object) -> bytes:
        """Lets go of the file; `aclose` comes here."""
        self.close()
        raise StopAsyncIteration

    def close(self) -> None:
        """Lets go of the file."""
        at, self._at = self._at, None
        if at is not None:
            os.close(at)

    def __del__(self) -> None:
        self.close()
