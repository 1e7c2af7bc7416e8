"""Time, handed in: nothing below the programs asks the machine what time it is."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """The present moment: aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never go back, from an arbitrary start."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()


class SetClock:
    """A clock that stands where it was put: for tests, and for a past that is simulated."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._start = now

    def set(self, now: datetime) -> None:
        """Put the clock to `now` (aware)."""
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return (self._now - self._start).total_seconds()
