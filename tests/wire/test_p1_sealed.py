"""Encrypted P1 telegrams, sealed here with made-up keys."""

import pytest
from tests.wire.telegrams import KEYS, heard, p1, refusals, sealed, telegrams

from ohmstead.wire.cipher import Keys
from ohmstead.wire.p1 import P1
from ohmstead.wire.p1_sealed import SealedP1
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Refused, Telegram

LINE = sealed(p1(), long=True)
WRONG = bytes(16)


def test_a_telegram_is_in_it() -> None:
    """P1 of Luxembourg 1.1.3, section 5: the whole plain telegram, with its CRC, is the text."""
    (telegram,) = telegrams(SealedP1(KEYS), LINE)
    (plain,) = telegrams(P1(), p1())
    assert telegram.values == plain.values
    assert telegram.identity == plain.identity
    assert (telegram.protocol, telegram.framing, telegram.raw) == ("DSMR", "p1", LINE)


def test_telegrams_follow_each_other_and_noise() -> None:
    """Nothing marks the end, so the header's length must be kept to."""
    noise = b"\x08\xdb\x08ABC\xdb\xdb\x08" + bytes(30)
    assert len(telegrams(SealedP1(KEYS), noise + LINE * 3 + noise)) == 3


@pytest.mark.parametrize(
    "keys,status",
    [
        (None, "KEY REQUIRED"),
        (Keys(WRONG, KEYS.authentication), "ENCRYPTION KEY"),
        (Keys(WRONG), "ENCRYPTION KEY"),
        (Keys(KEYS.encryption, WRONG), "ENCRYPTION KEY"),
        (Keys(KEYS.encryption), "OK"),
    ],
)
def test_a_wrong_or_missing_key_is_told(keys: Keys | None, status: str) -> None:
    """REST/MQTT 2.0, field `meter.status`; where the tag is not checked, the CRC inside is."""
    recogniser = Recogniser(keys)
    found = heard(recogniser, [LINE])
    assert recogniser.status == status
    assert any(isinstance(one, Telegram) for one in found) == (status == "OK")


def test_the_crc_inside_counts_where_no_tag_is_checked() -> None:
    """Austrian authentication keys are often unknown: the telegram's own CRC is the check."""
    damaged = bytearray(LINE)
    damaged[100] ^= 1
    assert telegrams(SealedP1(Keys(KEYS.encryption)), bytes(damaged)) == []
    assert telegrams(SealedP1(KEYS), bytes(damaged)) == []


def test_a_cut_telegram_is_nothing() -> None:
    """A meter that was unplugged; the next one is found."""
    assert telegrams(SealedP1(KEYS), LINE[:200]) == []
    assert len(telegrams(SealedP1(KEYS), LINE[:200] + LINE * 2)) >= 1


def test_a_text_without_a_telegram_is_a_wrong_key() -> None:
    """What opens to no telegram was opened wrongly, or is somebody else's."""
    apdu = sealed(b"x" * 300, control=0x20, long=True)
    assert [found.status for found in refusals(SealedP1(KEYS), apdu)] == ["ENCRYPTION KEY"]


def test_a_telegram_without_crc_is_read_too() -> None:
    """The tag has shown already that it is right."""
    assert len(telegrams(SealedP1(KEYS), sealed(p1(crc=False), long=True))) == 1
    found = heard(SealedP1(KEYS), [sealed(p1(("nothing",)), long=True) + bytes(300)])
    assert all(isinstance(one, Refused) for one in found)
