"""What other libraries read in the same bytes.  Runs in .venv-oracles, alone: it imports nothing of
ours.

As a program it takes a JSON list of `Given` on standard input and prints, for each and by library,
`{"says": ...}` or `{"cannot": ...}`.  P1, KMP, EN 13757 and SML libraries say `{key: [value,
unit]}`; DLMS libraries do not know what a list means, so they say the data that are in it, as
`leaves` lays them out.  Nothing a library prints gets onto standard output.
"""

import contextlib
import io
import json
import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")


@dataclass(frozen=True)
class Given:
    """One recording, its bytes hexadecimal."""

    name: str
    protocol: str
    framing: str
    raw: str
    key: str | None = None
    other_key: str | None = None
    """The authentication key."""
    apdu: str | None = None
    """DLMS: the (ciphered) APDU out of its frames, for a library that does not join them."""


class Cannot(Exception):
    """The library does not read this kind of telegram at all."""


Says = Any
Read = Callable[[bytes], Says]


def leaves(data: Any) -> Iterator[Any]:
    """The numbers and texts of a tree in their order; octets as `hex:`, what is empty left out."""
    if isinstance(data, list | tuple):
        for part in data:
            yield from leaves(part)
    elif isinstance(data, bytes | bytearray):
        yield f"hex:{data.hex()}"
    elif isinstance(data, int):
        yield int(data)
    elif data is not None:
        yield data if isinstance(data, float) else str(data)


# ---------------------------------------------------------------- dsmr-parser


def dsmr_parser(given: Given) -> Read:
    """The specification that reads the most of the telegram is the one a user would have chosen."""
    from dsmr_parser import telegram_specifications as known
    from dsmr_parser.parsers import TelegramParser

    if given.protocol != "DSMR":
        raise Cannot("P1 only")
    best: tuple[int, Any] = (0, None)
    reason = "no specification reads anything"
    for name in vars(known):
        spec = getattr(known, name)
        if not isinstance(spec, dict) or "objects" not in spec:
            continue
        parser = TelegramParser(spec)
        read = _with_keys(parser, given, bool(spec.get("general_global_cipher")))
        try:
            count = len(read(bytes.fromhex(given.raw)))
        except Exception as error:  # whatever it is, this specification is not the one
            reason = f"{type(error).__name__}: {error}"
            continue
        if count > best[0]:
            best = (count, read)
    if not best[0]:
        raise ValueError(reason)
    return best[1]


def _with_keys(parser: Any, given: Given, ciphered: bool) -> Read:
    if not ciphered:
        return lambda raw: parser.parse(raw.decode("latin-1"))
    other = given.other_key or None
    return lambda raw: parser.parse(raw.hex(), given.key or "", other)


CODE = re.compile(r":(\d+\.\d+\.)(?:(\d+)|\[(\d)(\d)\])")
"""How its references write value groups C, D and E, perhaps two of the last."""


def _p1_values(telegram: Any) -> dict[str, Any]:
    """By key, or by two with a bar between, where a reference is for two codes."""
    found: dict[str, Any] = {}
    for reference, one in telegram.items():
        code = CODE.search(reference.replace("\\", ""))
        if not code or getattr(one, "unit", None) is None:
            continue
        medium, channel = one.obis_id_code
        prefix = f"{medium}-{channel}:" if channel else ""
        key = "|".join(f"{prefix}{code[1]}{last}" for last in code.groups()[1:] if last)
        found[key] = [_number(one.value), one.unit]
    return found


# ---------------------------------------------------------------- gurux-dlms


def gurux_dlms(given: Given) -> Read:
    """Its client, told to wait for a push."""
    from gurux_dlms import GXByteBuffer, GXReplyData
    from gurux_dlms.enums import Authentication, InterfaceType, Security
    from gurux_dlms.secure import GXDLMSSecureClient

    if given.protocol != "DLMS":
        raise Cannot("DLMS only")
    kinds = {
        "hdlc": InterfaceType.HDLC,
        "wrapper": InterfaceType.WRAPPER,
        "mbus": InterfaceType.WIRED_MBUS,
        "none": InterfaceType.PDU,
    }
    client = GXDLMSSecureClient(True, 0, 0, Authentication.NONE, None, kinds[given.framing])
    if given.key:
        client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
        client.ciphering.blockCipherKey = bytearray.fromhex(given.key)
        if given.other_key:
            client.ciphering.authenticationKey = bytearray.fromhex(given.other_key)
    llc = given.framing == "none"

    def read(raw: bytes) -> Any:
        buffer = GXByteBuffer(raw[3:] if llc and raw[:1] == b"\xe6" else raw)
        pushed, reply = GXReplyData(), GXReplyData()
        for _ in range(64):
            client.getData(buffer, reply, pushed)
            if buffer.position >= buffer.size or (pushed.isComplete() and not pushed.isMoreData()):
                break
        if pushed.value is None:
            raise ValueError("nothing comes out")
        return pushed.value

    return read


