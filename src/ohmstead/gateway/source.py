"""Where the meter is: what a person writes as `--source`, read once.

`serial:DEVICE`, `tcp://HOST:PORT`, `listen://HOST:PORT`, `udp://HOST:PORT`, `replay:FILE` and
`simulate:MODEL`; options follow a `?`.  `ask=` makes the gateway ask a meter that does not speak by
itself.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ohmstead.errors import BadInput, NotFound

DEFAULT_INTERVAL_S = 1.0
SHORTEST_INTERVAL_S = 0.01
LONGEST_INTERVAL_S = 86_400.0
DEFAULT_SILENCE_S = 300.0
"""A connection silent for so long is taken for dead: adapters fall off without a word."""

SLOWEST, FASTEST = 300, 115_200
"""Bits per second of a meter's port.  Source: REST/MQTT 2.0, 6.3, `.baudrate`."""

KINDS = "serial:DEVICE, tcp://HOST:PORT, listen://HOST:PORT, udp://HOST:PORT, replay:FILE"

Parity = Literal["none", "odd", "even"]
Protocol = Literal["kmp", "mep", "mbus", "iec"]

DEFAULT_PACE_S = 10.0
SHORTEST_PACE_S = 1.0
PRIMARY = range(251)
"""Primary addresses of the M-Bus.  Source: EN 13757-3:2018, 5.4."""
NETWORK_LAYER = 253
LONGEST_IEC_ADDRESS = 32
"""Source: IEC 62056-21, 6.3.1."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a serial line carries its bytes.  Source: REST/MQTT 2.0, 6.3.

    >>> str(Setting(2400, "even"))
    '2400 8E1'
    """

    baudrate: int = FASTEST
    parity: Parity = "none"
    stopbits: float = 1
    databits: int = 8

    def __str__(self) -> str:
        return f"{self.baudrate} {self.databits}{self.parity[0].upper()}{self.stopbits:g}"


@dataclass(frozen=True, slots=True)
class Ask:
    """How a meter that only answers is asked."""

    protocol: Protocol
    every_s: float = DEFAULT_PACE_S
    """Seconds from the beginning of one round of questions to the next, at least."""
    address: str | None = None
    """M-Bus: a primary address, or 8 or 16 digits of a secondary one; IEC: the device address."""


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial port; what is None is searched."""

    device: str
    baudrate: int | None = None
    parity: Parity | None = None
    stopbits: float | None = None
    databits: int | None = None
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Tcp:
    """A TCP server that sends the meter's bytes."""

    host: str
    port: int
    silence_s: float = DEFAULT_SILENCE_S
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Listen:
    """A TCP port of ours, to which an adapter connects."""

    host: str
    port: int
    silence_s: float = DEFAULT_SILENCE_S
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Udp:
    """A UDP port of ours, to which an adapter sends."""

    host: str
    port: int
    silence_s: float = DEFAULT_SILENCE_S


@dataclass(frozen=True, slots=True)
class Replay:
    """A file of recorded bytes."""

    file: Path
    interval_s: float = DEFAULT_INTERVAL_S
    loop: bool = True


@dataclass(frozen=True, slots=True)
class Simulate:
    """A meter that does not exist; the same seed makes the same one again."""

    model: str
    seed: int = 1


Source = Serial | Tcp | Listen | Udp | Replay | Simulate
Query = dict[str, str]


def _seconds(query: Query, name: str, default: float, url: str, least: float) -> float:
    written = query.pop(name, None)
    if written is None:
        return default
    try:
        found = float(written)
    except ValueError:
        found = -1.0
    if not least <= found <= LONGEST_INTERVAL_S:
        raise BadInput(
            f"{name}={written} in the source {url!r} must be a number of seconds"
            f" from {least} to {LONGEST_INTERVAL_S:.0f}"
        )
    return found


def _silence(query: Query, url: str) -> float:
    return _seconds(query, "silence", DEFAULT_SILENCE_S, url, SHORTEST_INTERVAL_S)


def _one_of(query: Query, name: str, allowed: tuple[str, ...], url: str) -> str | None:
    written = query.pop(name, None)
    if written is not None and written not in allowed:
        raise BadInput(f"{name}={written} in the source {url!r} must be {', '.join(allowed)}")
    return written


