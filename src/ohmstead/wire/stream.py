"""Bytes that wait for the rest of their frame, with a limit: the ground every link layer stands
on."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Generic, TypeVar

PIECE = 4096
"""A long input is worked off in pieces of this size, so that a buffer never holds more than its
frame and one of them."""

Found = TypeVar("Found")


class Stream(ABC, Generic[Found]):
    """A buffer with a bound and a position; a link layer says in `_take` what it finds in it.

    `_take` must look at every byte a bounded number of times, however the stream is cut.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._passed = 0

    def feed(self, data: bytes) -> list[Found]:
        """Whatever `data` completes."""
        found: list[Found] = []
        if len(data) <= PIECE:
            self._buffer += data
            found.extend(self._take(final=False))
            return found
        for start in range(0, len(data), PIECE):
            self._buffer += data[start : start + PIECE]
            found.extend(self._take(final=False))
        return found

    def close(self) -> list[Found]:
        """What the end of the stream completes; afterwards the stream is as new, its position
        apart."""
        found = list(self._take(final=True))
        self._drop(len(self._buffer))
        return found

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return len(self._buffer)

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._passed += count

    @abstractmethod
    def _take(self, *, final: bool) -> Iterator[Found]:
        """What the buffer holds by now; with `final`, nothing more will come."""
