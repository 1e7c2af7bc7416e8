"""Writes the seeds of the fuzz run, telegrams of simulated meters: `python fuzz/seeds.py FOLDER`.

Runs in the package's own environment.  Each decoder gets a folder; what earlier runs found stays in
it.
"""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from fuzz.decoders import KEYS, TARGETS

from ohmstead.simulate import MODELS, Simulated

MOMENTS = (
    datetime(2025, 7, 3, 12, 15, tzinfo=UTC),
    datetime(2025, 12, 3, 17, 0, 10, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
)
"""A summer's noon, a winter's evening, and the hour that is left out."""

Inner = Callable[[bytes], bytes]
"""The contents of a telegram, as the wrapping of a decoder takes them."""


def whole(telegram: bytes) -> bytes:
    """A telegram with all that is around it."""
    return telegram


def _between(first: bytes, last: bytes) -> Inner:
    def inner(telegram: bytes) -> bytes:
        return telegram.partition(first)[2].rpartition(last)[0]

    return inner


HDLC_OVERHEAD, MBUS_RECORDS, MBUS_CI, MEP_DATA = 8, 19, 6, 5

SEEDS: dict[str, tuple[tuple[int, tuple[str, ...], Inner], ...]] = {
    "p1": ((0, ("p1-",), whole), (1, ("p1-",), _between(b"\r\n\r\n", b"!"))),
    "p1_sealed": ((0, ("p1-",), whole), (1, ("p1-",), _between(b"\r\n\r\n", b"!"))),
    "readout": ((0, ("iec", "p1-"), whole), (1, ("iec",), _between(b"\n", b"!"))),
    "hdlc": (
        (0, ("hdlc-",), whole),
        (1, ("apdu-",), whole),
        (2, ("apdu-",), whole),
        (3, ("apdu-flat",), lambda apdu: apdu[6:]),
    ),
    "mbus": (
        (0, ("mbus",), whole),
        (1, ("mbus",), lambda telegram: telegram[MBUS_RECORDS:-2]),
        (2, ("mbus",), lambda telegram: telegram[MBUS_CI:-2]),
        (3, ("apdu-",), whole),
    ),
    "wrapper": ((0, ("wrapper-",), whole), (1, ("apdu-",), whole)),
    "bare": ((0, ("apdu-",), whole),),
    "sml": ((0, ("sml",), whole), (1, ("sml",), _between(b"\x63\x07\x01", b"\x63"))),
    "kmp": ((0, ("kmp",), whole), (1, ("kmp",), lambda telegram: telegram[3:-3])),
    "mep": ((0, ("mep",), whole), (1, ("mep",), lambda telegram: telegram[MEP_DATA:-8])),
    "mep_asked": ((0, ("mep",), whole), (1, ("mep",), lambda telegram: telegram[MEP_DATA:-8])),
    "mep_layout": ((0, ("mep",), whole), (1, ("mep",), lambda telegram: telegram[MEP_DATA:-8])),
    "recognise": ((0, ("",), whole), (1, ("apdu-",), whole)),
}
CUTS = ((0, 0), (1, 0), (9, 0xFA))
"""How a seed is cut, and how often it comes; see harness.py."""


@cache
def sent(name: str) -> tuple[bytes, ...]:
    """What a simulated meter sends, under the fuzzer's key where it ciphers."""
    keys = KEYS if MODELS[name].encrypted and not name.startswith("mep") else None
    meter = Simulated(name, keys=keys)
    return tuple(meter.telegram(moment) for moment in MOMENTS)


def telegrams(beginnings: tuple[str, ...]) -> Iterator[bytes]:
    """What all simulated meters send whose names begin so."""
    for name in MODELS:
        if name.startswith(beginnings):
            yield from sent(name)


def main() -> None:
    """Write them."""
    folder = Path(sys.argv[1])
    for name, seeds in SEEDS.items():
        ways = len(TARGETS[name].wraps) + 1
        (folder / name).mkdir(parents=True, exist_ok=True)
        for wrap, beginnings, inner in seeds:
            for telegram in telegrams(beginnings):
                for cut, again in CUTS:
                    seed = bytes([wrap + ways * cut, again]) + inner(telegram)
                    (folder / name / sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == "__main__":
    main()