def _host_and_port(parts: SplitResult, url: str) -> tuple[str, int]:
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.path not in ("", "/"):
        raise BadInput(
            f"the source {url!r} must name a host and a port: {parts.scheme}://192.168.1.20:2000"
        )
    return host, port


def _serial(parts: SplitResult, query: Query, url: str) -> Serial:
    device = parts.netloc + parts.path
    if not device.startswith("/"):
        raise BadInput(f"the source {url!r} must name a device: serial:/dev/ttyUSB0")
    baudrate = query.pop("baudrate", None)
    if baudrate is not None and not (
        baudrate.isascii() and baudrate.isdigit() and SLOWEST <= int(baudrate[:9]) <= FASTEST
    ):
        raise BadInput(
            f"baudrate={baudrate} in the source {url!r} must be from {SLOWEST} to {FASTEST}"
        )
    stopbits = _one_of(query, "stopbits", ("1", "1.5", "2"), url)
    databits = _one_of(query, "databits", ("7", "8"), url)
    return Serial(
        device,
        int(baudrate) if baudrate else None,
        cast(Parity | None, _one_of(query, "parity", get_args(Parity), url)),
        float(stopbits) if stopbits else None,
        int(databits) if databits else None,
        _ask(query, url),
    )


def _ask(query: Query, url: str) -> Ask | None:
    """The options `ask`, `every` and `address`; None where nobody is to be asked."""
    protocol = cast(Protocol | None, _one_of(query, "ask", get_args(Protocol), url))
    if protocol is None:
        return None
    every_s = _seconds(query, "every", DEFAULT_PACE_S, url, SHORTEST_PACE_S)
    address = query.pop("address", None)
    if address is not None and not _addresses(protocol, address):
        raise BadInput(
            f"address={address} in the source {url!r} is none for ask={protocol}: M-Bus has primary"
            " addresses 0 to 250 and secondary ones of 8 or 16 digits (F stands for any digit),"
            f" IEC 62056-21 has up to {LONGEST_IEC_ADDRESS} letters and digits"
        )
    return Ask(protocol, every_s, address)


def _addresses(protocol: Protocol, address: str) -> bool:
    """Whether `address` is one of that protocol."""
    if protocol == "iec":
        return 0 < len(address) <= LONGEST_IEC_ADDRESS and address.isascii() and address.isalnum()
    if protocol != "mbus":
        return False
    if len(address) <= 3:
        return address.isascii() and address.isdigit() and int(address) in PRIMARY
    return len(address) in (8, 16) and all(digit in "0123456789abcdefABCDEF" for digit in address)


def _replay(parts: SplitResult, query: Query, url: str) -> Replay:
    file = Path(parts.netloc + parts.path).expanduser()
    if not file.is_file():
        raise NotFound(f"the source {url!r} names a file that does not exist: {file}")
    loop = _one_of(query, "loop", ("0", "1"), url)
    interval_s = _seconds(query, "interval", DEFAULT_INTERVAL_S, url, SHORTEST_INTERVAL_S)
    return Replay(file, interval_s, loop != "0")


def _simulate(parts: SplitResult, query: Query, url: str) -> Simulate:
    seed = query.pop("seed", "1")
    if not (seed.isascii() and seed.isdigit() and len(seed) <= 9):
        raise BadInput(f"seed={seed} in the source {url!r} must be a whole number")
    return Simulate(parts.path, int(seed))


def source_of(url: str) -> Source:
    """What `url` names; BadInput or NotFound, with what it should look like, when it names nothing.

    >>> source_of("tcp://meter.local:2000")
    Tcp(host='meter.local', port=2000, silence_s=300.0, ask=None)
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    found: Source
    match parts.scheme:
        case "serial":
            found = _serial(parts, query, url)
        case "tcp":
            found = Tcp(*_host_and_port(parts, url), _silence(query, url), _ask(query, url))
        case "listen":
            found = Listen(*_host_and_port(parts, url), _silence(query, url), _ask(query, url))
        case "udp":
            found = Udp(*_host_and_port(parts, url), _silence(query, url))
        case "replay":
            found = _replay(parts, query, url)
        case "simulate" if parts.path:
            found = _simulate(parts, query, url)
        case _:
            raise BadInput(f"{url!r} is not a source; write {KINDS} or simulate:MODEL")
    if query:
        raise BadInput(f"the source {url!r} has an option that is not known: {', '.join(query)}")
    return found
