"""What each kind of DLMS meter pushes: its list, and the way that takes to the line.

*To add a kind of DLMS meter: one `Push`.*
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ohmstead.simulate import dlms, hdlc, lists
from ohmstead.simulate.dlms import INT32, UINT16, UINT32, Stamp
from ohmstead.simulate.links import Bare, Blocks, Hdlc, Link, Mbus, Wrapper
from ohmstead.simulate.lists import CLOCK, Entry, Fact, Layout, Register
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.seal import BOTH, ENCRYPTED_ONLY, GENERAL_DED, SUITE_1, Seal

ONE_FRAME = Hdlc()


@dataclass(frozen=True, slots=True)
class Push:
    """How one kind of meter says what it measures."""

    layout: Layout
    link: Link = ONE_FRAME
    stamp: Stamp = Stamp.NONE
    seal: Seal | None = None

    def telegram(self, on: Occasion) -> bytes:
        """The bytes this kind of meter sends; with a seal it needs the occasion's keys."""
        apdu = dlms.notification(self.layout.body(on), self.stamp.written(on.moment.local))
        if self.seal:
            if on.keys is None:
                raise ValueError("this kind of meter ciphers, and there is no key")
            apdu = self.seal.sealed(apdu, on.keys, on.serial, on.counter)
        return self.link.sent(apdu)


PHASES = (20, 40, 60)


def powers(*, channel: int = 0) -> Iterator[Register]:
    """Active and reactive power, both ways."""
    for c, unit in ((1, "W"), (2, "W"), (3, "var"), (4, "var")):
        yield Register(f"{c}.7.0", UINT32, unit, channel=channel)


def phase_powers() -> Iterator[Register]:
    """The same of each phase."""
    for phase in PHASES:
        for c, unit in ((1, "W"), (2, "W"), (3, "var"), (4, "var")):
            yield Register(f"{c + phase}.7.0", UINT32, unit)


def amperes(tag: int, scaler: int, *, channel: int = 0) -> Iterator[Register]:
    """The current of each phase."""
    for phase in PHASES:
        yield Register(f"{phase + 11}.7.0", tag, "A", scaler, channel)


def volts(tag: int, scaler: int, *, channel: int = 0) -> Iterator[Register]:
    """The voltage of each phase."""
    for phase in PHASES:
        yield Register(f"{phase + 12}.7.0", tag, "V", scaler, channel)


def energies(*, scaler: int = 0, channel: int = 0) -> Iterator[Register]:
    """The four counters of energy."""
    for c, unit in ((1, "Wh"), (2, "Wh"), (3, "varh"), (4, "varh")):
        yield Register(f"{c}.8.0", UINT32, unit, scaler, channel)


def tariffs(*, channel: int = 0) -> Iterator[Register]:
    """Active energy by tariff."""
    for key in ("1.8.1", "1.8.2", "2.8.1", "2.8.2"):
        yield Register(key, UINT32, "Wh", channel=channel)


CLOCK_FACT = Fact("0-0:1.0.0", lists.clock, CLOCK)

AIDON = Push(
    lists.Rows(
        (
            Fact("1-1:0.2.129", lists.fixed("AIDON_V0001")),
            Fact("0-0:96.1.0", lists.serial),
            Fact("0-0:96.1.7", lists.fixed("6534")),
            CLOCK_FACT,
            *powers(),
            *amperes(dlms.INT16, -1),
            *volts(UINT16, -1),
            *phase_powers(),
            *energies(),
        )
    )
)
"""A Nordic three-phase meter, with the rows that Aidon's lists have; (a)."""

_KAMSTRUP_FACTS: tuple[Entry, ...] = (
    Fact("1-1:0.0.5", lists.serial),
    Fact("1-1:96.1.1", lists.fixed("6841131OHMSTEAD")),
)
KAMSTRUP = Push(
    lists.Flat(
        (
            *_KAMSTRUP_FACTS,
            *powers(channel=1),
            *amperes(INT32, -2, channel=1),
            *volts(UINT16, 0, channel=1),
            Fact("0-1:1.0.0", lists.clock, CLOCK),
            *energies(scaler=1, channel=1),
        ),
        first=lists.fixed("Kamstrup_V0001"),
    ),
    stamp=Stamp.PLAIN,
)
"""Code and value in one structure, without scalers: energies in 10 Wh; (b)."""
KAMSTRUP_SEALED = replace(KAMSTRUP, seal=Seal("KAM", BOTH))
"""The same under a key, with a tag."""

_KAIFA_WHO: tuple[Entry, ...] = (
    Fact("1-1:0.2.129", lists.fixed_octets("KFM_001")),
    Fact("0-0:96.1.0", lists.serial_octets),
    Fact("0-0:96.1.7", lists.fixed_octets("MA304H3E")),
)
_KAIFA_NOW = (*_KAIFA_WHO, *powers(), *amperes(INT32, -3), *volts(UINT32, -1))
KAIFA = Push(
    lists.Lists(
        (
            (2, lists.Fixed((Register("1.7.0", UINT32, "W"),))),
            (10, lists.Fixed(_KAIFA_NOW)),
            (3600, lists.Fixed((*_KAIFA_NOW, CLOCK_FACT, *energies()))),
        )
    ),
    stamp=Stamp.TAGGED,
)
"""Norwegian lists 1, 2 and 3 in a fixed order; (d)."""

