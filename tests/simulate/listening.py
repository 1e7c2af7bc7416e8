"""The real decoders, for what simulated meters say."""

from collections.abc import Iterable
from dataclasses import replace

from ohmstead.simulate import MODELS
from ohmstead.wire.cipher import Keys
from ohmstead.wire.recognise import DECODERS, Recogniser, kmp, mep
from ohmstead.wire.telegram import Refused, Telegram

ASKED = {"KMP": (kmp,), "MEP": (mep,)}
OWN = {
    "DSMR": ("P1: ",),
    "DLMS": ("DLMS: ", "HDLC: ", "M-Bus: "),
    "KMP": ("KMP: ",),
    "MEP": ("MEP: the",),
    "MBUS": ("M-Bus: ",),
    "IEC62056-21": ("IEC 62056-21: ",),
    "SML": ("SML: ",),
}
"""How the refusals of a protocol's own decoder begin; the others try ciphered bytes too."""


def recogniser(name: str, keys: Keys | None) -> Recogniser:
    """What reads a model's bytes.  Whoever asks knows what answers, so replies have few readers."""
    return Recogniser(keys, ASKED.get(MODELS[name].protocol, DECODERS))


def heard(name: str, pieces: Iterable[bytes], keys: Keys | None) -> list[Telegram | Refused]:
    """All that comes out of a model's bytes."""
    listening = recogniser(name, keys)
    found = [one for piece in pieces for one in listening.feed(piece)]
    return [*found, *listening.close()]


def telegrams(name: str, pieces: Iterable[bytes]) -> list[Telegram]:
    """The telegrams in a model's bytes, read with its own keys; nothing may be refused."""
    found = heard(name, pieces, MODELS[name].keys)
    own = OWN[MODELS[name].protocol]
    wrong = [one for one in found if isinstance(one, Refused) and one.reason.startswith(own)]
    assert not wrong, wrong
    return [one for one in found if isinstance(one, Telegram)]


def read(name: str, sent: bytes) -> Telegram:
    """What a model's bytes say: the last telegram, with the values of all of them."""
    found = telegrams(name, [sent])
    assert found, f"{name}: nothing was understood"
    values = {key: value for telegram in found for key, value in telegram.values.items()}
    who = next((telegram.identity for telegram in found if telegram.identity.id), None)
    return replace(found[-1], values=values, identity=who or found[-1].identity)
