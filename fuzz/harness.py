"""One input through one decoder, with everything that must hold of it.

The first two bytes say how the stream is made of the rest: by which wrapping, how it is cut, and
whether it comes again and again, which shows what grows and what takes more than linear time.
Nothing may come out but telegrams and refusals; no more may be held than the decoder's bound; every
byte is looked at a bounded number of times; and telegrams must not depend on the cut.
"""

import math
import time
from collections.abc import Iterator
from typing import Any, SupportsIndex

from fuzz.decoders import TARGETS, Target

from ohmstead.wire.telegram import Decoder, Refused, Telegram

SLOWEST_S = 0.05
"""CPU time that any input may take, besides what it may take for each byte."""
SLOWEST_BYTE_S = 0.000_4
TRIES = 4
AGAIN = 0xF8
"""From here on the second byte says that the stream comes 2, 4, ... 256 times."""
LONGEST_STREAM = 48_000


class Broken(AssertionError):
    """Something that must hold does not."""


class Counted(bytearray):
    """A buffer that counts the bytes that are looked at."""

    looked = 0

    def _look(self, count: int) -> None:
        self.looked += max(0, count)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        self._look(1 if isinstance(found, int) else len(found))
        return found

    def _span(self, found: int, start: int, end: int | None) -> None:
        last = len(self) if end is None else min(end, len(self))
        self._look((last if found < 0 else found + 1) - start)

    def find(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        """As it is, counted."""
        found = super().find(sub, start, end)
        self._span(found, start or 0, end)
        return found

    def rfind(self, sub: Any, start: Any = 0, end: Any = None) -> int:
        """As it is, counted."""
        found = super().rfind(sub, start, end)
        last = len(self) if end is None else min(end, len(self))
        self._look(last - max(found, start or 0))
        return found

    def startswith(self, prefix: Any, start: SupportsIndex = 0, end: Any = None) -> bool:
        """As it is, counted."""
        self._look(4)
        return super().startswith(prefix, start, end)


def counted(thing: Any, seen: set[int] | None = None) -> list[Counted]:
    """Puts counted buffers into a decoder and all it is made of."""
    seen = set() if seen is None else seen
    buffers: list[Counted] = []
    if id(thing) in seen:
        return buffers
    seen.add(id(thing))
    if isinstance(thing, list | tuple):
        for part in thing:
            buffers += counted(part, seen)
    for name, part in getattr(thing, "__dict__", {}).items():
        if type(part) is bytearray:
            buffer = Counted()
            setattr(thing, name, buffer)
            buffers.append(buffer)
        elif isinstance(part, list) or type(part).__module__.startswith("ohmstead.wire"):
            buffers += counted(part, seen)
    return buffers


def pieces(data: bytes, how: int) -> Iterator[bytes]:
    """`data` cut in one of 32 ways: whole, byte by byte, or in lengths that vary."""
    if how == 0:
        yield data
        return
    at, length = 0, how
    while at < len(data):
        yield data[at : at + length]
        at += length
        if how > 4:
            length = length * 5 % 31 + 1 if how % 2 else length * how % 251 + 1


def stream_of(target: Target, given: bytes) -> tuple[bytes, int]:
    """The bytes that the decoder gets, and the way they are cut."""
    if len(given) < 2:
        return b"", 0
    first, again, rest = given[0], given[1], given[2:]
    how, wrap = divmod(first, len(target.wraps) + 1)
    stream = target.wraps[wrap - 1](rest) if wrap else rest
    if again >= AGAIN:
        stream = (stream * 2 ** (again - AGAIN + 1))[:LONGEST_STREAM]
        how = max(how, 5)  # not byte by byte
    return stream, how % 32


def check(telegram: Telegram) -> None:
    """A value is a text or a number that can be written down."""
    for key, value in telegram.values.items():
        said = value.value
        if not isinstance(said, str) and (isinstance(said, bool) or not math.isfinite(said)):
            raise Broken(f"{key} is {said}")


def fed(target: Target, stream: bytes, how: int) -> list[Telegram]:
    """The telegrams; Broken where the decoder does what it must not."""
    decoder = target.make()
    buffers = counted(decoder)
    found: list[Telegram | Refused] = []
    for piece in pieces(stream, how):
        found += decoder.feed(piece)
        if decoder.held > target.holds:
            raise Broken(f"{decoder.held} bytes are held, {target.holds} are allowed")
    found += decoder.close()
    for one in found:
        if not isinstance(one, Telegram | Refused):
            raise Broken(f"a {type(one).__name__} comes out")
        if isinstance(one, Telegram):
            check(one)
        elif not 0 <= one.offset <= len(stream):
            raise Broken(f"{one} of {len(stream)} bytes")
    looked = sum(buffer.looked for buffer in buffers)
    if looked > target.looks * (len(stream) + 64):
        raise Broken(f"{looked} bytes are looked at of {len(stream)}")
    return [one for one in found if isinstance(one, Telegram)]


def cpu_s(target: Target, stream: bytes, how: int) -> float:
    """Seconds of CPU time that decoding takes."""
    decoder: Decoder = target.make()
    cut = list(pieces(stream, how))
    start = time.process_time()
    for piece in cut:
        decoder.feed(piece)
    decoder.close()
    return time.process_time() - start


def one(name: str, given: bytes) -> None:
    """Broken, or whatever the decoder raises, if something is wrong with this input."""
    target = TARGETS[name]
    stream, how = stream_of(target, given)
    start = time.process_time()
    telegrams = fed(target, stream, how)
    allowed = SLOWEST_S + SLOWEST_BYTE_S * len(stream)
    if time.process_time() - start > allowed:
        took = min(cpu_s(target, stream, how) for _ in range(TRIES))
        if took > allowed:
            raise Broken(f"{took:.3f} s for {len(stream)} bytes")
    if how and name != "recognise":
        whole = fed(target, stream, 0)
        if [each.raw for each in whole] != [each.raw for each in telegrams]:
            raise Broken(f"{len(telegrams)} telegrams in pieces, {len(whole)} in one")
