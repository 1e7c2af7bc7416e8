"""Which reports are passed on: the first of each interval, by the reports' own time.

The choice depends on the reports alone, not on when they come, so that what is delivered again
after a crash is chosen again, and what waited in a device's queue is passed on as if it had come in
time.
"""

from datetime import datetime


def due(at: datetime, last: datetime | None, interval_s: float, received_at: datetime) -> bool:
    """Whether a report of `at` is passed on, when `last` is the one that was before.

    Counted in whole seconds, as the message tells them: two that follow each other are never
    closer than the interval.  `last` itself is passed on again: whether it arrived is not known
    when it comes a second time.  A `last` that lies in the future of `received_at` came from a
    clock that was wrong, and holds nothing up.
    """
    if last is None or at == last or last > received_at:
        return True
    if interval_s < 1:
        return at > last and (at - last).total_seconds() >= interval_s
    return int(at.timestamp()) - int(last.timestamp()) >= interval_s
