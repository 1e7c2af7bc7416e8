"""The decoders that are fuzzed: how each is made, what it may hold, how to get past its checks.

A fuzzer does not guess a CRC.  So each protocol with one is fuzzed in two ways: with the bytes as
they are, and with the bytes as the contents of frames that are right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ohmstead.simulate import en13757 as mbus_frames
from ohmstead.simulate import sml as sml_frames
from ohmstead.simulate.links import Blocks, Hdlc, Mbus, Wrapper
from ohmstead.simulate.seal import ENCRYPTED_ONLY, Seal
from ohmstead.wire import bare, dlms, en13757, hdlc, kmp, recognise, sml_frame, wrapper
from ohmstead.wire.cipher import Keys
from ohmstead.wire.crc import crc16_arc, fcs16
from ohmstead.wire.gbt import Blocks as BlocksRead
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.kmp import Kmp
from ohmstead.wire.mep import Mep
from ohmstead.wire.mep_requests import read_table
from ohmstead.wire.mep_tables import BT21, BT23
from ohmstead.wire.p1 import P1
from ohmstead.wire.p1_sealed import SealedP1
from ohmstead.wire.sml import Sml
from ohmstead.wire.stream import PIECE
from ohmstead.wire.telegram import Decoder

KEYS = Keys(bytes(range(16)))
"""No authentication key: a tag would have to be right."""
SEAL = Seal("OHM", ENCRYPTED_ONLY)
SEALED_P1 = Seal("OHM", ENCRYPTED_ONLY, long_length=True)
SERIAL, COUNTER = "1", 42

HDLC_FRAME = 2047 + 2
MBUS_FRAME = 261
MEP_REPLY = 525
P1_SEALED_APDU = 4095 + 13

Wrap = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Target:
    """One decoder."""

    make: Callable[[], Decoder]
    holds: int
    """Bytes that it may hold, one piece of input included."""
    wraps: tuple[Wrap, ...] = ()
    """Ways to put any bytes behind checks that are right."""
    looks: int = 64
    """How often it may look at a byte on average: its longest frame over its shortest beginning."""


def _hdlc(content: bytes) -> bytes:
    return Hdlc(segment=1900).sent(content)


def _hdlc_blocks(content: bytes) -> bytes:
    return Blocks(Hdlc(), 120).sent(content)


def _hdlc_sealed(content: bytes) -> bytes:
    return _hdlc(SEAL.sealed(b"\x0f\x00\x00\x00\x00\x00" + content, KEYS, SERIAL, COUNTER))


def _mbus_records(content: bytes) -> bytes:
    head = mbus_frames.header("00000001", "OHM", 1, 2)
    return mbus_frames.frame(head + content[: mbus_frames.LONGEST - len(head)])


def _mbus_any(content: bytes) -> bytes:
    ci, content = (content[0], content[1:]) if content else (0, content)
    return mbus_frames.frame(content[: mbus_frames.LONGEST], ci=ci)


def _mbus_segments(content: bytes) -> bytes:
    return Mbus(segment=200).sent(content[:3200])


def _sml_list(content: bytes) -> bytes:
    """A message whose checksum is right around whatever fields."""
    inside = b"\x76\x05\0\0\0\1\x62\0\x62\0\x72\x63\x07\x01" + content
    return sml_frames.transported(inside + b"\x63" + fcs16(inside).to_bytes(2, "little") + b"\0")


def _kmp_registers(content: bytes) -> bytes:
    body = bytes((kmp.METER, kmp.GET_REGISTER)) + content[:200]
    return kmp.sealed(kmp.FROM_METER, body)


def _p1_lines(content: bytes) -> bytes:
    frame = b"/OHM5TEST\r\n\r\n" + content.replace(b"!", b"") + b"\r\n!"
    return frame + f"{crc16_arc(frame):04X}\r\n".encode()


def _sealed_p1(content: bytes) -> bytes:
    return SEALED_P1.sealed(_p1_lines(content[:4000]).rstrip(), KEYS, SERIAL, COUNTER)


def _mep_table(content: bytes) -> bytes:
    content = content[:500]
    body = b"\0" + len(content).to_bytes(2, "big") + content + bytes(8)
    return len(body).to_bytes(2, "big") + body


def _readout(content: bytes) -> bytes:
    return b"/OHM5TEST\r\n" + content.translate(None, bytes(range(9))) + b"\r\n!\r\n"


_SEGMENTS = 2 * hdlc.Hdlc.LONGEST + 2 * HDLC_FRAME
_BLOCKS = BlocksRead.LONGEST + 2 * 8192
_LINKS = {
    "hdlc": HDLC_FRAME + PIECE + _SEGMENTS + _BLOCKS,
    "mbus": MBUS_FRAME + PIECE + 32 * MBUS_FRAME + _BLOCKS,
    "wrapper": wrapper.Wrapper.LONGEST + 8 + PIECE + _BLOCKS,
    "bare": bare.Bare.LONGEST + PIECE + _BLOCKS,
}
_OWN = {
    "p1": P1.LONGEST + PIECE,
    "p1_sealed": P1_SEALED_APDU + PIECE,
    "sml": sml_frame.SmlFrames.LONGEST + PIECE,
    "kmp": Kmp.LONGEST + PIECE,
    "mep": MEP_REPLY + PIECE,
    "readout": Readout.LONGEST + PIECE,
}

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "p1": Target(P1, _OWN["p1"], (_p1_lines,)),
        "p1_sealed": Target(lambda: SealedP1(KEYS), _OWN["p1_sealed"], (_sealed_p1,), 512),
        "readout": Target(Readout, _OWN["readout"], (_readout,)),
        "hdlc": Target(
            lambda: dlms.over_hdlc(KEYS), _LINKS["hdlc"], (_hdlc, _hdlc_blocks, _hdlc_sealed), 512
        ),
        "mbus": Target(
            lambda: en13757.over_mbus(KEYS),
            _LINKS["mbus"],
            (_mbus_records, _mbus_any, _mbus_segments),
        ),
        "wrapper": Target(
            lambda: dlms.over_wrapper(KEYS), _LINKS["wrapper"], (Wrapper().sent,), 1024
        ),
        "bare": Target(lambda: dlms.bare(KEYS), _LINKS["bare"]),
        "sml": Target(Sml, _OWN["sml"], (_sml_list,)),
        "kmp": Target(Kmp, _OWN["kmp"], (_kmp_registers,)),
        "mep": Target(Mep, _OWN["mep"], (_mep_table,)),
        "mep_asked": Target(lambda: Mep(read_table(BT23, 1)), _OWN["mep"], (_mep_table,)),
        "mep_layout": Target(lambda: Mep(read_table(BT21, 1)), _OWN["mep"], (_mep_table,)),
        "recognise": Target(
            lambda: recognise.Recogniser(KEYS),
            sum(_LINKS.values()) + sum(_OWN.values()),
            (_hdlc, _mbus_records, _sml_list, _p1_lines),
            2048,
        ),
    }
)
