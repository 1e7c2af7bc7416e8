"""Meters that are asked: they answer the real askers, and nobody else."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.wire.telegrams import cut

from ohmstead.simulate import MODELS, Simulated
from ohmstead.simulate.pull_mbus import ACKNOWLEDGED, ASK, RESET, selection, short
from ohmstead.simulate.pulls import LONGEST_REQUEST, Pull
from ohmstead.wire import kmp
from ohmstead.wire.en13757 import over_mbus
from ohmstead.wire.iec62056_21 import Readout
from ohmstead.wire.iec62056_21_sign_on import SignOn
from ohmstead.wire.mep import MepClient
from ohmstead.wire.telegram import ENCRYPTION_KEY, Refused, Telegram

Meters = Callable[[str], Simulated]

AT = datetime(2026, 3, 3, 3, 33, tzinfo=UTC)
ASKED = [name for name, model in MODELS.items() if model.asked]
SELECTED, ANYBODY, EVERYBODY = 253, 254, 255


@pytest.mark.parametrize("name", ASKED)
@settings(deadline=None, max_examples=30)
@given(places=st.lists(st.integers(0, 10_000), max_size=10))
def test_requests_may_come_in_any_pieces(name: str, places: list[int], meters: Meters) -> None:
    """A serial line knows no messages."""
    meter = meters(name)
    speech = meter.model.speech
    assert isinstance(speech, Pull)
    asked = b"".join(speech.usual(meter.occasion(AT)))
    answer = meter.conversation()
    assert b"".join(answer(piece, AT) for piece in cut(asked, places)) == meter.telegram(AT)


@pytest.mark.parametrize("name", ASKED)
@settings(deadline=None, max_examples=50)
@given(noise=st.lists(st.binary(max_size=300), max_size=5))
def test_noise_gets_no_answer_and_is_not_kept(
    name: str, noise: list[bytes], meters: Meters
) -> None:
    """What is no request is passed over, and the next request is answered."""
    meter = meters(name)
    speech = meter.model.speech
    assert isinstance(speech, Pull)
    talk, on = speech.conversation(), meter.occasion(AT)
    for piece in noise:
        talk.answer(piece, on)
        assert len(talk._buffer) <= LONGEST_REQUEST
    talk.answer(bytes(LONGEST_REQUEST) + b"\r\n", on)
    assert len(talk.answer(b"".join(speech.usual(on)), on)) > 20


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ASKED])
def test_a_meter_that_pushes_does_not_answer(name: str, meters: Meters) -> None:
    """It has no ear."""
    assert meters(name).answer(b"/?!\r\n", AT) == b""


def test_kamstrups_client_is_answered(meters: Meters) -> None:
    """KMP, 6.2: the serial number, then registers eight at a time."""
    answer, found = meters("kmp").conversation(), []
    decoder = kmp.Kmp()
    for request in (kmp.request_serial(), *kmp.polls(kmp.ELECTRICITY)):
        found += decoder.feed(answer(request, AT))
    values = {key for one in found if isinstance(one, Telegram) for key in one.values}
    assert {"serial", *(code for code, _ in kmp.ELECTRICITY.values())} <= values


def read_by(
    client: MepClient, answer: Callable[[bytes, datetime], bytes]
) -> list[Telegram | Refused]:
    """What comes out of a round of a client's questions."""
    return [one for _ in range(8) for one in client.feed(answer(client.ask(), AT))]


@pytest.mark.parametrize("name", ["mep", "mep-keyed"])
def test_a_nes_client_learns_the_sequence_number_and_reads_on(name: str, meters: Meters) -> None:
    """OSGP: the first question has a wrong number, the answer says the right one."""
    keys = MODELS[name].keys
    found = read_by(MepClient(keys.encryption if keys else None), meters(name).conversation())
    (refused,) = (one.reason for one in found if isinstance(one, Refused))
    assert "sequence" in refused
    values = {key for one in found if isinstance(one, Telegram) for key in one.values}
    assert {"1.8.0", "1.8.2", "1.7.0", "96.1.0"} <= values


