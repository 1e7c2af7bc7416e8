"""One file of the queue: records appended to it, and where each of its reports lies."""

import os
from array import array
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ohmstead.gateway import records
from ohmstead.gateway.records import MARK, REPORT, Damage, Record, Tally

SUFFIX = ".reports"
LARGEST_NUMBER = 2**63


class Segment:
    """Reports in a file, in the order of their numbers; the first `settled` are done with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.settled = 0
        self._numbers = array("Q")
        self._offsets = array("I")
        self._lengths = array("I")
        self._file: int | None = None

    @classmethod
    def new(cls, folder: Path, number: int) -> "Segment":
        """An empty segment, open for writing, for reports from `number` on."""
        segment = cls(folder / f"{number:020d}{SUFFIX}")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        segment._file = os.open(segment.path, flags, 0o600)
        return segment

    # --- what it holds

    @property
    def first_possible(self) -> int:
        """The number its name promises for its first report; 0 for a name that is none of ours."""
        named = int(self.path.stem) if self.path.stem.isdigit() else 0
        return named if named < LARGEST_NUMBER else 0

    @property
    def is_settled(self) -> bool:
        """Whether no report in it waits."""
        return self.settled == len(self._numbers)

    @property
    def waiting(self) -> Sequence[int]:
        """The length of each report that waits, the oldest first."""
        return self._lengths[self.settled :]

    def until(self, number: int) -> int:
        """How many of its waiting reports have a number up to `number`."""
        return max(0, bisect_right(self._numbers, number) - self.settled)

    def settle(self, count: int) -> tuple[int, int]:
        """Settles its `count` oldest; the number of the last of them, and their bytes."""
        first, self.settled = self.settled, self.settled + count
        return self._numbers[self.settled - 1], sum(self._lengths[first : self.settled])

    def after(self, number: int) -> tuple[int, bytes | None] | None:
        """Number and payload of its next report after `number`, None if there is no such.

        The payload is None, and the report forgotten, when the disk does not give it back.
        """
        place = bisect_right(self._numbers, number)
        if place == len(self._numbers):
            return None
        found = self._numbers[place]
        payload = self._payload(place)
        if payload is None:
            for column in (self._numbers, self._offsets, self._lengths):
                column.pop(place)
        return found, payload

    def _payload(self, place: int) -> bytes | None:
        try:
            with self.path.open("rb") as file:
                file.seek(self._offsets[place])
                record = records.at(file.read(records.HEAD_BYTES + self._lengths[place]), 0)
        except OSError:
            return None
        return record.payload if record and record.number == self._numbers[place] else None

    # --- reading and writing the file

    def load(self, newer_than: int) -> tuple[int, Tally | None, int]:
        """Takes up the reports in the file whose numbers grow from `newer_than` on.

        Gives what its last mark says (settled up to, the count), and how many places are damaged.
        OSError when the file cannot be read at all.
        """
        data = self.path.read_bytes()
        self.size = len(data)
        settled, tally, damaged = 0, None, 0
        for found in records.scan(data):
            if isinstance(found, Damage):
                damaged += 1
            elif found.kind == MARK:
                settled, tally = max(settled, found.number), records.tally_of(found)
            elif newer_than < found.number < LARGEST_NUMBER:
                newer_than = found.number
                self._note(found)
        return settled, tally, damaged

    @property
    def last(self) -> int:
        """The number of its last report; 0 when it has none."""
        return self._numbers[-1] if self._numbers else 0

    def _note(self, record: Record) -> None:
        self._numbers.append(record.number)
        self._offsets.append(record.offset)
        self._lengths.append(len(record.payload))

    def add(self, number: int, payload: bytes) -> None:
        """Appends a report; OSError, and nothing is changed, when the disk does not take it."""
        offset = self.write(records.written(REPORT, number, payload))
        self._note(Record(REPORT, number, offset, payload))

    def write(self, data: bytes) -> int:
        """Appends `data`, whole or not at all (OSError); where it begins."""
        if self._file is None:
            raise OSError(f"{self.path} is not open for writing")
        try:
            taken = os.pwrite(self._file, data, self.size)
            if taken < len(data):
                raise OSError(f"the disk took {taken} of {len(data)} bytes")
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self.size)
            raise
        offset, self.size = self.size, self.size + len(data)
        return offset

    def flusher(self) -> Callable[[], None]:
        """What makes the bytes written so far safe from a loss of power; it may run in a thread."""
        if self._file is None:
            return lambda: None
        file = os.dup(self._file)

        def flush() -> None:
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

        return flush

    def close(self) -> None:
        """Lets go of the file; reports in it can still be read."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
