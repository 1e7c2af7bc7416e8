"""Telegrams of meters that do not exist, made by encoders that know nothing of the decoders."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ohmstead.wire.cipher import Keys
from ohmstead.wire.telegram import Decoder, Refused, Telegram

IDENT = "/OHM5\\2TEST-1000"
LINES = (
    "1-3:0.2.8(50)",
    "0-0:1.0.0(250703141500S)",
    "0-0:96.1.1(4F484D3030303030303132333435)",
    "1-0:1.8.1(001234.567*kWh)",
    "1-0:1.8.2(000765.433*kWh)",
    "1-0:2.8.1(000011.250*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(01.234*kW)",
    "1-0:2.7.0(00.000*kW)",
    "1-0:99.97.0(1)(0-0:96.7.19)(250101000000W)(0000000240*s)",
    "1-0:32.7.0(230.4*V)",
    "1-0:31.7.0(005*A)",
    "0-0:96.13.0()",
    "0-1:24.1.0(003)",
    "0-1:96.1.0(4741533030303132)",
    "0-1:24.2.1(250703141000S)(00123.456*m3)",
)


def slow_crc(data: bytes, *, polynomial: int, start: int) -> int:
    """A reflected 16-bit CRC, bit by bit: what the fast ones are held against."""
    register = start
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
    return register


def p1(
    lines: Iterable[str] = LINES, *, ident: str = IDENT, crc: bool = True, end: str = "\r\n"
) -> bytes:
    """A P1 telegram with these data lines."""
    body = (end.join([ident, "", *lines, ""]) + "!").encode("latin-1")
    digits = f"{slow_crc(body, polynomial=0xA001, start=0):04X}" if crc else ""
    return body + (digits + end).encode()


def hdlc(
    information: bytes,
    *,
    destination: bytes = b"\x41",
    source: bytes = b"\x08\x83",
    more: bool = False,
    flags: tuple[bytes, bytes] = (b"\x7e", b"\x7e"),
) -> bytes:
    """An HDLC frame of type 3 around `information`."""
    length = 2 + len(destination) + len(source) + 1 + 2 + len(information) + 2
    kind = 0xA000 | (0x0800 if more else 0) | length
    header = kind.to_bytes(2, "big") + destination + source + b"\x13"
    checked = header + _fcs(header) + information
    return flags[0] + checked + _fcs(checked) + flags[1]


def _fcs(data: bytes) -> bytes:
    return (slow_crc(data, polynomial=0x8408, start=0xFFFF) ^ 0xFFFF).to_bytes(2, "little")


def row(code: str, value: bytes, scaler: int | None = None, unit: int = 0) -> bytes:
    """A row of a list: logical name, an A-XDR value, and {scaler, unit} where there is a scaler."""
    name = b"\x09\x06" + bytes.fromhex(code)
    if scaler is None:
        return b"\x02\x02" + name + value
    return (
        b"\x02\x03"
        + name
        + value
        + b"\x02\x02\x0f"
        + scaler.to_bytes(1, "big", signed=True)
        + b"\x16"
        + bytes([unit])
    )


def notification(rows: Sequence[bytes], *, stamp: bytes = b"\x00") -> bytes:
    """The APDU of a data notification: an array of rows, behind the logical link control."""
    return (
        b"\xe6\xe7\x00\x0f\x40\x00\x00\x00" + stamp + b"\x01" + bytes([len(rows)]) + b"".join(rows)
    )


STAMP = bytes.fromhex(
    "07e9070304 0e0f00 ff ff88 80"
)  # Thursday 3 July 2025, 14:15:00, UTC+2, summer

ROWS = (
    row("0000010000ff", b"\x09\x0c" + STAMP),
    row("0000600100ff", b"\x0a\x0842424242"),
    row("0100010700ff", b"\x06" + (1234).to_bytes(4, "big"), 0, 27),
    row("0100200700ff", b"\x12" + (2304).to_bytes(2, "big"), -1, 35),
    row("01001f0700ff", b"\x10" + (-52).to_bytes(2, "big", signed=True), -1, 33),
    row("0100010800ff", b"\x06" + (2000123).to_bytes(4, "big"), 1, 30),
)


def dlms() -> bytes:
    """An HDLC frame with a list of six values."""
    return hdlc(notification(ROWS))


def heard(decoder: Decoder, pieces: Iterable[bytes]) -> list[Telegram | Refused]:
    """All that a decoder gives for these pieces and the end after them."""
    found: list[Telegram | Refused] = []
    for piece in pieces:
        found += decoder.feed(piece)
    return [*found, *decoder.close()]


def telegrams(decoder: Decoder, data: bytes) -> list[Telegram]:
    """The telegrams in `data`."""
    return [found for found in heard(decoder, [data]) if isinstance(found, Telegram)]


def refusals(decoder: Decoder, data: bytes) -> list[Refused]:
    """What is refused in `data`."""
    return [found for found in heard(decoder, [data]) if isinstance(found, Refused)]


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` cut at these places (taken modulo its length)."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[first:last] for first, last in pairwise(edges)]


Make = Callable[[], Decoder]


def mbus(payload: bytes, *, segment: int = 240, ci: int | None = None) -> bytes:
    """Long frames of the wired M-Bus with `payload` in numbered segments (or one frame with this
    CI)."""
    parts = [payload[at : at + segment] for at in range(0, len(payload), segment)] or [b""]
    frames = b""
    for number, part in enumerate(parts):
        last = 0x10 if number == len(parts) - 1 else 0
        body = b"\x53\xff" + bytes([number | last if ci is None else ci]) + b"\x01\x67" + part
        head = bytes([0x68, len(body), len(body), 0x68])
        frames += head + body + bytes([sum(body) & 0xFF, 0x16])
    return frames


def wrapped(payload: bytes) -> bytes:
    """A DLMS wrapper around `payload`."""
    return b"\x00\x01\x00\x01\x00\x67" + len(payload).to_bytes(2, "big") + payload


def blocks(payload: bytes, size: int = 40) -> list[bytes]:
    """General block transfer: `payload` in numbered blocks."""
    parts = [payload[at : at + size] for at in range(0, len(payload), size)]
    return [
        bytes([0xE0, 0xC0 if number == len(parts) else 0x40])
        + number.to_bytes(2, "big")
        + b"\x00\x00"
        + bytes([len(part)])
        + part
        for number, part in enumerate(parts, 1)
    ]


KEYS = Keys(bytes(range(16)), bytes(range(16, 32)))
TITLE = b"OHM\x00\x00\x00\x00\x07"


def sealed(plain: bytes, *, control: int = 0x30, keys: Keys = KEYS, long: bool = False) -> bytes:
    """`plain` in a general-glo-ciphering APDU, made with AES-GCM as a whole."""
    counter = b"\x00\x00\x00\x2a"
    associated = bytes([control]) + (keys.authentication or b"")
    both = AESGCM(keys.encryption).encrypt(TITLE + counter, plain, associated)
    content = bytes([control]) + counter + both[: len(plain)]
    if control & 0x10:
        content += both[len(plain) :][:12]
    size = b"\x82" + len(content).to_bytes(2, "big")
    if not long:
        size = bytes([len(content)]) if len(content) < 128 else b"\x81" + bytes([len(content)])
    return b"\xdb\x08" + TITLE + size + content
