"""An update: a release bundle arrives, is verified, and is installed beside what runs.

The order is what makes it safe: the signature before anything else, every wheel's SHA-256 before
it is opened, the new version's own imports before it counts, and one renaming that switches.
Whatever ends it before that (a kill, a full disk, a client that goes away) leaves what runs as it
is, and nothing behind but a folder that the next start clears.
"""

import asyncio
import errno
import os
import shutil
import sys
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from ohmstead.errors import BadInput, Conflict, TooLarge, Unavailable
from ohmstead.gateway import wheels
from ohmstead.gateway.release import Keys, Manifest, Piece, Reader, Wheel
from ohmstead.gateway.versions import SITE, State, Versions, switched

SPARE = 16 * 1024 * 1024
"""Bytes that an update leaves free on the disk."""
UPLOAD_S = 900.0
"""A bundle that takes longer to arrive is given up."""
TRY_S = 120.0
"""A version whose parts are not imported within that is not installed."""
TRY = "import ohmstead.cli.gateway, ohmstead.house.gateway as g; print(g.__file__, g.__version__)"

_log = structlog.get_logger("gateway.update")


@dataclass(frozen=True, slots=True)
class Running:
    """What runs now, and how."""

    version: str
    keys: Keys
    """Pinned when it was built."""
    launched: bool
    """Whether a launcher started it, which alone can start another version."""
    environment: Mapping[str, str]
    """The process's own, for the trial run of a new version."""


