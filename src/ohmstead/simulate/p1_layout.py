"""A P1 telegram as a text with holes, and what they are filled with.

A hole is filled from the values of the moment, by their template names (`{1_8_0}`), and from the
words below.
"""

from dataclasses import dataclass, field

from ohmstead.simulate import p1
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.seal import Seal


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of meter writes P1."""

    header: str
    text: str
    checksum: bool = True
    seal: Seal | None = None
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", self.text.splitlines())

    def telegram(self, on: Occasion) -> bytes:
        """The bytes this kind of meter sends; with a seal it needs the occasion's keys."""
        words = _words(on)
        lines = [line.format_map(words) for line in self.lines]
        plain = p1.telegram(self.header, lines, checksum=self.checksum)
        if self.seal is None:
            return plain
        if on.keys is None:
            raise ValueError("this kind of meter ciphers, and there is no key")
        return self.seal.sealed(plain, on.keys, on.serial, on.counter)


def _words(on: Occasion) -> dict[str, object]:
    """What the holes are filled with; `{w1_7_0}` is a value in whole W, Wh, var or varh."""
    moment, serial = on.moment, on.serial
    words: dict[str, object] = {}
    for key, value in moment.values.items():
        words[key.replace(".", "_")] = value
        words[f"w{key.replace('.', '_')}"] = round(value * 1000)
    words |= {
        "clock": p1.clock(moment.local),
        "tariff": moment.tariff,
        "serial": serial,
        "octets": p1.octets(serial),
        "demand_at": p1.clock(moment.demand_at),
    }
    for kind, letter, read in (("gas", "G", on.pipes.gas), ("water", "W", on.pipes.water)):
        if read:
            at, volume = read
            words[kind] = volume
            words[f"{kind}_at"] = p1.clock(at)
            words[f"{kind}_serial"] = p1.octets(letter + serial[1:])
    return words
