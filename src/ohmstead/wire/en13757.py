"""Meters that speak the M-Bus's own application protocol: electricity, gas, water, heat.

Every record is `record:N`, N counted from 0 in its telegram, in the units of its table; what the
maker keeps to itself is a record too, as text in hexadecimal.  A record that has an OBIS code is
there under that code as well, see `mbus_obis`.  Source: EN 13757-3:2018 (headers, records), EN
1434-3 (fixed data structure), EN 13757-7 (encryption mode 5).
"""

from dataclasses import dataclass, replace
from functools import lru_cache, partial

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ohmstead.reading.reading import Identity
from ohmstead.wire import mbus_fixed, mbus_makers, mbus_obis
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.cipher import Keys
from ohmstead.wire.dif import Function, Head, Record, records
from ohmstead.wire.dlms import Dlms
from ohmstead.wire.mbus_link import Frame, MbusLink
from ohmstead.wire.telegram import ENCRYPTION_KEY, KEY_REQUIRED, Refused, Telegram, Value

FRAMING = "mbus-en13757"
LONG, LONG_REVERSED, SHORT, NONE = 0x72, 0x76, 0x7A, 0x78
FIXED, FIXED_REVERSED = 0x73, 0x77
ERROR = 0x70
HEADERS = {LONG: 12, LONG_REVERSED: 12, SHORT: 4, NONE: 0}
"""CI -> bytes of the header before the records."""

AES_CBC = 5
BLOCK = 16
FILLERS = b"\x2f\x2f"  # what a plain text begins with
MODES = frozenset({2, 3, 4, AES_CBC, 7, 8, 9, 10, 13})
"""Kinds of encryption; other numbers stand in headers of meters that are older than any of them."""

FEWEST, FURTHEST = 3, 256
"""Records that must make sense, and the storage that makes none."""

NEAREST_CHANNELS = range(1, 10)
CLOCK = "1.0.0"
STATUS = "97.97.0"


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the records; None where the telegram's kind has no place for it."""

    identifier: str | None = None
    letters: str | None = None
    version: int = 0
    device_type: int | None = None
    access: int = 0
    status: int = 0
    configuration: int = 0
    address: bytes = b""
    """Maker, identifier, version and type as they are ciphered with."""

    @property
    def mode(self) -> int:
        """The kind of encryption, 0 for none."""
        mode = self.configuration >> 8 & 0x1F
        return mode if mode in MODES and self.blocks else 0

    @property
    def blocks(self) -> int:
        """How many blocks of 16 bytes are encrypted."""
        return self.configuration >> 4 & 0x0F


def header_of(ci: int, data: bytes) -> Header:
    """The header of a frame with this CI; Unreadable where it is cut off."""
    size = HEADERS[ci]
    head = data[:size]
    if len(head) < size:
        raise Unreadable("the header is cut off")
    if size == 0:
        return Header()
    access, status = head[-4], head[-3]
    if ci == LONG_REVERSED:
        head = head[3::-1] + head[5:3:-1] + head[6:10] + head[:9:-1]
    configuration = int.from_bytes(head[-2:], "little")
    if size == HEADERS[SHORT]:
        return Header(access=access, status=status, configuration=configuration)
    return Header(
        identifier=head[3::-1].hex().upper(),
        letters=mbus_makers.letters_of(int.from_bytes(head[4:6], "little")),
        version=head[6],
        device_type=head[7],
        access=access,
        status=status,
        configuration=configuration,
        address=head[4:6] + head[:4] + head[6:8],
    )


def telegram(frame: Frame, keys: Keys | None = None) -> Telegram | Refused | None:
    """What a frame of the M-Bus says; None where it is no meter's answer."""
    try:
        if frame.ci in HEADERS:
            return _variable(frame, keys)
        if frame.ci in (FIXED, FIXED_REVERSED):
            return _fixed(frame)
    except Unreadable as error:
        return Refused(f"M-Bus: {error}", frame.offset)
    if frame.ci == ERROR:
        said = frame.data.hex() or "unspecified"
        return Refused(f"M-Bus: the meter reports an application error ({said})", frame.offset)
    return None


def _variable(frame: Frame, keys: Keys | None) -> Telegram | Refused:
    header = header_of(frame.ci, frame.data)
    body = frame.data[HEADERS[frame.ci] :]
    if header.mode and header.blocks * BLOCK <= len(body) and not _is_plain(header.mode, body):
        opened = _opened(header, body, keys, frame.offset)
        if isinstance(opened, Refused):
            return opened
        body = opened
    found, problem = _read(body, reversed_=frame.ci == LONG_REVERSED)
    if not found:
        return Refused(f"M-Bus: {problem or 'the telegram holds no record'}", frame.offset)
    values: dict[str, Value] = {}
    for number, record in enumerate(found):
        if record.value is not None:
            values[f"record:{number}"] = record.value
    clock = next(filter(None, map(_clock, found)), None)
    values.update(_coded(frame, header, found))
    if header.status:
        values[STATUS] = Value(f"{header.status:02X}")
    at = clock.at if clock else None
    return Telegram("MBUS", FRAMING, values, at, _who(header, found), frame.raw)


