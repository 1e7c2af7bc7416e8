"""Bytes as people write them: digits with marks between, and dumps of tools."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.cli.hexadecimal import dumped, spelled, text_of
from ohmstead.errors import BadInput

BYTES = bytes(range(37)) + b"~\xa0\x2b  zz"


def letters(data: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def rows(data: bytes) -> list[tuple[int, bytes]]:
    return [(at, data[at : at + 16]) for at in range(0, len(data), 16)]


def xxd(data: bytes) -> str:
    return "".join(f"{at:08x}: {row.hex(' ', -2):<39}  {letters(row)}\n" for at, row in rows(data))


def hexdump(data: bytes) -> str:
    lines = (
        f"{at:08x}  {row[:8].hex(' ')}  {row[8:].hex(' ')}".ljust(60) + f"|{letters(row)}|\n"
        for at, row in rows(data)
    )
    return "".join(lines) + f"{len(data):08x}\n"


def od(data: bytes) -> str:
    return "".join(f"{at:06x} {row.hex(' ')}\n" for at, row in rows(data)) + f"{len(data):06x}\n"


def wireshark(data: bytes) -> str:
    return "".join(f"{at:04x}  {row.hex(' '):<47}   {letters(row)}\n" for at, row in rows(data))


@given(st.binary(min_size=17, max_size=80))
@pytest.mark.parametrize("tool", [xxd, hexdump, od, wireshark])
def test_what_a_tool_shows_is_read_back(tool: object, data: bytes) -> None:
    """xxd(1), hexdump(1) -C, od(1) -A x -t x1, Wireshark: the letters beside are no data."""
    assert callable(tool)
    assert dumped(tool(data)) == data


def test_lines_that_are_the_same_may_be_left_out() -> None:
    """hexdump(1): an asterisk stands for lines like the one before."""
    assert dumped(f"00000000  {'00 ' * 16}\n*\n00000040  7e a0\n00000042\n") == bytes(64) + b"~\xa0"


@pytest.mark.parametrize(
    "written",
    [
        BYTES.hex(),
        BYTES.hex(" "),
        BYTES.hex(" ", 4),
        BYTES.hex("\n", 8),
        "0000 7ea0 2b13",
        "0000 7ea0\n0000 7ea0\n",
        "00000000: 7e a0 2b\n00000010: 7e\n",
        "",
        "*",
    ],
)
def test_what_is_no_dump_is_left_alone(written: str) -> None:
    """Every line must say where its bytes stand, and have as many as the next one says."""
    assert dumped(written) is None


@given(st.text("0123456789abcdef :*|.x\n", max_size=60))
def test_any_text_is_a_dump_or_none(written: str) -> None:
    """Whatever is in a file, nothing is raised."""
    assert dumped(written) is None or dumped(written) is not None


@pytest.mark.parametrize(
    "written",
    [
        "7EA02B", "7e a0 2b", "7e:a0:2b", "0x7E, 0xA0, 0x2B", r"\x7e\xa0\x2b", "{0x7E,0xA0,0x2B};",
        '"7e a0"\n"2b"', "7e-a0-2b", "[7e, a0, 2b]", "7e\r\na0\r\n2b\r\n",
    ],
)  # fmt: skip
def test_digits_may_have_marks_between_them(written: str) -> None:
    """The ways in which programs and people write bytes down."""
    assert spelled("it", written) == b"~\xa0\x2b"


@pytest.mark.parametrize(
    "written, said", [("7ea", "3 hexadecimal digits"), ("7g", "not hexadecimal"), ("é0", "not")]
)
def test_what_is_none_is_said_without_showing_it(written: str, said: str) -> None:
    """It may be a key."""
    with pytest.raises(BadInput, match=said) as error:
        spelled("--key", written)
    assert written not in str(error.value)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_file_may_be_written_by_any_shell(codec: str) -> None:
    """PowerShell redirects into UTF-16 with a byte order mark."""
    assert text_of("7e a0\r\n".encode(codec)) == "7e a0\r\n"
