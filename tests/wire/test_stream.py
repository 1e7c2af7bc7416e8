"""What every decoder promises: any pieces, no noise, bounded memory, linear work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import (
    KEYS,
    ROWS,
    Make,
    blocks,
    cut,
    hdlc,
    heard,
    mbus,
    notification,
    p1,
    sealed,
    wrapped,
)
from tests.wire.telegrams import dlms as frame

from ohmstead.wire import dlms
from ohmstead.wire.hdlc import Hdlc
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.mbus_link import MbusFrames
from ohmstead.wire.p1 import P1
from ohmstead.wire.p1_sealed import SealedP1
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.stream import PIECE, Stream
from ohmstead.wire.telegram import Telegram
from ohmstead.wire.wrapper import Wrapper

MBUS = mbus(notification(ROWS)[3:], segment=60)
SEALED = sealed(p1(), long=True)
BLOCKS = b"".join(map(hdlc, blocks(sealed(notification(ROWS)[3:]))))
SEGMENTED = hdlc(notification(ROWS)[:40], more=True) + hdlc(notification(ROWS)[40:])
MAKERS: dict[str, Make] = {
    "p1": P1,
    "p1-sealed": lambda: SealedP1(KEYS),
    "hdlc": lambda: dlms.over_hdlc(KEYS),
    "mbus": lambda: dlms.over_mbus(KEYS),
    "wrapper": lambda: dlms.over_wrapper(KEYS),
}
EACH = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
DECODERS = pytest.mark.parametrize(
    "make", [*MAKERS.values(), lambda: Recogniser(KEYS)], ids=[*MAKERS.keys(), "any"]
)
BOUND = P1.LONGEST + 2 * Hdlc.LONGEST + Wrapper.LONGEST + 5 * PIECE
"""What a recogniser with all its decoders may hold at most."""

NOISE = st.one_of(
    st.binary(max_size=300),
    st.lists(
        st.sampled_from([b"/", b"!", b"\r\n", b"/ABC5", b"\x7e", b"\xa0\x27", b"ABCD", b"(", b")"])
    ).map(b"".join),
)


def stream_of(*telegrams: bytes) -> st.SearchStrategy[bytes]:
    """Noise and some of these telegrams, in any order."""
    return st.lists(st.one_of(NOISE, st.sampled_from(telegrams)), max_size=6).map(b"".join)


P1_STREAMS = stream_of(p1(), p1(crc=False), p1(end="\n"), p1()[:200])
HDLC_STREAMS = stream_of(frame(), SEGMENTED, frame()[:60])
OTHERS = (MBUS, SEALED, BLOCKS, wrapped(notification(ROWS)[3:]))
STREAMS = stream_of(p1(), p1()[:200], frame(), SEGMENTED, frame()[:60], *OTHERS)
ONE_METER = st.one_of(P1_STREAMS, HDLC_STREAMS, *map(stream_of, OTHERS))


def told(pieces: list[bytes]) -> list[Telegram]:
    """The telegrams that a recogniser finds."""
    return [found for found in heard(Recogniser(KEYS), pieces) if isinstance(found, Telegram)]


@EACH
@given(STREAMS, st.lists(st.integers(0), max_size=8))
def test_a_telegram_may_arrive_in_any_pieces(make: Make, data: bytes, places: list[int]) -> None:
    """A serial line cuts where it likes: the same telegrams and refusals come out."""
    whole = heard(make(), [data])
    assert heard(make(), cut(data, places)) == whole
    assert heard(make(), [data[at : at + 1] for at in range(len(data))]) == whole


@given(ONE_METER, st.lists(st.integers(0), max_size=8))
def test_an_unknown_stream_may_arrive_in_any_pieces(data: bytes, places: list[int]) -> None:
    """One meter is on a line: its telegrams come out however they are cut.

    What is refused before the meter is known depends on who has heard how much.
    """
    assert told(cut(data, places)) == told([data])


@DECODERS
@given(NOISE)
def test_noise_before_and_after_does_no_harm(make: Make, noise: bytes) -> None:
    """A telegram without a `!` or flag in the noise around it is found; nothing is raised in any
    case."""
    quiet = noise.replace(b"/", b"").replace(b"!", b"").replace(b"\x7e", b"")
    for data in (p1(), frame(), *OTHERS):
        alone = [found for found in heard(make(), [data]) if isinstance(found, Telegram)]
        found = heard(make(), [quiet, data, quiet])
        assert [one.raw for one in found if isinstance(one, Telegram)] == [one.raw for one in alone]


@DECODERS
@pytest.mark.parametrize(
    "unit",
    [
        b"/",
        b"/ABC5x\r\n",
        b"\n!",
        b"!",
        b"\x7e",
        b"\x7e\xa7\xff",
        b"\x7e\xa0\x27\x03\x05\x13",
        b"\x00",
        b"1-0:1.8.0(1*W)\r\n",
    ],
)
def test_a_stream_without_end_stays_within_its_bound(make: Make, unit: bytes) -> None:
    """A megabyte of what begins and never ends, fed at once and in pieces."""
    decoder = make()
    data = b"/ABC5x\r\n" + unit * (300_000 // len(unit))
    decoder.feed(data)
    assert decoder.held <= BOUND
    for at in range(0, 100_000, 1000):
        decoder.feed(data[at : at + 1000])
        assert decoder.held <= BOUND


class Counting(bytearray):
    """A buffer that counts the bytes that are looked at in it."""

    looked = 0

    def find(self, what: object, start: int = 0, end: int | None = None) -> int:  # type: ignore[override]
        stop = len(self) if end is None else min(end, len(self))
        found = super().find(what, start, stop)  # type: ignore[arg-type]
        self.looked += (found if found >= 0 else max(stop, start)) - start + 1
        return found

    def __getitem__(self, where: Any) -> Any:
        got = super().__getitem__(where)
        self.looked += len(got) if isinstance(got, bytearray) else 1
        return got


def work(make: type[Stream[Any]], data: bytes, piece: int) -> int:
    decoder = make()
    decoder._buffer = Counting()
    for at in range(0, len(data), piece):
        decoder.feed(data[at : at + piece])
    decoder.close()
    return decoder._buffer.looked


@pytest.mark.parametrize("make", [P1, SealedP1, Hdlc, MbusFrames, Wrapper, Readout])
@pytest.mark.parametrize("piece", [1, 7, 100_000])
@pytest.mark.parametrize(
    "unit",
    [
        b"/",
        b"/ABC",
        b"/ABC5x\r\n",
        b"\n!zz",
        b"\n!AB",
        b"\x7e",
        b"\x7e\xa7\xff",
        b"\x7e\xa7\xff\x03\x05\x13",
        p1(),
        frame(),
        p1()[:-9],
        b"\xdb\x08ABC12345\x82\x0f\xff\x30",
        b"\x00\x01\x00\x01\x00\x67\x10\x00\x0f",
        b"\x68\x03\x03\x68",
        b"\x68\xfa\xfa\x68",
        b"\r\n0.0.0(" + b"\x9c" * 500,
        b"\x02" + b"\xff" * 40 + b"\0" * 40,
    ],
)
def test_work_grows_with_the_stream_and_not_faster(
    make: type[Stream[Any]], piece: int, unit: bytes
) -> None:
    """Twice the bytes are twice the work: bytes looked at are counted, no time is taken."""
    short, long = (work(make, unit * (size // len(unit)), piece) for size in (10_000, 20_000))
    assert long <= 2.2 * short + 1000
    assert long <= 60 * 20_000