def _is_plain(mode: int, body: bytes) -> bool:
    """Whether a body makes so much sense that the header's word of encryption is an old signature.

    Of what is encrypted, one in a thousand would look like it; so mode 5, which meters have, is
    believed.
    """
    if mode == AES_CBC:
        return False
    found, problem = _read(body, reversed_=False)
    return not problem and len(found) >= FEWEST and all(map(_makes_sense, found))


def _makes_sense(record: Record) -> bool:
    head, value = record
    if head is None:
        return True
    what = head.information
    is_known = what.meaning.quantity not in ("reserved", "any") and not what.has_error
    is_near = head.storage < FURTHEST and head.tariff < FURTHEST and head.subunit < FURTHEST
    return is_known and is_near and value is not None


def _read(body: bytes, *, reversed_: bool) -> tuple[list[Record], str | None]:
    """The records of a telegram up to the first that makes no sense, and why that is."""
    found: list[Record] = []
    try:
        found.extend(records(body, reversed_=reversed_))
    except Unreadable as error:
        return found, str(error)
    return found, None


def _clock(record: Record) -> Value | None:
    """The record's value if it is the meter's own clock."""
    head, value = record
    if head is None or value is None or value.at is None or head[1:5] != (Function.NOW, 0, 0, 0):
        return None
    what = head.information
    return value if what.meaning.quantity == "time point" and not what.further else None


def _coded(frame: Frame, header: Header, found: list[Record]) -> dict[str, Value]:
    """The records that have an OBIS code."""
    if header.device_type is None or header.device_type == mbus_makers.ELECTRICITY:
        return mbus_obis.of_electricity(found, header.letters or "")
    channel = frame.address if frame.address in NEAREST_CHANNELS else 1
    return mbus_obis.of_channel(found, header.device_type, channel, header.identifier)


def _who(header: Header, found: list[Record]) -> Identity:
    if header.identifier is not None and header.letters is not None:
        return _identity(header.identifier, header.letters, header.version)
    told = (value for head, value in found if _is_number(head))
    said = next(filter(None, told), None)
    return replace(_UNKNOWN, id=str(said.value)) if said else _UNKNOWN


def _is_number(head: Head | None) -> bool:
    return head is not None and head.information.meaning.quantity == "fabrication number"


_UNKNOWN = Identity(protocol="MBUS", interface="MBUS")


@lru_cache(maxsize=256)
def _identity(identifier: str, letters: str, version: int) -> Identity:
    return replace(
        _UNKNOWN,
        id=identifier,
        model=mbus_makers.MODELS.get((letters, version)),
        vendor=mbus_makers.vendor_of(letters),
        prefix=letters,
    )


def _opened(header: Header, body: bytes, keys: Keys | None, offset: int) -> bytes | Refused:
    """The plain text of an encrypted telegram."""
    if keys is None:
        return Refused("M-Bus: encrypted, and no key is set", offset, KEY_REQUIRED)
    if header.mode != AES_CBC or not header.address:
        return Refused(f"M-Bus: encryption mode {header.mode} is not read", offset, KEY_REQUIRED)
    length = header.blocks * BLOCK
    vector = header.address + bytes([header.access]) * 8
    cipher = Cipher(AES(keys.encryption), CBC(vector)).decryptor()
    plain = cipher.update(body[:length]) + cipher.finalize()
    if not plain.startswith(FILLERS):
        return Refused("M-Bus: the encryption key does not fit", offset, ENCRYPTION_KEY)
    return plain + body[length:]


def _fixed(frame: Frame) -> Telegram:
    found = mbus_fixed.read(frame.data, reversed_=frame.ci == FIXED_REVERSED)
    values = {f"record:{n}": value for n, value in enumerate(found.values)}
    if found.device_type == mbus_makers.ELECTRICITY and found.energy is not None:
        values["1.8.0"] = found.energy
    return Telegram(
        "MBUS", FRAMING, values, None, replace(_UNKNOWN, id=found.identifier), frame.raw
    )


def over_mbus(keys: Keys | None = None) -> Dlms:
    """All that comes over the wired M-Bus: records, and DLMS in numbered segments."""
    return Dlms(MbusLink(partial(telegram, keys=keys)), "mbus", keys)
