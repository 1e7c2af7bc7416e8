"""APDUs without a link layer: what begins them, where they end, what is noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import STAMP, notification, row

from ohmstead.wire import dlms
from ohmstead.wire.axdr import MAX_DEPTH, MAX_ELEMENTS, Reader, Unreadable, read
from ohmstead.wire.bare import Bare, Walk
from ohmstead.wire.telegram import Refused, Telegram

LLC = b"\xe6\xe7\x00"
APDU = notification(
    [
        row("0000010000ff", b"\x09\x0c" + STAMP),
        row("0100010800ff", b"\x06\x00\x01\x02\x03", 0, 30),
        row("0100010700ff", b"\x12\x03\xe8", 0, 27),
    ]
)[len(LLC) :]


def _values(found: list[Telegram | Refused]) -> list[dict[str, object]]:
    return [
        {key: value.value for key, value in each.values.items()}
        for each in found
        if isinstance(each, Telegram)
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=4), st.integers(1, 40))
def test_apdus_one_behind_the_other_come_whole_however_they_are_cut(
    with_llc: list[bool], piece: int
) -> None:
    """LLC bytes are optional before each APDU (IEC 62056-46); its end follows from its data."""
    stream = b"".join((LLC if llc else b"") + APDU for llc in with_llc)
    decoder = dlms.bare()
    found = [
        each
        for start in range(0, len(stream), piece)
        for each in decoder.feed(stream[start : start + piece])
    ]
    assert len(_values(found)) == len(with_llc)
    assert decoder.held == 0
    assert _values(found)[0]["1.8.0"] == 66051


def test_what_follows_noise_is_not_taken_for_an_apdu() -> None:
    """Nothing marks a beginning inside a stream, so noise at the front makes all of it noise."""
    decoder = dlms.bare()
    assert decoder.feed(b"\x7e\xa0" + APDU) == []
    assert decoder.held == 0


@given(st.binary(max_size=400))
def test_noise_never_raises_and_never_grows(noise: bytes) -> None:
    """Whatever comes is refused or held within the bound."""
    decoder = dlms.bare()
    decoder.feed(noise)
    assert decoder.held <= Bare.LONGEST
    decoder.feed(noise * 100)
    decoder.close()
    assert decoder.held == 0


PLAIN = st.sampled_from(
    [b"\x00", b"\x03\x01", b"\x06\x00\x00\x00\x05", b"\x12\x00\x05", b"\x16\x1b", b"\x09\x02ab",
     b"\x0a\x81\x02ab", b"\x04\x0c\xab\xc0", b"\x19" + STAMP, b"\x09\x06\x01\x00\x01\x08\x00\xff"]
)  # fmt: skip


def many(tag: int, elements: list[bytes]) -> bytes:
    """An array or a structure."""
    count = len(elements)
    head = bytes([count]) if count < 128 else b"\x82" + count.to_bytes(2, "big")
    return bytes([tag]) + head + b"".join(elements)


TREES = st.recursive(
    PLAIN, lambda inner: st.builds(many, st.sampled_from([1, 2]), st.lists(inner, max_size=5))
)
FRONT = APDU[:5] + b"\x00"


def walked(data: bytes, pieces: int) -> int | None:
    """Where an APDU ends for one who sees it grow; None where it is no A-XDR."""
    walk, end = Walk(0), None
    try:
        for seen in range(0, len(data) + pieces, pieces):
            end = walk.end(data[:seen]) if end is None else end
    except ValueError:
        return None
    return end


def read_to(data: bytes) -> int | None:
    """Where it ends for one who reads it; None where it is no A-XDR, or not all there."""
    reader = Reader(data, len(FRONT))
    try:
        reader.value()
    except Unreadable:
        return None
    return reader.position


@given(TREES, st.binary(max_size=3), st.integers(1, 9))
def test_an_apdu_ends_for_the_eye_where_it_ends_for_the_reader(
    tree: bytes, rest: bytes, pieces: int
) -> None:
    """Walking past elements and reading them agree (IEC 62056-6-2, 4.1.5), whatever follows."""
    assert walked(FRONT + tree + rest, pieces) == read_to(FRONT + tree + rest) is not None


@given(TREES, st.integers(0), st.integers(0, 255))
def test_what_is_no_axdr_has_no_end(tree: bytes, at: int, byte: int) -> None:
    """With one byte changed both say the same, or the eye waits for more than there is."""
    at %= len(tree)
    data = FRONT + tree[:at] + bytes([byte]) + tree[at + 1 :]
    assert walked(data, 1) == walked(data, len(data)) in (read_to(data), None)


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("element", [b"\x12\x00\x05", b"\x01\x00", b"\x09\x02ab"])
def test_the_limit_of_elements_is_the_readers(element: bytes, over: int) -> None:
    """At the limit both read on, one element further neither does."""
    data = FRONT + many(0x02, [element] * (MAX_ELEMENTS + over))
    ends = {walked(data, len(data)), read_to(data)}
    assert ends == ({None} if over else {len(data)})


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1])
def test_the_limit_of_depth_is_the_readers(depth: int) -> None:
    """At the limit both read on, one level deeper neither does."""
    data = FRONT + b"\x01\x01" * depth + b"\x00"
    ends = {walked(data, len(data)), read_to(data)}
    assert ends == ({len(data)} if depth == MAX_DEPTH else {None})


COMPACT = "13" + "02" + "02" + "12" + "09" + "0a"  # structures of long-unsigned and octet-string


def test_a_compact_array_gives_its_elements() -> None:
    """The type stands once in front, contents follow without tags (IEC 62056-5-3, 8.1)."""
    assert read(bytes.fromhex(COMPACT + "000102abcd" + "ffff02eeff")) == [
        (1, b"\xab\xcd"),
        (65535, b"\xee\xff"),
    ]


def test_a_compact_array_of_arrays_gives_them() -> None:
    """An array's type has its count in two bytes (IEC 62056-5-3, 8.1)."""
    assert read(bytes.fromhex("13" + "01" + "0002" + "11" + "04" + "01020304")) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("bad", ["1300" + "02" + "0000", "1312" + "03" + "000102", "13" * 40])
def test_a_compact_array_that_has_no_end_is_unreadable(bad: str) -> None:
    """Elements without contents, cut elements and endless nesting are refused."""
    with pytest.raises(Unreadable):
        read(bytes.fromhex(bad))