class Updates:
    """Installs releases; one at a time."""

    def __init__(self, data: Path, running: Running) -> None:
        self.versions = Versions(data)
        self._running = running
        self._state = self.versions.read()
        self.busy = False
        """Whether an update is being installed."""

    @property
    def capable(self) -> bool:
        """Whether a release can be installed here at all."""
        return bool(self._running.keys) and self._running.launched

    @property
    def state(self) -> State:
        """What the file of the versions says: the launcher changes it during a trial only."""
        if self._state.on_trial and self._running.launched:
            self._state = self.versions.read()
        return self._state

    async def tidy(self) -> None:
        """Removes what earlier updates left behind, unless a release is on trial."""
        if self.capable and not self.state.on_trial:
            await asyncio.to_thread(self.versions.prune)

    def check(self) -> None:
        """Conflict, saying why, when no release can be installed now."""
        if not self._running.keys:
            raise Conflict(
                "this installation takes no updates: no release key was pinned when it was built"
            )
        if not self._running.launched:
            raise Conflict(
                "this gateway takes no updates: it was started without its launcher (--no-updates)"
            )
        if self.busy:
            raise Conflict("another update is being installed; wait until it has ended")
        if self.state.on_trial:
            raise Conflict(
                f"release {self.state.current} is on trial and not confirmed yet; wait a minute"
            )

    async def install(self, bundle: AsyncIterator[bytes]) -> Manifest | None:
        """Takes a bundle in and makes it what runs next; its manifest, or None when it is what
        runs already.  BadInput, TooLarge, Conflict or Unavailable with what is wrong, and then
        nothing has changed."""
        self.check()
        self.busy = True
        try:
            return await self._installed(bundle)
        except TimeoutError as error:
            raise BadInput("the rest of the bundle did not come in time") from error
        except OSError as error:
            raise _of_disk(error) from error
        finally:
            self.busy = False

    async def _installed(self, bundle: AsyncIterator[bytes]) -> Manifest | None:
        reader = Reader(self._running.keys)
        arrival: _Arrival | None = None
        try:
            late = asyncio.get_running_loop().time() + UPLOAD_S
            async for chunk in bundle:
                if asyncio.get_running_loop().time() > late:
                    raise TimeoutError
                for piece in reader.feed(chunk):
                    arrival = arrival or await self._begin(reader)
                    await arrival.take(piece)
            manifest = reader.close()
            new = reader.id != self.state.current
            if arrival and new:
                await self._prepare(arrival, manifest)
                await asyncio.to_thread(self._switch, reader.id)
        except Exception:  # and not when cancelled: a thread may still be at work there
            await asyncio.to_thread(self._clear, arrival)
            raise
        await asyncio.to_thread(self._clear, arrival)
        _log.info("release installed" if new else "release runs already", release=reader.id)
        return manifest if new else None

    def _clear(self, arrival: "_Arrival | None") -> None:
        if arrival:
            arrival.close()
        self.versions.clear_incoming()

    async def _begin(self, reader: Reader) -> "_Arrival":
        """The signature is right: what may be known before the wheels are here."""
        manifest = reader.manifest
        assert manifest is not None  # noqa: S101  (a piece was given)
        wheels.may_follow(manifest, self._running.version)
        found = await asyncio.to_thread(wheels.chosen, manifest)
        _log.info("release arrives", release=reader.id, bytes=manifest.size)
        await asyncio.to_thread(self._make_room, found)
        return _Arrival(self.versions.incoming, found)

    def _make_room(self, found: Sequence[Wheel]) -> None:
        self.versions.clear_incoming()
        self.versions.incoming.mkdir(parents=True, mode=0o700)
        needs = sum(wheel.size + wheel.unpacked for wheel in found) + SPARE
        free = shutil.disk_usage(self.versions.incoming).free
        if needs > free:
            raise TooLarge(f"the release needs {needs} bytes on the disk, and {free} are free")

    async def _prepare(self, arrival: "_Arrival", manifest: Manifest) -> None:
        """Unpacks what arrived, and sees that it can run."""
        site = self.versions.incoming / SITE
        await asyncio.to_thread(arrival.unpack, site)
        path = [place for place in sys.path if not self._of_a_release(place)]
        lacks = await asyncio.to_thread(lambda: list(wheels.unmet(site, path)))
        if lacks:
            raise BadInput(f"{'; '.join(lacks)}: the bundle must bring it")
        await self._try(site, manifest.version)

    def _of_a_release(self, place: str) -> bool:
        return bool(place) and Path(place).is_relative_to(self.versions.folder)

    async def _try(self, site: Path, version: str) -> None:
        """Lets the new version import its parts, in a process of its own."""
        environment = dict(self._running.environment)
        before = environment.get("PYTHONPATH", "").split(os.pathsep)
        kept = [place for place in before if place and not self._of_a_release(place)]
        environment["PYTHONPATH"] = os.pathsep.join([str(site), *kept])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", TRY,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
        )  # fmt: skip
        try:
            async with asyncio.timeout(TRY_S):
                said, complained = await process.communicate()
        except TimeoutError as error:
            raise BadInput("the release does not start: it takes too long to import") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            words = complained.decode(errors="replace").strip().splitlines()
            raise BadInput(f"the release does not start here: {words[-1] if words else 'no word'}")
        file, _, found = said.decode(errors="replace").strip().rpartition(" ")
        if found != version or not Path(file).is_relative_to(site):
            raise BadInput(f"the release says that it is {found}, and its manifest {version}")

    def _switch(self, release: str) -> None:
        self.versions.install(release)
        state = switched(self.versions.read(), release)
        self.versions.write(state)
        self._state = state


class _Arrival:
    """The wheels that arrive, those for this machine written into a folder."""

    def __init__(self, folder: Path, chosen: Sequence[Wheel]) -> None:
        self._folder = folder
        self._chosen = chosen
        self._file: int | None = None
        self._one_at_a_time = threading.Lock()

    async def take(self, piece: Piece) -> None:
        """Writes a piece; those of wheels for other machines were hashed, and are dropped."""
        if piece.wheel in self._chosen:
            await asyncio.to_thread(self._write, piece)

    def _write(self, piece: Piece) -> None:
        with self._one_at_a_time:
            if self._file is None:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                self._file = os.open(self._folder / piece.wheel.file, flags, 0o600)
            data = memoryview(piece.data)
            while data:
                data = data[os.write(self._file, data) :]
        if piece.last:
            self.close()

    def close(self) -> None:
        """Closes the file that is open, if one is."""
        with self._one_at_a_time:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def unpack(self, site: Path) -> None:
        """Unpacks all of them below `site`, and takes them away."""
        site.mkdir()
        for wheel in self._chosen:
            wheels.unpack(self._folder / wheel.file, wheel, site)
            (self._folder / wheel.file).unlink()


def _of_disk(error: OSError) -> TooLarge | Unavailable:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TooLarge("the disk is full: the release was not installed")
    return Unavailable(f"the release cannot be written: {error.strerror or error}")
