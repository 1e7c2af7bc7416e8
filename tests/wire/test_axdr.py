"""A-XDR, type by type, and its limits."""

import struct
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import row

from ohmstead.wire import axdr
from ohmstead.wire.axdr import Bits, Enum, Unreadable


@pytest.mark.parametrize(
    "data,value",
    [
        ("00", None),
        ("0301", True),
        ("040c abc0", Bits(12, b"\xab\xc0")),
        ("05fffffffe", -2),
        ("06fffffffe", 2**32 - 2),
        ("0904 01020304", b"\x01\x02\x03\x04"),
        ("0a03 616263", "abc"),
        ("0c02 c3a4", "ä"),
        ("0d42", 42),
        ("0ffe", -2),
        ("10fffe", -2),
        ("11fe", 254),
        ("12fffe", 65534),
        ("14fffffffffffffffe", -2),
        ("15fffffffffffffffe", 2**64 - 2),
        ("1623", 35),
        ("17" + struct.pack(">f", 1.5).hex(), 1.5),
        ("18" + struct.pack(">d", 0.1).hex(), 0.1),
        ("1a07e9070304", bytes.fromhex("07e9070304")),
        ("1b0e0f0000", bytes.fromhex("0e0f0000")),
        ("0102 1101 1102", [1, 2]),
        ("0202 1101 0100", (1, [])),
        ("098102 0102", b"\x01\x02"),
        ("ff", None),
    ],
)
def test_every_type_is_read(data: str, value: Any) -> None:
    """IEC 62056-6-2, table of common data types; lengths over 127 after IEC 61334-6."""
    read = axdr.read(bytes.fromhex(data))
    assert read == value
    assert type(read) is type(value) or isinstance(read, Enum)


@pytest.mark.parametrize(
    "data,reason",
    [
        ("", "1 bytes are said to follow, 0 do"),
        ("1100ff", "left over"),
        ("0905 01", "5 bytes are said to follow"),
        ("0984 ffffffff", "said to follow"),
        ("0185 0000000001", "too long"),
        ("0184 ffffffff 00", "elements are said to follow"),
        ("0105 1101", "elements are said to follow"),
        ("2a", "no data type 0x2A"),
        ("0201" * 40 + "00", "nested"),
        ("0182 2000" + "00" * 0x2000, "elements"),
    ],
)
def test_what_is_beyond_the_limits_is_unreadable(data: str, reason: str) -> None:
    """Depth, count and size are bounded before anything is made (the class of `bad/axdr-*`)."""
    with pytest.raises(Unreadable, match=reason):
        axdr.read(bytes.fromhex(data))


def test_elements_are_counted_over_all_levels() -> None:
    """Many small lists are as many elements as one long one."""
    inner = b"\x01\x64" + b"\x00" * 100
    with pytest.raises(Unreadable, match="elements"):
        axdr.read(b"\x01\x64" + inner * 100)


@given(st.binary(min_size=4, max_size=4))
def test_a_short_floating_point_number_is_what_its_bytes_mean(data: bytes) -> None:
    """IEEE 754, single precision: never another number, and no digits that nobody wrote."""
    (found,) = axdr.single(data)
    (exact,) = struct.unpack(">f", data)
    assert struct.pack(">f", found) == struct.pack(">f", exact)


@given(st.decimals(-9999, 9999, places=2))
def test_six_digits_come_out_as_they_went_in(number: Decimal) -> None:
    """IEEE 754, single precision: six decimal digits survive."""
    assert axdr.single(struct.pack(">f", float(number))) == (float(number),)


@given(st.binary(max_size=200))
def test_noise_is_a_value_or_unreadable(data: bytes) -> None:
    """No input raises anything else, whatever it says of its lengths."""
    with suppress(Unreadable):
        axdr.read(data)


NUMBERS = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda n: b"\x05" + n.to_bytes(4, "big", signed=True)),
    st.integers(0, 2**32 - 1).map(lambda n: b"\x06" + n.to_bytes(4, "big")),
    st.integers(-(2**15), 2**15 - 1).map(lambda n: b"\x10" + n.to_bytes(2, "big", signed=True)),
    st.integers(0, 2**16 - 1).map(lambda n: b"\x12" + n.to_bytes(2, "big")),
)


@given(st.binary(min_size=6, max_size=6), NUMBERS, st.integers(-128, 127), st.integers(0, 255))
def test_the_short_cut_for_rows_reads_what_the_elements_read(
    name: bytes, number: bytes, scaler: int, unit: int
) -> None:
    """A row of name, number and {scaler, unit}, once as a row and once deeper than the short cut
    goes."""
    data = row(name.hex(), number, scaler, unit)
    short = axdr.read(data)
    deep = axdr.Reader(data)
    elements = deep.value(axdr.MAX_DEPTH - 2)
    assert short == elements == (name, axdr.read(number), (scaler, unit))
    assert type(short[2][1]) is type(elements[2][1]) is Enum
    with pytest.raises(Unreadable, match="nested"):
        axdr.Reader(data).value(axdr.MAX_DEPTH - 1)


OBJECT = "02041200030906{name}0f02120000"


@given(st.lists(st.binary(min_size=6, max_size=6), min_size=1, max_size=120))
def test_the_short_cut_for_push_lists_reads_what_the_elements_read(names: list[bytes]) -> None:
    """A list of objects, once as a list and once deeper than the short cut goes."""
    objects = "".join(OBJECT.format(name=name.hex()) for name in names)
    data = b"\x01" + bytes([len(names)]) + bytes.fromhex(objects)
    assert axdr.read(data) == [(3, name, 2, 0) for name in names]
    assert axdr.Reader(data).value(axdr.MAX_DEPTH - 2) == axdr.read(data)
    axdr.read(data).clear()
    assert len(axdr.read(data)) == len(names), "what is remembered must not be changed"


@pytest.mark.parametrize(
    "data,value",
    [
        ("0102" + OBJECT.format(name="00" * 6) + "1101", [(3, bytes(6), 2, 0), 1]),
        ("0101" + OBJECT.format(name="00" * 6).replace("0f02", "1102"), [(3, bytes(6), 2, 0)]),
        ("0201" + OBJECT.format(name="00" * 6), ((3, bytes(6), 2, 0),)),
        ("02020ffe1623", (-2, 35)),
        ("02020ffe1123", (-2, 35)),
        ("02020904 01020304 1101", (b"\x01\x02\x03\x04", 1)),
    ],
)
def test_what_only_looks_like_a_short_cut(data: str, value: Any) -> None:
    """IEC 62056-6-2: whatever a short cut does not know is read element by element."""
    assert axdr.read(bytes.fromhex(data)) == value


@pytest.mark.parametrize("data", ["0201 06010203", "0202 1101 12", "0201 0905 01", "0102 1101 09"])
def test_an_element_that_is_cut_off_is_unreadable(data: str) -> None:
    """The numbers inside a structure, which are read at once, are as bounded as those outside."""
    with pytest.raises(Unreadable):
        axdr.read(bytes.fromhex(data))
