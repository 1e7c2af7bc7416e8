"""Reports on disk until the broker has acknowledged them: they survive a kill at any byte.

Why files of our own and not SQLite: a report is written once and read once, in order.  Appending it
costs one write and one flush of the pages it touches; SQLite's log writes whole pages, then writes
them again at a checkpoint, and once more to delete, on the SD card of a small machine.  And a
damaged SQLite page can take the whole file with it; here damage costs the records it touches.

A folder holds segments, `<number of its first record>.reports`, each about a megabyte.  Reports are
appended; what is settled (acknowledged or dropped) is noted by appended marks, and a segment whose
reports are all settled is deleted.  Every start begins a new segment, so nothing is ever written
behind a torn end.  A mark lost with the end means a report is sent twice, never that it is lost.

Written reports are safe from the death of the process at once; `flusher` makes them safe from a
loss of power.  When the queue is full the OLDEST report is dropped, and counted: the present
matters more than the past, and a gap is better at one known end.
"""

import fcntl
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ohmstead.errors import Conflict
from ohmstead.gateway import records
from ohmstead.gateway.records import Tally
from ohmstead.gateway.segment import SUFFIX, Segment

SET_ASIDE = ".unreadable"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait; the disk holds at most about one segment more."""

    count: int = 250_000
    total_bytes: int = 256 * 2**20
    segment_bytes: int = 2**20


class Entry(NamedTuple):
    """A report that waits."""

    number: int
    payload: bytes


class Queue:
    """Reports in a folder, first in, first out, bounded.  One owner: the folder is locked."""

    def __init__(self, folder: Path, bounds: Bounds | None = None) -> None:
        """Opens `folder`, made if need be; Conflict when another process has it open."""
        self._folder = folder
        self._bounds = bounds or Bounds()
        self._segments: deque[Segment] = deque()
        self._tally = Tally()
        self._last = self._settled = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder)
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            self._load(Segment(path))
        for segment in self._segments:
            if earlier := segment.until(self._settled):
                segment.settle(earlier)
        self._cursor = self._settled
        self._waiting = sum(len(segment.waiting) for segment in self._segments)
        self._waiting_bytes = sum(sum(segment.waiting) for segment in self._segments)
        self._unflushed = True
        self._begin()
        self._make_room(0, 0)

    def _load(self, segment: Segment) -> None:
        """Takes up what is whole in a segment; one that cannot be read at all is set aside."""
        try:
            settled, tally, damaged = segment.load(self._last)
        except OSError:
            self._tally = replace(self._tally, damaged=self._tally.damaged + 1)
            with suppress(OSError):
                segment.path.rename(segment.path.with_suffix(SET_ASIDE))
            return
        tally = tally or self._tally
        self._tally = replace(tally, damaged=tally.damaged + damaged)
        self._settled = max(self._settled, settled)
        self._last = max(self._last, self._settled, segment.last, segment.first_possible - 1)
        self._segments.append(segment)

    # --- what it holds

    @property
    def waiting(self) -> int:
        """Reports that are not settled."""
        return self._waiting

    @property
    def waiting_bytes(self) -> int:
        """Bytes of those reports."""
        return self._waiting_bytes

    @property
    def tally(self) -> Tally:
        """What became of the others, since the queue was made."""
        return self._tally

    # --- in

    def append(self, payload: bytes) -> int:
        """Adds a report behind all others and gives its number; drops the oldest when full.

        OSError when the disk does not take it; the queue is then as it was, apart from what was
        dropped to make room.
        """
        self._make_room(1, len(payload))
        if self._segments[-1].size + len(payload) > self._bounds.segment_bytes:
            self._rotate()
        number = self._last + 1
        self._segments[-1].add(number, payload)
        self._last = number
        self._waiting += 1
        self._waiting_bytes += len(payload)
        self._unflushed = True
        return number

    def _make_room(self, count: int, total: int) -> None:
        """Drops the oldest reports until `count` more, of `total` bytes, fit in."""
        count += self._waiting - self._bounds.count
        total += self._waiting_bytes - self._bounds.total_bytes
        excess = 0
        lengths = self._lengths()
        while (count > excess or total > 0) and (length := next(lengths, None)) is not None:
            excess += 1
            total -= length
        if excess:
            self._settle(excess)
            self._tally = replace(self._tally, dropped=self._tally.dropped + excess)
            self._cursor = max(self._cursor, self._settled)
            self._note_settled()

    def _lengths(self) -> Iterator[int]:
        for segment in self._segments:
            yield from segment.waiting

    # --- out

    def next(self) -> Entry | None:
        """The report after the one this gave last, None when all were given; see `rewind`."""
        for segment in self._segments:
            while found := segment.after(self._cursor):
                self._cursor, payload = found
                if payload is not None:
                    return Entry(self._cursor, payload)
                self._tally = replace(self._tally, damaged=self._tally.damaged + 1)
                self._waiting -= 1
                self._waiting_bytes = sum(self._lengths())
        return None

    def rewind(self) -> None:
        """`next` begins again with the oldest report that waits."""
        self._cursor = self._settled

    def done(self, number: int) -> None:
        """The report `number` and all before it are acknowledged."""
        count = sum(segment.until(number) for segment in self._segments)
        if count:
            self._settle(count)
            self._tally = replace(self._tally, sent=self._tally.sent + count)
            self._note_settled()

    # --- settling

    def _settle(self, count: int) -> None:
        """Settles the `count` oldest reports."""
        for segment in self._segments:
            here = min(count, len(segment.waiting))
            if here:
                self._settled, size = segment.settle(here)
                self._waiting -= here
                self._waiting_bytes -= size
                count -= here
            if not count:
                return

    def _note_settled(self) -> None:
        """Writes down what is settled.  On a full disk that fails, and costs sending twice."""
        with suppress(OSError):
            if self._segments[-1].size > self._bounds.segment_bytes:
                self._rotate()
            self._segments[-1].write(records.mark(self._settled, self._tally))
        self._tidy()

    def _tidy(self) -> None:
        while len(self._segments) > 1 and self._segments[0].is_settled:
            with suppress(OSError):
                self._segments.popleft().path.unlink()

    # --- files

    def _begin(self) -> None:
        """Goes on in a new segment, which starts with what is settled: the older ones may go."""
        segment = Segment.new(self._folder, self._last + 1)
        if self._segments and self._segments[-1].path == segment.path:
            self._segments.pop().close()  # it held no report
        self._segments.append(segment)
        with suppress(OSError):
            segment.write(records.mark(self._settled, self._tally))
            segment.flusher()()
            _flush_folder(self._folder)
        self._tidy()

    def _rotate(self) -> None:
        old = self._segments[-1]
        old.flusher()()
        self._begin()
        old.close()

    def flusher(self) -> Callable[[], None] | None:
        """What makes the reports safe from a loss of power, None if they are; for a thread."""
        if not self._unflushed:
            return None
        self._unflushed = False
        return self._segments[-1].flusher()

    def close(self) -> None:
        """Flushes and lets go of the folder."""
        with suppress(OSError):
            self._segments[-1].flusher()()
        self._segments[-1].close()
        os.close(self._lock)


def _locked(folder: Path) -> int:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Conflict(
            f"another gateway is using {folder}; stop it, or choose another --data folder"
        ) from error
    return lock


def _flush_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
