"""Which version of the gateway runs: the installation itself, or a release installed beside it.

All of it stands in one file, so that one renaming switches.  It has one owner at a time: the
launcher while a release is on trial, the running gateway otherwise.

    DATA/versions/state.json            what is said below
    DATA/versions/0.2.0-ab12cd34ef56/   a release, there as a whole or not at all
    DATA/versions/incoming/             one that arrives
"""

import os
import shutil
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ohmstead.errors import Unavailable
from ohmstead.gateway.kept import Kept

FOLDER = "versions"
STATE = "state.json"
INCOMING = "incoming"
SITE = "site"
"""In a release's folder: its code, as on Python's path."""

LONGEST_WHY = 500

Id = Annotated[str, Meta(pattern=r"^([0-9][A-Za-z0-9.+!]{0,63}-[0-9a-f]{12})?$")]
"""A release, as `gateway.release.Reader.id`; "" is the installation itself."""


class State(Struct, frozen=True):
    """What runs, and how that came about."""

    current: Id = ""
    previous: Id = ""
    """What runs again when `current` does not come up."""
    starts: Annotated[int, Meta(ge=0)] | None = None
    """How often a release on trial was started; None: nothing is on trial."""
    over: str = ""
    """The installation under `current`: when that is changed by hand, it is what counts."""
    rolled_back: Id = ""
    """The release that did not come up, until the next one is installed."""
    why: str = ""
    """Why it was given up."""

    @property
    def on_trial(self) -> bool:
        """Whether `current` has not proven itself yet."""
        return self.starts is not None


class Versions:
    """The releases in a data folder, and which of them runs."""

    def __init__(self, data: Path) -> None:
        self.folder = data.absolute() / FOLDER
        self.incoming = self.folder / INCOMING
        self._kept = Kept(self.folder / STATE)

    def read(self) -> State:
        """What the file says; a file that cannot be understood says that nothing is installed."""
        try:
            return msgspec.json.decode(self._kept.read() or b"{}", type=State)
        except (msgspec.DecodeError, UnicodeDecodeError, Unavailable):
            return State()

    def write(self, state: State) -> None:
        """Makes `state` what counts, from one moment to the next.  Unavailable, and what counted
        goes on counting, when the disk does not take it."""
        self._kept.write(msgspec.json.encode(state))

    def there(self, release: str) -> bool:
        """Whether `release` can be started."""
        return not release or self.site(release).is_dir()

    def site(self, release: str) -> Path:
        """Where the code of `release` is."""
        return self.folder / release / SITE

    def clear_incoming(self) -> None:
        """Takes away what arrived and was not installed."""
        shutil.rmtree(self.incoming, ignore_errors=True)

    def install(self, release: str) -> None:
        """Makes what arrived the release it is, as a whole, safe from a loss of power."""
        os.sync()  # 300 small files: all at once takes a hundredth of one by one
        state = self.read()
        if self.there(release) and release in (state.current, state.previous):
            self.clear_incoming()
        else:
            shutil.rmtree(self.folder / release, ignore_errors=True)
            self.incoming.replace(self.folder / release)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def prune(self) -> None:
        """Removes releases that neither run nor are what would run again."""
        state = self.read()
        wanted = {state.current, state.previous, STATE}
        for path in list(self.folder.glob("*")):
            if path.is_dir() and path.name not in wanted:
                shutil.rmtree(path, ignore_errors=True)


def switched(state: State, release: str) -> State:
    """`release` on trial.  *Every change of the state is one of these five.*"""
    return State(current=release, previous=state.current, starts=0, over=state.over)


def started(state: State, over: str) -> State:
    """A release on trial is started once more, above the installation `over`."""
    return msgspec.structs.replace(state, starts=(state.starts or 0) + 1, over=over)


def confirmed(state: State) -> State:
    """The release on trial runs well."""
    return msgspec.structs.replace(state, starts=None)


def rolled_back(state: State, why: str) -> State:
    """The release on trial is given up."""
    return State(
        current=state.previous, over=state.over, rolled_back=state.current, why=why[:LONGEST_WHY]
    )


def set_aside(state: State, why: str) -> State:
    """The installation itself runs again."""
    return State(rolled_back=state.current, why=why[:LONGEST_WHY])
