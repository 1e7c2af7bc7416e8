"""OBIS codes: the names that meters give to what they measure.

A code has six value groups `A-B:C.D.E*F`: A medium, B channel, C quantity, D processing, E tariff,
F billing period.  Source: IEC 62056-6-1.  Inside Ohmstead the short form `C.D.E` means electricity
on channel 0 (A is 1, or 0 for abstract objects); anything else keeps its `A-B:` in front.
"""

import re
from typing import NamedTuple

ELECTRICITY, ABSTRACT = 1, 0
CURRENT = 255  # F: the value of now, not of a past billing period

_GROUP = r"(\d{1,3})"
_WRITTEN = re.compile(rf"(?:{_GROUP}-{_GROUP}:)?{_GROUP}\.{_GROUP}(?:\.{_GROUP})?(?:[*&]{_GROUP})?")


class Obis(NamedTuple):
    """One OBIS code; it sorts by its value groups."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int = CURRENT

    @property
    def own(self) -> "Obis":
        """The same; channel 1 of electricity, as Swiss and Norwegian meters call themselves, is 0.

        >>> Obis(1, 1, 1, 8, 0).own.short, Obis(0, 1, 24, 2, 1).own.short
        ('1.8.0', '0-1:24.2.1')
        """
        return self._replace(b=0) if self.a == ELECTRICITY and self.b == 1 else self

    @property
    def short(self) -> str:
        """`C.D.E` for the electricity meter itself, `A-B:C.D.E` for any other channel or medium.

        >>> Obis(1, 0, 1, 8, 0).short, Obis(0, 1, 24, 2, 1).short, Obis(0, 0, 96, 1, 0).short
        ('1.8.0', '0-1:24.2.1', '96.1.0')
        """
        group = f"{self.c}.{self.d}.{self.e}"
        if self.f != CURRENT:
            group += f"*{self.f}"
        own = self.b == 0 and self.a in (ELECTRICITY, ABSTRACT)
        return group if own else f"{self.a}-{self.b}:{group}"


def from_bytes(code: bytes) -> Obis:
    """The code of a six-byte logical name; ValueError for any other length."""
    if len(code) != 6:
        raise ValueError(f"a logical name has 6 bytes, this one has {len(code)}: {code.hex()}")
    return Obis(*code)


def parse(written: str) -> Obis:
    """The code that `1-0:1.8.0*255`, `1.8.0`, or the two-group form `F.F`-less `0.9` spells.

    A missing `A-B:` means electricity, a missing E means 0.  ValueError if it is not a code.

    >>> parse("1-0:1.8.0*255").short, parse("0-1:24.2.1").short
    ('1.8.0', '0-1:24.2.1')
    """
    found = _WRITTEN.fullmatch(written)
    if not found:
        raise ValueError(f"{written!r} is not an OBIS code; it looks like 1-0:1.8.0 or 1.8.0")
    a, b, c, d, e, f = found.groups()
    groups = (int(a or ELECTRICITY), int(b or 0), int(c), int(d), int(e or 0), int(f or CURRENT))
    if max(groups) > 255:
        raise ValueError(f"{written!r} is not an OBIS code: a value group is at most 255")
    return Obis(*groups)
