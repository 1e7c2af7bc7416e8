"""Signing on to a meter by IEC 62056-21, modes A to C: what to write, and how fast to go on.

The reader writes a request at 300 baud, the meter names itself and the rate it can do, the reader
acknowledges it, and both go on at that rate (7 data bits, even parity, 1 stop bit throughout).
Source: IEC 62056-21, 6.3.1 (request), 6.3.2 (identification), 6.3.3 (acknowledgement), 6.4 (modes).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.errors import BadInput

FIRST_BAUDRATE = 300
MODE_C: Mapping[str, int] = MappingProxyType(
    {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19_200}
)
MODE_B: Mapping[str, int] = MappingProxyType(
    {"A": 600, "B": 1200, "C": 2400, "D": 4800, "E": 9600, "F": 19_200}
)
SLOW_S, FAST_S = 0.2, 0.02
"""The least time before the reader answers; a small third letter says that the meter is fast."""

IDENTIFICATION = re.compile(rb"/([A-Za-z]{2})([A-Za-z])([^\r\n/!])[^\r\n/!]{0,64}\r\n")
ADDRESS = re.compile(r"[0-9A-Za-z ]{0,32}")
LONGEST = 256
"""Bytes that are kept while the identification is waited for."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the reader does next: wait, write (or nothing), and listen at this rate."""

    write: bytes
    baudrate: int
    pause_s: float = 0.0


class SignOn:
    """One sign-on: `begin` says what to write, `feed` takes what comes back.

    After the step that `feed` gives, everything goes to a `Readout`; the identification as well, so
    that it knows the meter's name.
    """

    def __init__(self, address: str = "", fastest: int = 19_200) -> None:
        if not ADDRESS.fullmatch(address):
            raise BadInput(f"a meter's address has up to 32 letters and digits, not {address!r}")
        self._address = address
        self._fastest = fastest
        self._heard = bytearray()
        self.identification: bytes | None = None

    @property
    def held(self) -> int:
        """Bytes that wait."""
        return len(self._heard)

    def begin(self) -> Step:
        """The request message, at the rate that every meter understands.

        >>> SignOn().begin().write
        b'/?!\\r\\n'
        """
        self._heard.clear()
        self.identification = None
        return Step(f"/?{self._address}!\r\n".encode("ascii"), FIRST_BAUDRATE)

    def feed(self, data: bytes) -> Step | None:
        """What to do once the meter has named itself; None while it has not, and ever after."""
        if self.identification is not None:
            return None
        self._heard += data
        found = IDENTIFICATION.search(self._heard)
        if not found:
            del self._heard[:-LONGEST]
            return None
        self.identification = found[0]
        pause_s = FAST_S if found[2].islower() else SLOW_S
        letter = found[3].decode("latin-1")
        self._heard.clear()
        if letter in MODE_B:  # the meter changes on its own
            return Step(b"", MODE_B[letter], pause_s)
        if letter not in MODE_C:
            return Step(b"", FIRST_BAUDRATE, pause_s)
        rate = letter if MODE_C[letter] <= self._fastest else "0"
        return Step(f"\x060{rate}0\r\n".encode("ascii"), MODE_C[rate], pause_s)
