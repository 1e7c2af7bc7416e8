"""P1 telegrams: values into the lines of text that a meter sends.  The mirror of wire/p1.

Source: P1 companion standard 5.0.2, section 6; its version 2.2 has no checksum.
"""

from collections.abc import Iterable
from datetime import datetime

from ohmstead.wire.crc import crc16_arc


def clock(local: datetime) -> str:
    """`YYMMDDhhmmss` and S in summer time, W in winter time; `local` is aware."""
    return f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}"


def octets(text: str) -> str:
    """A text as the standard prints octet strings: two hexadecimal digits a letter.

    >>> octets("E0")
    '4530'
    """
    return text.encode("ascii").hex().upper()


def telegram(header: str, lines: Iterable[str], *, checksum: bool = True) -> bytes:
    """A whole telegram: `/header`, an empty line, the lines, `!`, the CRC where there is one.

    >>> telegram("ISK5sim", ["1-0:1.7.0(00.001*kW)"])
    b'/ISK5sim\\r\\n\\r\\n1-0:1.7.0(00.001*kW)\\r\\n!2318\\r\\n'
    """
    body = "\r\n".join((f"/{header}", "", *lines, "!")).encode("ascii")
    return body + (f"{crc16_arc(body):04X}\r\n".encode("ascii") if checksum else b"\r\n")