def test_a_nes_meter_wants_its_key(meters: Meters) -> None:
    """OSGP, response 0B, which is the status ENCRYPTION KEY."""
    found = read_by(MepClient(b"NOT ITS KEY     "), meters("mep-keyed").conversation())
    assert {one.status for one in found if isinstance(one, Refused)} == {ENCRYPTION_KEY}
    assert not [one for one in found if isinstance(one, Telegram)]


@pytest.mark.parametrize(
    "address, answered", [(1, True), (ANYBODY, True), (2, False), (EVERYBODY, False)]
)
def test_a_bus_meter_answers_at_its_address(address: int, answered: bool, meters: Meters) -> None:
    """EN 13757-2, 5.7.5: 254 is answered by anybody, 255 by nobody."""
    answer = meters("mbus").conversation()
    assert answer(short(RESET, address), AT) == (ACKNOWLEDGED if answered else b"")
    said = over_mbus().feed(answer(short(ASK, address), AT))
    assert [type(one) for one in said] == [Telegram] * answered


def secondary(number: str, maker: str = "FFFF", version: str = "FF", medium: str = "FF") -> bytes:
    """A secondary address to select by; F stands for anything."""
    return bytes.fromhex(number)[::-1] + bytes.fromhex(maker + version + medium)


def test_a_bus_meter_is_selected_by_its_secondary_address(meters: Meters) -> None:
    """EN 13757-3, 11.3: wildcards, then address 253; another selection ends it."""
    meter = meters("mbus")
    own, answer = meter.serial[-8:], meter.conversation()
    other = f"{(int(own) + 1) % 10**8:08}"
    ask = short(ASK, SELECTED)
    assert answer(ask, AT) == b""
    for wanted in (secondary(own), secondary("FFFFFFFF"), secondary(own[:4] + "FFFF")):
        assert answer(selection(wanted), AT) == ACKNOWLEDGED
        assert [type(one) for one in over_mbus().feed(answer(ask, AT))] == [Telegram]
    for wanted in (secondary(other), secondary(own, medium="07"), secondary(own, maker="0101")):
        assert answer(selection(wanted), AT) == b""
        assert answer(ask, AT) == b""
    assert answer(selection(secondary(own)), AT) == ACKNOWLEDGED
    assert answer(short(RESET, SELECTED), AT) == ACKNOWLEDGED
    assert answer(ask, AT) == b""


def test_a_bus_meter_counts_its_answers(meters: Meters) -> None:
    """EN 13757-3, 5.9: the access number grows; a frame with a wrong sum is not answered."""
    answer = meters("mbus").conversation()
    first, second = (answer(short(ASK, 1), AT) for _ in range(2))
    assert (first[15] + 1, first[19:-2]) == (second[15], second[19:-2])
    broken = bytearray(short(ASK, 1))
    broken[3] ^= 1
    assert answer(bytes(broken), AT) == b""


@pytest.mark.parametrize("called", ["", "own"])
def test_a_meter_is_signed_on_to(called: str, meters: Meters) -> None:
    """IEC 62056-21, 6.4.3: request, identification, acknowledgement, readout at the new rate."""
    meter = meters("iec")
    answer = meter.conversation()
    sign_on = SignOn(meter.serial[-8:] if called else "")
    step = sign_on.feed(answer(sign_on.begin().write, AT))
    assert step is not None
    assert step.baudrate == 9600
    (found,) = Readout().feed((sign_on.identification or b"") + answer(step.write, AT))
    assert isinstance(found, Telegram)
    assert "1.8.0" in found.values


def test_a_meter_does_not_answer_to_another_name(meters: Meters) -> None:
    """IEC 62056-21, 6.3.1: the device address; and nothing is printed before it has been asked."""
    answer = meters("iec").conversation()
    assert answer(b"/?1!\r\n", AT) == b""
    assert answer(b"\x06050\r\n", AT) == b""
