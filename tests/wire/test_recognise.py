"""An unknown stream: who speaks, and what the device would say of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.telegrams import dlms, hdlc, heard, p1, telegrams

from ohmstead.wire.recognise import LOST, PATIENCE, Recogniser
from ohmstead.wire.telegram import Telegram

NOISE = bytes.fromhex("a54dca182530bb1d6d132cded6237b2ed91e3f721fcb1971174494d6493c9d5c")


@pytest.mark.parametrize(
    "data,protocol", [(p1(), "DSMR"), (p1(crc=False), "DSMR"), (dlms(), "DLMS")]
)
def test_the_protocol_is_found_in_noise(data: bytes, protocol: str) -> None:
    """REST/MQTT 2.0, 6.3: with `auto` the device finds out itself."""
    recogniser = Recogniser()
    found = telegrams(recogniser, NOISE + data + NOISE + data)
    assert [telegram.protocol for telegram in found] == [protocol] * 2


def test_the_status_tells_how_far_it_is() -> None:
    """REST/MQTT 2.0, field `meter.status`."""
    recogniser = Recogniser()
    assert recogniser.status == "NO DATA"
    recogniser.feed(p1()[:100])
    assert recogniser.status == "RECOGNITION"
    recogniser.feed(p1()[100:])
    assert recogniser.status == "OK"
    recogniser.feed(NOISE * 3)
    assert recogniser.status == "OK"


def test_noise_alone_is_not_recognised_until_something_is() -> None:
    """REST/MQTT 2.0, field `meter.status`: a broken line sends zeros."""
    recogniser = Recogniser()
    recogniser.feed(bytes(PATIENCE))
    assert recogniser.status == "NOT RECOGNIZED"
    recogniser.feed(p1())
    assert recogniser.status == "OK"


def test_an_encrypted_meter_asks_for_its_key() -> None:
    """REST/MQTT 2.0, field `meter.status`: KEY REQUIRED."""
    recogniser = Recogniser()
    recogniser.feed(hdlc(b"\xe6\xe7\x00\xdb\x08OHM\x00\x00\x00\x00\x01\x05\x20\x00\x00\x00\x01"))
    assert recogniser.status == "KEY REQUIRED"


def test_another_meter_is_found_after_a_while() -> None:
    """A cable may be put into another meter; what was understood before is not believed for
    ever."""
    recogniser = Recogniser()
    assert telegrams(recogniser, p1())
    found = [one for _ in range(LOST // len(dlms()) + 2) for one in recogniser.feed(dlms())]
    assert any(isinstance(one, Telegram) and one.protocol == "DLMS" for one in found)
    assert recogniser.status == "OK"


def test_one_telegram_is_given_once_whoever_else_listens() -> None:
    """The first to understand is the only one to be asked from then on, and again after the end of
    a file."""
    recogniser = Recogniser()
    assert len(telegrams(recogniser, p1() + p1())) == 2
    assert len(telegrams(recogniser, p1())) == 1


@given(
    st.lists(
        st.sampled_from([p1(), dlms(), NOISE, p1()[:200], b"\x7e\xa7\xff", b"/ABC5x\r\n"]),
        max_size=12,
    )
)
def test_nothing_in_any_order_is_raised(parts: list[bytes]) -> None:
    """Telegrams of two protocols, cut ones and noise in one stream."""
    for one in heard(Recogniser(), parts):
        assert isinstance(one, Telegram) or one.reason
