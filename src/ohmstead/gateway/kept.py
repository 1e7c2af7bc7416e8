"""A small file that is always whole: a kill or a loss of power leaves the old content or the new.

Written beside, flushed to the disk, then renamed over the old one.  Readable by its owner only:
settings hold passwords and keys.
"""

import os
from pathlib import Path

from ohmstead.errors import Unavailable

LONGEST = 65_536
SET_ASIDE = ".unreadable"


class Kept:
    """One file of the data folder.  One owner; its methods wait for the disk: call `write` and
    `remove` in a thread."""

    def __init__(self, file: Path, longest: int = LONGEST) -> None:
        """`file` need not exist, nor its folder; it is never longer than `longest` bytes."""
        self.file = file
        self._longest = longest

    def read(self) -> bytes | None:
        """What the file holds; None when there is none.  Unavailable when it cannot be read."""
        try:
            with self.file.open("rb") as stream:
                return stream.read(self._longest)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"{self.file} cannot be read: {error.strerror}") from error

    def write(self, content: bytes) -> None:
        """Replaces what the file holds.  Unavailable, and the old content stays, when the disk does
        not take it."""
        new = self.file.with_name(f"{self.file.name}.new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self.file)
            self._flush_folder()
        except OSError as error:
            raise Unavailable(f"{self.file} cannot be written: {error.strerror}") from error

    def remove(self) -> None:
        """Takes the file away, if there is one."""
        try:
            self.file.unlink(missing_ok=True)
            if self.file.parent.is_dir():
                self._flush_folder()
        except OSError as error:
            raise Unavailable(f"{self.file} cannot be removed: {error.strerror}") from error

    def set_aside(self) -> Path:
        """Keeps a file that cannot be understood under another name, and says which."""
        aside = self.file.with_name(self.file.name + SET_ASIDE)
        self.file.replace(aside)
        return aside

    def _flush_folder(self) -> None:
        """Makes the renaming itself safe from a loss of power."""
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
