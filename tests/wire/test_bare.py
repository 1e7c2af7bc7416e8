"""APDUs without a link layer: what begins them, where they end, what is noise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import STAMP, notification, row

from ohmstead.wire import dlms
from ohmstead.wire.axdr import Unreadable, read
from ohmstead.wire.bare import Bare
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
