"""Lines out of a body in pieces, plain and gzip."""

import contextlib
import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.collector import packet_lines
from ohmstead.collector.packet_lines import Lines
from ohmstead.errors import BadInput, TooLarge
from ohmstead.surfaces.wattics import LARGEST


def lines_of(pieces: list[bytes], *, gzipped: bool) -> list[bytes]:
    lines = Lines(gzipped=gzipped)
    found = [line for piece in pieces for line in lines.feed(piece)]
    return found + list(lines.end())


def cut(whole: bytes, at: list[int]) -> list[bytes]:
    edges = sorted({0, len(whole), *(n % (len(whole) + 1) for n in at)})
    return [whole[a:b] for a, b in pairwise(edges)]


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(0, 10_000)), st.booleans())
def test_a_body_may_arrive_in_any_pieces(parts: list[bytes], at: list[int], gzipped: bool) -> None:
    """Style, decoders: pieces do not matter."""
    whole = b"\n".join(parts)
    wanted = whole.split(b"\n")
    sent = gzip.compress(whole) if gzipped else whole
    assert lines_of(cut(sent, at), gzipped=gzipped) == (wanted if wanted[-1] else wanted[:-1])


@given(st.lists(st.binary(max_size=100)))
def test_noise_is_bad_input(noise: list[bytes]) -> None:
    """Style, decoders: noise never raises anything but a refusal."""
    with contextlib.suppress(BadInput):
        lines_of(noise, gzipped=True)


def test_members_follow_each_other() -> None:
    """RFC 1952, 2.2: a file is a series of members."""
    sent = gzip.compress(b"a\nb") + gzip.compress(b"c\nd")
    assert lines_of([sent], gzipped=True) == [b"a", b"bc", b"d"]


def test_a_gzip_that_is_cut_off_is_told() -> None:
    """RFC 1952, 2.3.1: a member ends with its checksum and length."""
    with pytest.raises(BadInput, match="ends within"):
        lines_of([gzip.compress(b"a\nb\n")[:-5]], gzipped=True)


def test_a_bomb_ends_without_filling_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The push API's promise: gzip bombs are a 4xx; a long line is kept only in part."""
    monkeypatch.setattr(packet_lines, "UNPACKED_MOST", 16 << 20)
    squeezer = zlib.compressobj(wbits=31)
    mebibyte, lines = bytes(1 << 20), Lines(gzipped=True)
    parts = (squeezer.compress(mebibyte) for _ in range(18))
    given_out = (len(line) for part in parts for line in lines.feed(part))
    with pytest.raises(TooLarge):
        assert max(given_out) == LARGEST + 1


def test_a_line_that_is_too_long_is_one_line() -> None:
    """What follows it is read all the same."""
    sent = b"a\n" + b"x" * (3 * LARGEST) + b"\nb\n"
    assert [len(line) for line in lines_of(cut(sent, [5, 99_999]), gzipped=False)] == [
        1,
        LARGEST + 1,
        1,
    ]
