"""The harness of the fuzz run: it must pass what is right and notice what is not."""

from collections.abc import Iterator

import pytest
from fuzz import harness
from fuzz.decoders import TARGETS, Target
from fuzz.harness import AGAIN, Broken, pieces, stream_of
from fuzz.seeds import SEEDS
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import p1

from ohmstead.reading.reading import Identity
from ohmstead.wire.p1 import P1
from ohmstead.wire.stream import Stream
from ohmstead.wire.telegram import Refused, Telegram, Value


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=300))
def test_noise_breaks_nothing(name: str, data: bytes) -> None:
    """What docs/decoders.md promises of every decoder, in short; `make fuzz` is the long run."""
    harness.one(name, data)


@pytest.mark.parametrize("name", TARGETS)
def test_every_decoder_has_seeds(name: str) -> None:
    """fuzz/seeds.py: a wrapping without a telegram inside would hardly ever meet one."""
    ways = {wrap for wrap, *_ in SEEDS[name]}
    assert ways <= set(range(len(TARGETS[name].wraps) + 1))
    assert len(ways) > 1 or not TARGETS[name].wraps


def test_a_stream_is_wrapped_cut_and_repeated_as_its_first_bytes_say() -> None:
    """fuzz/harness.py: the input alone decides, so that a finding can be tried again."""
    target = TARGETS["p1"]
    assert stream_of(target, b"\x00\x00!\r\n") == (b"!\r\n", 0)
    assert stream_of(target, b"\x01\x00x")[0].startswith(b"/OHM5TEST\r\n")
    stream, how = stream_of(target, bytes([2, AGAIN + 2]) + b"ab")
    assert (stream, how) == (b"ab" * 8, 5)
    assert all(b"".join(pieces(stream, how)) == stream for how in range(32))


class _Wrong(Stream[Telegram | Refused]):
    """Decoders with one fault each: it gives what is in `gives`, and does what subclasses do."""

    gives: tuple[object, ...] = ()

    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        yield from self.gives  # type: ignore[misc]
        if not final:
            self._drop(len(self._buffer))


class _Hoards(_Wrong):
    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        yield from ()


class _LooksAgain(_Wrong):
    def _take(self, *, final: bool) -> Iterator[Telegram | Refused]:
        self._buffer.find(b"!")
        yield from ()


class _GivesANumber(_Wrong):
    gives = (1,)


class _RefusesElsewhere(_Wrong):
    gives = (Refused("no", 10**6),)


class _MeasuresInfinity(_Wrong):
    gives = (Telegram("DSMR", "p1", {"1.7.0": Value(float("inf"), "W")}, None, Identity(), b""),)


@pytest.mark.parametrize(
    "make, holds, why",
    [
        (_Hoards, 100, "bytes are held"),
        (_LooksAgain, 10_000, "are looked at"),
        (_GivesANumber, 10_000, "int comes out"),
        (_RefusesElsewhere, 10_000, "of 3000 bytes"),
        (_MeasuresInfinity, 10_000, "1.7.0 is inf"),
    ],
)
def test_a_fault_is_noticed(make: type[_Wrong], holds: int, why: str) -> None:
    """A harness that passes everything would find nothing."""
    with pytest.raises(Broken, match=why):
        harness.fed(Target(make, holds), bytes(3000), 1)


def test_a_telegram_passes() -> None:
    """A right telegram, byte by byte."""
    (telegram,) = harness.fed(Target(P1, TARGETS["p1"].holds), p1(), 1)
    assert telegram.values["1.7.0"] == Value(1.234, "kW")
