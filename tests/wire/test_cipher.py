"""Opening telegrams with keys; sealed by AES-GCM of the library as a whole, keys made up."""

import pytest
from tests.wire.telegrams import KEYS, ROWS, hdlc, heard, notification, sealed

from ohmstead.errors import BadInput
from ohmstead.wire import cipher, dlms
from ohmstead.wire.axdr import Unreadable
from ohmstead.wire.cipher import Keys, WrongKey
from ohmstead.wire.telegram import ENCRYPTION_KEY, KEY_REQUIRED, Telegram

PLAIN = notification(ROWS)[3:]
WRONG = bytes(16)


def status(apdu: bytes, keys: Keys | None) -> str | None:
    """OK for a telegram, else the status of the refusal."""
    (found,) = heard(dlms.over_hdlc(keys), [hdlc(b"\xe6\xe7\x00" + apdu)])
    return "OK" if isinstance(found, Telegram) else found.status


@pytest.mark.parametrize("control", [0x20, 0x21, 0x30, 0x31])
@pytest.mark.parametrize("length", [16, 32])
def test_a_telegram_opens_with_its_keys(control: int, length: int) -> None:
    """IEC 62056-5-3, 5.7: encrypted alone (0x20) and authenticated too (0x30); suites 0 to 2."""
    keys = Keys(bytes(range(length)), bytes(range(16)))
    apdu = sealed(PLAIN, control=control, keys=keys)
    assert cipher.opened(cipher.sealed(apdu), keys) == (PLAIN, bool(control & 0x10))
    assert status(apdu, keys) == "OK"


def test_the_authentication_key_may_be_missing() -> None:
    """It is often not given out: the tag is then cut off and not checked."""
    keys = Keys(KEYS.encryption)
    assert cipher.opened(cipher.sealed(sealed(PLAIN)), keys) == (PLAIN, False)


@pytest.mark.parametrize(
    "keys,control,expected",
    [
        (None, 0x30, KEY_REQUIRED),
        (None, 0x20, KEY_REQUIRED),
        (Keys(WRONG, KEYS.authentication), 0x30, ENCRYPTION_KEY),
        (Keys(KEYS.encryption, WRONG), 0x30, ENCRYPTION_KEY),
        (Keys(WRONG), 0x30, ENCRYPTION_KEY),
        (Keys(WRONG), 0x20, ENCRYPTION_KEY),
        (Keys(KEYS.encryption, WRONG), 0x20, "OK"),
    ],
)
def test_a_wrong_or_missing_key_is_told(keys: Keys | None, control: int, expected: str) -> None:
    """REST/MQTT 2.0, field `meter.status`; without a tag only nonsense shows a wrong key."""
    assert status(sealed(PLAIN, control=control), keys) == expected


def test_a_damaged_tag_is_noticed() -> None:
    """IEC 62056-5-3, 5.7: the tag covers key, control and data."""
    for place in (-1, -12, -13, 12):
        apdu = bytearray(sealed(PLAIN))
        apdu[place] ^= 1
        with pytest.raises((WrongKey, Unreadable)):
            cipher.opened(cipher.sealed(bytes(apdu)), KEYS)


def test_authenticated_alone_is_plain_text_with_a_tag() -> None:
    """IEC 62056-5-3, 5.7, security control 0x10: the text is associated data."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    nonce = b"OHM\x00\x00\x00\x00\x07" + b"\x00\x00\x00\x01"
    assert KEYS.authentication
    tag = AESGCM(KEYS.encryption).encrypt(nonce, b"", b"\x10" + KEYS.authentication + PLAIN)[:12]
    content = b"\x10\x00\x00\x00\x01" + PLAIN + tag
    apdu = b"\xdb\x08" + nonce[:8] + b"\x81" + bytes([len(content)]) + content
    assert cipher.opened(cipher.sealed(apdu), KEYS) == (PLAIN, True)
    assert cipher.opened(cipher.sealed(apdu), Keys(KEYS.encryption)) == (PLAIN, False)
    with pytest.raises(WrongKey):
        cipher.opened(cipher.sealed(apdu), Keys(WRONG, KEYS.authentication))


def test_the_system_title_names_the_maker() -> None:
    """IEC 62056-5-3, 4.3.4: the title begins with the maker's three letters."""
    (found,) = heard(dlms.over_hdlc(KEYS), [hdlc(sealed(PLAIN))])
    assert isinstance(found, Telegram)
    assert found.identity.prefix == "OHM"


@pytest.mark.parametrize(
    "apdu",
    [b"", b"\xdb", b"\xdb\x08OHM", sealed(PLAIN)[:-1], b"\xdb\x07" + bytes(30), b"\x0f" + bytes(9)],
)
def test_what_is_cut_or_no_ciphering_is_unreadable(apdu: bytes) -> None:
    """Lengths are checked before any key is used."""
    with pytest.raises(Unreadable):
        cipher.sealed(apdu)


def test_compressed_or_too_short_telegrams_are_refused() -> None:
    """IEC 62056-5-3, 5.7: bit 7 is compression, which no meter is known to use."""
    for control in (0x80 | 0x30, 0x30):
        short = cipher.Sealed(b"OHM12345", control, bytes(4), b"\x01\x02", 20)
        with pytest.raises(Unreadable):
            cipher.opened(short, KEYS)


def test_keys_are_in_no_text() -> None:
    """A log or an error page must not show them."""
    shown = repr(KEYS) + str(KEYS) + repr(dlms.over_hdlc(KEYS))
    assert KEYS.encryption.hex() not in shown
    assert repr(KEYS.encryption) not in shown
    with pytest.raises(BadInput) as raised:
        Keys(b"secret")
    assert "secret" not in str(raised.value)
