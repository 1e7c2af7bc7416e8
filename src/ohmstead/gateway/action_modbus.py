"""Writing to a Modbus TCP device: what goes out, and what the answer means.

`Write` and `outcome` are bytes in, values out; `send` carries them.  Source: REST/MQTT 2.0, 6.6
(types, values, status codes); Modbus application protocol 1.1b3; Modbus messaging on TCP/IP 1.0b.
"""

import asyncio
import re
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite
from typing import Literal

from ohmstead.errors import BadInput

Function = Literal[5, 6, 15, 16]
Type = Literal["hex", "short", "int", "long", "float", "double"]

COIL, REGISTER, COILS, REGISTERS = 5, 6, 15, 16
ON, OFF = b"\xff\x00", b"\x00\x00"
SWITCHES = {"0000": OFF, "00FF": ON, "FF00": ON}
"""Quirk 18: the document writes 00FF for ON; the standard's is FF00, and that is what goes out."""

MOST_BYTES = 246  # 123 registers, or 1968 coils.  Modbus 1.1b3, 6.11 and 6.12
HEADER_BYTES = 7  # MBAP: transaction, protocol, length, unit
LONGEST_PDU = 253
EXCEPTION = 0x80
EXCEPTION_BASE = 100

_WHOLE = re.compile(r"[+-]?\d{1,20}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BYTES = {"short": 2, "int": 4, "long": 8}
_REALS = {"float": ">f", "double": ">d"}


class Status(IntEnum):
    """How a request ended.  Source: 6.6.3, "Modbus Status Codes"; -100 - n is exception n."""

    SUCCESS = 1
    RUNNING = -1
    """Also the document's "generic issue", which therefore no request that ended has."""
    TOO_LONG = -2
    TIMEOUT = -3
    RECEIVE_ERROR = -4
    PDU_LENGTH = -5
    SEND_ERROR = -7
    HEADER = -8
    TRANSACTION = -9
    FUNCTION = -10
    EXCEPTION_FRAME = -11
    UNIT = -12
    TOO_SHORT = -13
    BODY = -14
    UNPROCESSED = -15
    NOT_RESOLVED = -16
    NOT_CONNECTED = -17
    NOT_CREATED = -19


@dataclass(frozen=True, slots=True)
class Write:
    """What is written, where: a function code, the first address, the bytes of the values."""

    function: int
    address: int
    values: bytes

    @property
    def _count(self) -> int:
        """Coils or registers."""
        return len(self.values) * 8 if self.function == COILS else len(self.values) // 2

    @property
    def pdu(self) -> bytes:
        """The request.  Source: Modbus 1.1b3, 6.5, 6.6, 6.11, 6.12."""
        start = struct.pack(">BH", self.function, self.address)
        if self.function in (COIL, REGISTER):
            return start + self.values
        return start + struct.pack(">HB", self._count, len(self.values)) + self.values

    @property
    def echo(self) -> bytes:
        """The answer of a device that did it."""
        if self.function in (COIL, REGISTER):
            return self.pdu
        return struct.pack(">BHH", self.function, self.address, self._count)


def _whole(kind: str, value: str) -> bytes:
    size = _BYTES[kind]
    if not _WHOLE.fullmatch(value):
        raise BadInput(f"value {value!r} is not an integer, which type {kind} wants")
    number = int(value)
    if not -(1 << (8 * size - 1)) <= number < 1 << (8 * size):
        raise BadInput(f"value {value} does not fit into the {8 * size} bits of type {kind}")
    return (number % (1 << (8 * size))).to_bytes(size, "big")


def _real(kind: str, value: str) -> bytes:
    try:
        number = float(value)
        if "_" not in value and isfinite(number):
            return struct.pack(_REALS[kind], number)
    except (ValueError, OverflowError):
        pass
    raise BadInput(f"value {value!r} is not a number that type {kind} can hold")


def _bytes(kind: str, value: str) -> bytes:
    if kind in _BYTES:
        return _whole(kind, value)
    if kind in _REALS:
        return _real(kind, value)
    if not _HEX.fullmatch(value):
        raise BadInput(f"value {value!r} is not an even number of hexadecimal digits")
    return bytes.fromhex(value)


def _switch(kind: str, value: str) -> bytes:
    if kind == "hex" and value.upper() in SWITCHES:
        return SWITCHES[value.upper()]
    if kind == "short" and value in ("0", "1"):
        return ON if value == "1" else OFF
    raise BadInput(
        f"value {value!r} does not switch a coil: function 5 takes 0 or 1 as type short, or 0000,"
        " 00FF or FF00 as type hex"
    )


def write(function: Function, address: int, kind: Type, value: str) -> Write:
    """What `value`, written as `kind`, means; BadInput says why it means nothing.

    Source: 6.6.1, "Modbus Type Field" and "Modbus Value Field".

    >>> write(16, 10, "short", "-1234").pdu.hex()
    '10000a000102fb2e'
    """
    if function == COIL:
        return Write(function, address, _switch(kind, value))
    allowed = {REGISTER: ("hex", "short"), COILS: ("hex",)}.get(function)
    if allowed and kind not in allowed:
        raise BadInput(f"type {kind} is not one that function {function} takes: {allowed}")
    found = _bytes(kind, value)
    if len(found) > MOST_BYTES:
        raise BadInput(f"value has {len(found)} bytes; one request writes at most {MOST_BYTES}")
    if function != COILS and len(found) % 2:
        raise BadInput(f"value {value!r} ends inside a register, which has 4 hexadecimal digits")
    if function == REGISTER and len(found) != 2:
        raise BadInput(f"value {value!r} is not one register; function 6 writes exactly one")
    made = Write(function, address, found)
    if function != REGISTER and address + made._count > 0x10000:
        raise BadInput(f"value reaches past address 65535: it begins at {address}")
    return made


def frame(write: Write, transaction: int, unit: int) -> bytes:
    """The request on the wire."""
    return struct.pack(">HHHB", transaction, 0, len(write.pdu) + 1, unit) + write.pdu


def announced(header: bytes) -> int:
    """The bytes of PDU that an answer's header announces; a Status below zero when it cannot be."""
    protocol, length = struct.unpack_from(">HH", header, 2)
    if protocol != 0:
        return Status.HEADER
    if length < 3:
        return Status.PDU_LENGTH
    return Status.TOO_LONG if length - 1 > LONGEST_PDU else length - 1


def outcome(write: Write, transaction: int, unit: int, answer: bytes) -> int:
    """What a whole answer, header and PDU, says about `write`: a Status, or -100 - exception."""
    header, pdu = answer[:HEADER_BYTES], answer[HEADER_BYTES:]
    if int.from_bytes(header[:2], "big") != transaction:
        return Status.TRANSACTION
    if header[6] != unit:
        return Status.UNIT
    if pdu[0] & ~EXCEPTION != write.function:
        return Status.FUNCTION
    if pdu[0] & EXCEPTION:
        whole = len(pdu) == 2 and pdu[1] != 0
        return -EXCEPTION_BASE - pdu[1] if whole else Status.EXCEPTION_FRAME
    if len(pdu) != len(write.echo):
        return Status.PDU_LENGTH
    return Status.SUCCESS if pdu == write.echo else Status.BODY


async def _answer(reader: asyncio.StreamReader) -> bytes | Status:
    try:
        header = await reader.readexactly(HEADER_BYTES)
        length = announced(header)
        return header + await reader.readexactly(length) if length > 0 else Status(length)
    except asyncio.IncompleteReadError as error:
        return Status.TOO_SHORT if error.partial else Status.RECEIVE_ERROR
    except OSError:
        return Status.RECEIVE_ERROR


async def send(host: str, port: int, unit: int, write: Write, timeout_s: float) -> int:
    """Writes, on a connection of its own; gives a Status or -100 - exception, never raises.

    `timeout_s` bounds all of it.
    """
    stage = Status.NOT_CONNECTED
    writer: asyncio.StreamWriter | None = None
    transaction = 1
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(host, port)
            stage = Status.SEND_ERROR
            writer.write(frame(write, transaction, unit))
            await writer.drain()
            stage = Status.TIMEOUT
            answer = await _answer(reader)
    except (socket.gaierror, UnicodeError):
        return Status.NOT_RESOLVED
    except (OSError, TimeoutError):
        return stage
    finally:
        if writer is not None:
            writer.close()
    return outcome(write, transaction, unit, answer) if isinstance(answer, bytes) else answer
