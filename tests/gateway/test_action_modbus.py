"""Writes to a Modbus TCP device.  Source: REST/MQTT 2.0, 6.6; Modbus application protocol 1.1b3."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.gateway.action_modbus import (
    Function,
    Status,
    Type,
    Write,
    announced,
    frame,
    outcome,
    send,
    write,
)

UNIT, WAIT_S = 1, 5.0
REGISTERS = write(16, 10, "short", "20")
EXCEPTIONS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 11)


@pytest.mark.parametrize(
    "function, kind, value, expected",
    [
        (5, "short", "0", "0500070000"),
        (5, "short", "1", "050007ff00"),
        (5, "hex", "0000", "0500070000"),
        (5, "hex", "00FF", "050007ff00"),
        (5, "hex", "FF00", "050007ff00"),
        (5, "hex", "ff00", "050007ff00"),
        (6, "short", "1234", "06000704d2"),
        (6, "short", "-1234", "060007fb2e"),
        (6, "short", "65535", "060007ffff"),
        (6, "hex", "0809", "0600070809"),
        (15, "hex", "A1B2C3D4", "0f0007002004a1b2c3d4"),
        (15, "hex", "05", "0f0007000801" + "05"),
        (16, "hex", "0809A0B0", "10000700020" + "40809a0b0"),
        (16, "short", "1234", "1000070001" + "0204d2"),
        (16, "int", "-1", "1000070002" + "04ffffffff"),
        (16, "int", "4294967295", "1000070002" + "04ffffffff"),
        (16, "int", "305419896", "1000070002" + "0412345678"),
        (16, "long", "-2", "1000070004" + "08fffffffffffffffe"),
        (16, "float", "-1.23", "1000070002" + "04bf9d70a4"),
        (16, "double", "-1.23", "1000070004" + "08bff3ae147ae147ae"),
    ],
)
def test_6_6_1_modbus_type_and_value(
    function: Function, kind: Type, value: str, expected: str
) -> None:
    """6.6.1, "Modbus Type Field" and "Modbus Value Field" (quirk 18: FF00 is sent for ON)."""
    assert write(function, 7, kind, value).pdu.hex() == expected


@pytest.mark.parametrize(
    "function, kind, value",
    [
        (5, "short", "2"),
        (5, "hex", "0001"),
        (5, "int", "1"),
        (6, "int", "1"),
        (6, "hex", "08"),
        (6, "hex", "0809A0B0"),
        (6, "short", "65536"),
        (6, "short", "-32769"),
        (6, "short", "1.0"),
        (6, "short", "1_0"),
        (6, "short", ""),
        (15, "short", "1"),
        (15, "hex", "A"),
        (16, "hex", "A1B2C3"),
        (16, "hex", "xy"),
        (16, "hex", "00" * 248),
        (16, "float", "1e39"),
        (16, "float", "nan"),
        (16, "double", "inf"),
        (16, "double", "1_0"),
        (16, "int", "4294967296"),
        (16, "long", "18446744073709551616"),
    ],
)
def test_6_6_1_a_value_that_its_type_or_function_cannot_hold_is_refused(
    function: Function, kind: Type, value: str
) -> None:
    """6.6.1: "must match the data type selected in the type attribute"."""
    with pytest.raises(BadInput, match=r"value|type"):
        write(function, 7, kind, value)


def test_registers_end_at_the_last_address() -> None:
    """Modbus 1.1b3, 6.12: starting address and quantity stay within 65536 registers."""
    assert write(16, 65534, "float", "1").pdu
    with pytest.raises(BadInput, match="65535"):
        write(16, 65535, "float", "1")


@given(st.integers(-(2**31), 2**32 - 1))
def test_an_int_is_two_registers_most_significant_first(number: int) -> None:
    """6.6.1: "the two most-significant bytes are written to the base register"."""
    values = write(16, 0, "int", str(number)).values
    assert struct.unpack(">I", values)[0] == number % 2**32


@given(st.binary(max_size=300).map(lambda tail: b"\0\1\0\0\0\6\1" + tail), st.data())
def test_noise_is_an_outcome_below_zero(noise: bytes, data: st.DataObject) -> None:
    """Whatever a device answers is a code of the table, and never SUCCESS by accident."""
    header = data.draw(st.binary(min_size=7, max_size=7) | st.just(noise[:7]))
    length = announced(header)
    if length > 0 and len(noise) > 7:
        answer = header + noise[7 : 7 + length]
        code = outcome(REGISTERS, 1, UNIT, answer)
        assert code in {*Status} or -355 <= code <= -101
        assert (code == Status.SUCCESS) == (answer[7:] == REGISTERS.echo and code == 1)


# ---------------------------------------------------------------- against a device


def answer(write: Write, *, transaction: int = 1, unit: int = UNIT, pdu: bytes = b"") -> bytes:
    """A device's answer, right but for what is said."""
    body = pdu or write.echo
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body