_SWISS_NAME = Fact("0-0:42.0.0", lists.serial_octets)
_PUSH_LIST: tuple[Entry, ...] = (
    _SWISS_NAME,
    *tariffs(channel=1),
    *energies(channel=1),
    *powers(channel=1),
    *volts(UINT16, 0, channel=1),
    *amperes(UINT16, -2, channel=1),
)
BLOCKS = Push(lists.Objects(_PUSH_LIST), Blocks(Hdlc(), 100), Stamp.PLAIN)
"""A Swiss push list without scalers in general blocks: whole volts, 10 mA; (c)."""
BLOCKS_SEALED = replace(
    BLOCKS, link=Blocks(Hdlc(to=hdlc.address(0x20, 1), sender=hdlc.address(1, 1)), 120),
    seal=Seal("LGZ", BOTH),
)  # fmt: skip
"""The same under a key, with a tag, and the shortest addresses."""

_TENTHS: tuple[Entry, ...] = (
    _SWISS_NAME,
    *energies(channel=1),
    *powers(channel=1),
    *volts(UINT16, -1, channel=1),
    *amperes(UINT16, -2, channel=1),
)
SEGMENTS = Push(lists.Objects(_TENTHS), Hdlc(segment=118), Stamp.PLAIN)
"""A push list in segmented frames; volts in tenths; (c)."""
SEGMENTS_SEALED = Push(
    lists.Objects(_TENTHS, scaled=True),
    Hdlc(segment=126, to=hdlc.address(0x20, 1), sender=hdlc.address(0x0241, 4)),
    Stamp.FLOATING,
    Seal("ISK", ENCRYPTED_ONLY),
)
"""A push list that says its scalers, encrypted without a tag, an address of four bytes; (c)."""

SAGEMCOM = Push(
    lists.Descriptors(
        (
            _SWISS_NAME,
            Fact("0-0:96.1.0", lists.serial),
            CLOCK_FACT,
            *powers(),
            *volts(UINT16, -1),
            *amperes(UINT16, -2),
            *energies(),
            *tariffs(),
        )
    )
)
"""Attribute descriptors without tags in front of the values; (e)."""
SAGEMCOM_SEALED = replace(SAGEMCOM, seal=Seal("SAG", BOTH | SUITE_1))
"""The same under a key, by the security suite 1."""

AUSTRIAN_FLAT = Push(
    lists.Flat(
        (*energies(), *powers(), *volts(UINT16, -1), *amperes(UINT16, -2)),
        first=lists.clock,
        last=lists.serial_octets,
        scaled=True,
    ),
    Mbus(),
    Stamp.PLAIN,
    Seal("KFM", ENCRYPTED_ONLY),
)
"""A time, then code, value, {scaler, unit} in one structure, then the serial number; (b)."""


def _bytes_of(count: int) -> Fact:
    """Octets that nobody reads: the time or date of a fixed list."""
    return Fact("0-0:1.0.0", lambda on: dlms.octets(dlms.clock(on.moment.local)[-count:]))


AUSTRIAN_FIXED = Push(
    lists.Fixed(
        (
            Fact("0-0:25.9.0", lambda _: dlms.octets(bytes.fromhex("0008190900ff"))),
            Fact("0-0:96.1.0", lists.serial_octets),
            _bytes_of(4),
            _bytes_of(5),
            *energies(),
            *tuple(powers())[:2],
        )
    ),
    Mbus(segment=120),
    Stamp.PLAIN,
    Seal("SIE", ENCRYPTED_ONLY),
)
"""Energies and powers in a fixed order after the push setup's name; (d)."""

MBUS_PLAIN = Push(
    lists.Rows((Fact("0-0:96.1.0", lists.serial), CLOCK_FACT, *powers(), *energies())),
    Mbus(segment=100),
)
"""Rows in M-Bus segments, in the clear; (a)."""

COMPACT = Push(
    lists.Compact((*powers(), *energies(), *volts(UINT32, -1), *amperes(UINT32, -2))),
    Hdlc(sender=hdlc.address(0x4001, 4)),
    Stamp.PLAIN,
)
"""Rows of numbers in a compact array; (a)."""

WRAPPED = Push(
    lists.Rows(
        (Fact("0-0:96.1.0", lists.serial), CLOCK_FACT, *powers(), *volts(UINT16, -1), *energies())
    ),
    Wrapper(),
)
"""Rows behind the header of DLMS over TCP; (a)."""
WRAPPED_SEALED = replace(
    WRAPPED, link=Blocks(Wrapper(), 90), seal=Seal("OHM", BOTH, tag=GENERAL_DED)
)
"""The same under a dedicated key, in general blocks."""

BARE = replace(KAMSTRUP, link=Bare())
"""The APDU alone."""
BARE_LLC = replace(AIDON, link=Bare(hdlc.LLC))
"""The APDU behind its LLC."""
BARE_SEALED = replace(AIDON, link=Bare(), seal=Seal("OHM", BOTH))
"""The APDU alone, under a key."""