# ---------------------------------------------------------------- dlms-cosem


def dlms_cosem(given: Given) -> Read:
    """It is handed the APDU: it neither joins segments or blocks nor reads M-Bus."""
    from dlms_cosem.protocol.xdlms import DataNotification, GeneralGlobalCipher
    from dlms_cosem.utils import parse_as_dlms_data

    if given.protocol != "DLMS" or given.apdu is None:
        raise Cannot("DLMS only")
    key = bytes.fromhex(given.key or "")
    other = bytes.fromhex(given.other_key or "")

    def read(apdu: bytes) -> Any:
        if apdu[0] == GeneralGlobalCipher.TAG:
            apdu = GeneralGlobalCipher.from_bytes(apdu).to_plain_apdu(key, other)
        return parse_as_dlms_data(DataNotification.from_bytes(apdu).body)

    return read


# ---------------------------------------------------------------- pyMeterBus, PyKMP, pysml


def py_meter_bus(given: Given) -> Read:
    """One long frame."""
    import meterbus

    if given.protocol != "MBUS":
        raise Cannot("EN 13757-3 only")

    def read(raw: bytes) -> Any:
        return {
            f"record:{number}": [_number(record.value), record.unit]
            for number, record in enumerate(meterbus.load(raw).records)
        }

    return read


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


def py_kmp(given: Given) -> Read:
    """Its codecs, one layer after the other."""
    from pykmp import codec, constants, messages

    if given.protocol != "KMP":
        raise Cannot("KMP only")
    physical = codec.PhysicalCodec(direction=codec.PhysicalDirection.FROM_METER)
    link, application, number = codec.DataLinkCodec(), codec.ApplicationCodec, codec.FloatCodec

    def read(raw: bytes) -> Any:
        inside = link.decode(physical.decode(raw)).application_bytes
        message = application.decode(inside)
        if message.command_id == constants.CommandId.GET_SERIAL.value:
            return {"serial": [messages.GetSerialResponse.decode(message).serial, None]}
        reply = messages.GetRegisterResponse.decode(message)
        return {
            f"register:{one.id_}": [
                float(number.decode(one.value)),
                constants.UNITS_NAMES.get(one.unit),
            ]
            for one in reply.registers.values()
        }

    return read


def py_sml(given: Given) -> Read:
    """The last file in the bytes."""
    from sml import SmlBase

    if given.protocol != "SML":
        raise Cannot("SML only")

    def read(raw: bytes) -> Any:
        found: dict[str, Any] = {}
        at = 0
        while True:
            end, frame = SmlBase.find_frame(raw[at:])
            if not frame:
                break
            for message in frame:
                for entry in message["messageBody"].get("valList", []):
                    code = str(entry["objName"]).partition(":")[2].partition("*")[0]
                    found[code] = [entry.get("value"), entry.get("unit")]
            at += end
        if not found:
            raise ValueError("nothing comes out")
        return found

    return read


LIBRARIES: dict[str, Callable[[Given], Read]] = {
    "dsmr-parser": dsmr_parser,
    "gurux-dlms": gurux_dlms,
    "dlms-cosem": dlms_cosem,
    "pyMeterBus": py_meter_bus,
    "PyKMP": py_kmp,
    "pysml": py_sml,
}


def bytes_for(library: str, given: Given) -> bytes:
    """What a library is handed."""
    return bytes.fromhex((given.apdu if library == "dlms-cosem" else None) or given.raw)


def said(library: str, given: Given) -> dict[str, Any] | None:
    """What a library says; None for a kind of telegram that it does not claim to read."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            read = LIBRARIES[library](given)
            found = read(bytes_for(library, given))
    except Cannot:
        return None
    except Exception as error:  # its failure is the finding
        return {"cannot": f"{type(error).__name__}: {error}"}
    if library == "dsmr-parser":
        found = _p1_values(found)
    elif library in ("gurux-dlms", "dlms-cosem"):
        found = list(leaves(found))
    return {"says": found}


def main() -> None:
    """Read the recordings, ask each library."""
    answers = {}
    for one in json.load(sys.stdin):
        given = Given(**one)
        by_library = {library: said(library, given) for library in LIBRARIES}
        answers[given.name] = {library: it for library, it in by_library.items() if it}
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