ANSWERS: dict[str, tuple[bytes, int]] = {
    "success": (answer(REGISTERS), Status.SUCCESS),
    "too long": (b"\0\1\0\0\1\0\1" + bytes(255), Status.TOO_LONG),
    "no answer": (b"", Status.RECEIVE_ERROR),
    "pdu length": (answer(REGISTERS, pdu=REGISTERS.echo + b"\0"), Status.PDU_LENGTH),
    "no pdu": (b"\0\1\0\0\0\1\1", Status.PDU_LENGTH),
    "header": (b"\0\1\0\7\0\6\1" + REGISTERS.echo, Status.HEADER),
    "transaction": (answer(REGISTERS, transaction=2), Status.TRANSACTION),
    "function": (answer(REGISTERS, pdu=b"\x06" + REGISTERS.echo[1:]), Status.FUNCTION),
    "exception frame": (answer(REGISTERS, pdu=b"\x90\2\0"), Status.EXCEPTION_FRAME),
    "exception zero": (answer(REGISTERS, pdu=b"\x90\0"), Status.EXCEPTION_FRAME),
    "unit": (answer(REGISTERS, unit=9), Status.UNIT),
    "too short": (answer(REGISTERS)[:-1], Status.TOO_SHORT),
    "half a header": (b"\0\1\0", Status.TOO_SHORT),
    "body": (answer(REGISTERS, pdu=REGISTERS.echo[:-1] + b"\7"), Status.BODY),
    **{
        f"exception {number}": (answer(REGISTERS, pdu=bytes((0x90, number))), -100 - number)
        for number in EXCEPTIONS
    },
}


@asynccontextmanager
async def device(
    reply: Callable[[bytes], bytes | None],
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A device that answers each request with `reply`, None for never; its port, what it got."""
    got: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(1000))
        said = reply(got[-1])
        if said is None:
            await over.wait()
        else:
            writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], got
    finally:
        over.set()
        server.close()


@pytest.mark.parametrize("named", ANSWERS)
async def test_6_6_3_modbus_status_codes(named: str) -> None:
    """6.6.3, "Modbus Status Codes": each kind of answer, from a device on a socket."""
    said, expected = ANSWERS[named]
    async with device(lambda _: said) as (port, got):
        assert await send("127.0.0.1", port, UNIT, REGISTERS, WAIT_S) == expected
    assert got == [frame(REGISTERS, 1, UNIT)]


async def test_6_6_3_a_device_that_says_nothing_is_waited_for_no_longer_than_the_timeout() -> None:
    """6.6.3: -3, response receive timeout."""
    async with device(lambda _: None) as (port, _):
        assert await send("127.0.0.1", port, UNIT, REGISTERS, 0.1) == Status.TIMEOUT


async def test_6_6_3_a_device_that_is_not_there() -> None:
    """6.6.3: -17, cannot connect; -16, cannot resolve host."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        port = taken.getsockname()[1]
        assert await send("127.0.0.1", port, 0, REGISTERS, WAIT_S) == Status.NOT_CONNECTED
    for host in ("no-such-host.invalid", "a..b", "x" * 64):
        assert await send(host, 502, 0, REGISTERS, WAIT_S) == Status.NOT_RESOLVED
