"""Telegrams of several meters in one file: what others say between those of the first.

A recogniser listens to one meter.  In a file that was put together from several it would pass over
the others, so what is between its telegrams is listened to anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Refused, Telegram

FEWEST = 24
"""Bytes between two telegrams that may be another one."""
MOST_METERS = 16
"""Kinds of meters in one file; what is deeper between others' telegrams is left."""

Found = Telegram | Refused


@dataclass(frozen=True, slots=True)
class Placed:
    """What was found, and from where to where it goes in the file."""

    found: Found
    start: int
    end: int


def heard(given: bytes, listen: Callable[[], Recogniser]) -> list[Found]:
    """Every telegram and refusal in `given`, in their order."""
    return [one.found for one in _heard(given, listen, 0, MOST_METERS)]


def _heard(
    given: bytes, listen: Callable[[], Recogniser], offset: int, meters: int
) -> list[Placed]:
    recogniser = listen()
    found = list(_placed([*recogniser.feed(given), *recogniser.close()], given, offset))
    others: list[Placed] = []
    for start, end in _gaps(found, offset, offset + len(given)) if meters else ():
        inside = _heard(given[start - offset : end - offset], listen, start, meters - 1)
        if any(isinstance(one.found, Telegram) for one in inside):
            others += inside
            found = [one for one in found if not start <= one.start < end]
    return sorted([*found, *others], key=lambda one: one.start)


def _placed(found: list[Found], given: bytes, offset: int) -> Iterator[Placed]:
    """Where each stands; a telegram whose bytes have noise between them ends where it begins."""
    at = 0
    for one in found:
        if isinstance(one, Refused):
            yield Placed(replace(one, offset=one.offset + offset), one.offset + offset, 0)
            continue
        start = given.find(one.raw, at)
        size = len(one.raw) if start >= 0 else 0
        at = max(start, at) + size
        yield Placed(one, offset + at - size, offset + at)


def _gaps(found: list[Placed], first: int, last: int) -> Iterator[tuple[int, int]]:
    """What no telegram covers; nothing where there is no telegram, or one in pieces."""
    telegrams = [one for one in found if isinstance(one.found, Telegram)]
    if not telegrams or any(one.start == one.end for one in telegrams):
        return
    at = first
    for start, end in [*((one.start, one.end) for one in telegrams), (last, last)]:
        if start - at >= FEWEST:
            yield at, start
        at = end
