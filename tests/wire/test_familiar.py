"""Lists that came before: whatever comes next, it is read as if nothing had."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.wire.telegrams import KEYS, ROWS, STAMP, hdlc, notification, row, sealed

from ohmstead.simulate import MODELS, Simulated
from ohmstead.wire import cosem, dlms, familiar
from ohmstead.wire.axdr import MAX_ELEMENTS
from ohmstead.wire.familiar import LISTS, LONGEST, VAIN, Lists, learned
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Refused, Telegram

START = datetime(2025, 7, 3, 12, 15, tzinfo=UTC)
HEAD = b"\x0f\x00\x00\x00\x01"
LATER = bytes.fromhex("07e90704050a1e0f00ff8880")
NO_TIME = bytes.fromhex("ffffffffffffffffff800000")
BARE_VOLTS = 235

NAMES = st.sampled_from(
    [
        bytes.fromhex(code)
        for code in (
            "0000010000ff", "0000600100ff", "0000600101ff", "00002a0000ff", "0101000281ff",
            "0100010700ff", "0100010800ff", "0100200700ff", "01001f0700ff", "01000d0700ff",
            "0001180201ff",
        )
    ]
)  # fmt: skip
SIZES = {0x05: 4, 0x06: 4, 0x0F: 1, 0x10: 2, 0x11: 1, 0x12: 2, 0x14: 8, 0x15: 8, 0x17: 4}
NUMBERS = st.one_of(
    st.sampled_from(sorted(SIZES)).flatmap(
        lambda tag: st.binary(min_size=SIZES[tag], max_size=SIZES[tag]).map(
            lambda data: bytes([tag]) + data
        )
    ),
    st.sampled_from([b"\x00", b"\x03\x01", b"\x0d\x42", b"\x16\x1b", b"\x04\x08\xa5"]),
)
CLOCKS = st.sampled_from([STAMP, LATER, NO_TIME]).map(lambda stamp: b"\x09\x0c" + stamp)
TEXTS = st.sampled_from(
    [b"\x0a\x04ABC1", b"\x09\x02\x00\xab", b"\x0a\x0cKamstrup_V01", b"\x09\x00"]
)
DATA = st.one_of(NUMBERS, CLOCKS, TEXTS)
SCALED = st.tuples(st.integers(0, 255), st.sampled_from([27, 30, 33, 35, 255])).map(
    lambda pair: b"\x02\x02\x0f" + bytes([pair[0]]) + b"\x16" + bytes([pair[1]])
)
STAMPS = st.sampled_from(
    [b"\x00", b"\x0c" + STAMP, b"\x0c" + LATER, b"\x09\x0c" + STAMP, b"\x0c" + NO_TIME, b"\x02ab"]
)


def name(code: bytes) -> bytes:
    return b"\x09\x06" + code


def many(tag: int, elements: Sequence[bytes]) -> bytes:
    return bytes([tag, len(elements)]) + b"".join(elements)


@st.composite
def rows(draw: st.DrawFn) -> bytes:
    """Layout (a): {code, value, {scaler, unit}}, in an array."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        parts = [name(draw(NAMES)), draw(DATA), *draw(st.lists(SCALED, max_size=1))]
        found.append(many(0x02, parts))
    return many(0x01, found)


@st.composite
def flat(draw: st.DrawFn) -> bytes:
    """Layout (b): the same without brackets, perhaps a list's name in front, a text behind."""
    parts = draw(st.lists(TEXTS, max_size=1))
    for _ in range(draw(st.integers(1, 4))):
        parts += [name(draw(NAMES)), draw(DATA), *draw(st.lists(SCALED, max_size=1))]
    return many(0x02, [*parts, *draw(st.lists(TEXTS, max_size=1))])


@st.composite
def pushed(draw: st.DrawFn) -> bytes:
    """Layout (c): a list of objects and their values, attribute 3 among them."""
    objects, values = [], []
    for _ in range(draw(st.integers(1, 4))):
        attribute = draw(st.sampled_from([2, 2, 2, 3]))
        code = name(draw(NAMES))
        objects.append(
            many(0x02, [b"\x12\x00\x03", code, bytes([0x0F, attribute]), b"\x12\x00\x00"])
        )
        values.append(draw(SCALED if attribute == 3 else DATA))
    return many(0x02, [many(0x01, objects), *values])


@st.composite
def ordered(draw: st.DrawFn) -> bytes:
    """Layout (d): Norwegian and Austrian lists without codes."""
    if draw(st.booleans()):
        count = draw(st.sampled_from([1, 9, 13]))
        texts = [b"\x09\x07KFM_001", b"\x0a\x04ABCD", b"\x0a\x04MA30"] if count > 1 else []
        return many(0x02, texts + [draw(NUMBERS) for _ in range(count - len(texts))])
    clock = [b"\x1b\x0e\x0f\x00\x00", b"\x1a\x07\xe9\x07\x03\x04"]
    numbers = [draw(NUMBERS) for _ in range(6)]
    return many(0x02, [name(draw(NAMES)), b"\x09\x04ABC1", *clock, *numbers])


BODIES = st.one_of(rows(), flat(), pushed(), ordered())


def told(lists: Lists, apdu: bytes) -> Telegram | Refused:
    return lists.telegram(apdu, framing="hdlc", raw=apdu, offset=7, title="OHM")


def general(apdu: bytes) -> Telegram | Refused:
    return cosem.telegram(apdu, framing="hdlc", raw=apdu, offset=7, title="OHM")


def same(lists: Lists, apdu: bytes) -> None:
    """Compared as text, for not-a-number is not equal to itself."""
    assert repr(told(lists, apdu)) == repr(general(apdu))


def is_known(lists: Lists, apdu: bytes) -> bool:
    return any(one.read(apdu, "hdlc", apdu, None) for one in lists._known)


@given(STAMPS, BODIES, st.data())
def test_a_list_with_other_numbers_is_read_as_if_it_were_new(
    stamp: bytes, body: bytes, data: st.DataObject
) -> None:
    """IEC 62056-5-3, data-notification: at a glance or element by element, the same comes out,
    whichever byte is another."""
    lists = Lists()
    apdu = HEAD + stamp + body
    same(lists, apdu)
    same(lists, apdu)
    for _ in range(6):
        at = data.draw(st.integers(1, len(apdu) - 1))
        byte = data.draw(st.sampled_from([0, 1, 2, 9, 12, 0x7F, 0x80, 0xFF, apdu[at] ^ 1]))
        same(lists, apdu[:at] + bytes([byte]) + apdu[at + 1 :])


@given(st.lists(st.tuples(STAMPS, BODIES), min_size=2, max_size=5))
def test_a_meter_may_push_its_lists_in_turn(sent: list[tuple[bytes, bytes]]) -> None:
    """NVE, HAN lists of Kaifa: lists 1 to 3 come at intervals of their own."""
    lists = Lists()
    for stamp, body in [*sent, *reversed(sent)]:
        same(lists, HEAD + stamp + body)


STRANGERS = {"hdlc-compact", "hdlc-sagemcom", "hdlc-sagemcom-sealed", "mbus-fixed-sealed"}
"""No tags in it, faults that are put right, times that are octet strings like any other."""
FRIENDS = {name for name, model in MODELS.items() if model.protocol == "DLMS"} - STRANGERS


@pytest.mark.parametrize("model", sorted(FRIENDS))
def test_every_simulated_list_becomes_familiar(model: str) -> None:
    """What is learned of the first telegrams reads the next: no list stays unknown for ever."""
    meter = Simulated(model)
    recogniser = Recogniser(meter.model.keys)
    learned_by_then = []
    for number in range(8):
        recogniser.feed(meter.telegram(START + timedelta(seconds=10 * number)))
        decoder = recogniser._speaks
        assert isinstance(decoder, dlms.Dlms)
        learned_by_then.append(len(decoder._lists._known))
    assert 0 < learned_by_then[4] == learned_by_then[-1] < LISTS


@example(BARE_VOLTS, 2357)
@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
def test_a_bare_voltage_is_doubted_each_time(first: int, second: int) -> None:
    """The number tells 230 V from 2300 tenths, so it is looked at in every telegram."""
    lists = Lists()
    for number in (first, second):
        parts = [name(bytes.fromhex("0100200700ff")), b"\x12" + number.to_bytes(2, "big")]
        same(lists, HEAD + b"\x00" + many(0x02, parts))


def test_an_identity_that_changes_is_believed() -> None:
    """IEC 62056-6-2, identifiers 0.0.96.1.x: another meter on the same line is another meter."""
    lists = Lists()
    for letters in (b"42424242", b"43434343"):
        rows = [row("0000600100ff", b"\x0a\x08" + letters), ROWS[2]]
        found = told(lists, notification(rows)[3:])
        assert isinstance(found, Telegram)
        assert found.identity.id == letters.decode()


def test_a_number_that_names_the_meter_is_never_taken_for_granted() -> None:
    """A serial number may be a number; it would change the identity, so nothing is learned."""
    apdu = notification([row("0000600100ff", b"\x06\x00\x00\x10\x00"), ROWS[2]])[3:]
    found = general(apdu)
    assert isinstance(found, Telegram)
    assert learned(found) is None


def test_so_many_lists_are_kept_and_no_more() -> None:
    """A meter that says something new each time must not fill the memory."""
    lists = Lists()
    sent = [notification([ROWS[2]] * (number + 1))[3:] for number in range(LISTS + 3)]
    for apdu in sent:
        same(lists, apdu)
    assert [is_known(lists, apdu) for apdu in sent] == [False] * 3 + [True] * LISTS


def test_one_who_never_says_the_same_is_not_learned_for_ever() -> None:
    """Learning costs as much as reading: after so many in vain it ends, and reading goes on."""
    lists = Lists()
    for number in range(VAIN + LISTS):
        same(lists, notification([ROWS[2], row("0000600200ff", b"\x0a\x04%04d" % number)])[3:])
    assert not is_known(
        lists, notification([ROWS[2], row("0000600200ff", b"\x0a\x04%04d" % (VAIN))])[3:]
    )


def test_a_list_that_is_too_long_is_read_and_not_learned() -> None:
    """One byte over the limit nothing is kept; at the limit it is."""
    for spare, kept in ((0, True), (1, False)):
        size = LONGEST - len(notification([ROWS[2], row("0000600100ff", b"\x0a\x82\x00\x00")])[3:])
        text = b"\x0a\x82" + (size + spare).to_bytes(2, "big") + b"x" * (size + spare)
        apdu = notification([ROWS[2], row("0000600100ff", text)])[3:]
        lists = Lists()
        same(lists, apdu)
        assert is_known(lists, apdu) is kept


@pytest.mark.parametrize("over", [0, 1])
def test_the_limit_of_elements_holds_for_the_second_list_too(over: int) -> None:
    """IEC 62056-5-3: a count that is refused once is refused again."""
    count = MAX_ELEMENTS - 2 + over
    body = b"\x02\x82" + (count + 2).to_bytes(2, "big") + name(bytes.fromhex("0100010700ff"))
    apdu = HEAD + b"\x00" + body + b"\x11\x05" + b"\x00" * count
    lists = Lists()
    for _ in range(2):
        same(lists, apdu)
    assert isinstance(told(lists, apdu), Refused if over else Telegram)


def test_a_clock_that_stands_in_for_the_one_in_front_is_never_taken_for_granted() -> None:
    """Kamstrup's hourly list without a time in front: its own clock is under two codes."""
    lists = Lists()
    for stamp in (STAMP, LATER):
        clock = [name(bytes.fromhex("0001010000ff")), b"\x09\x0c" + stamp]
        same(lists, HEAD + b"\x00" + many(0x02, [b"\x0a\x0eKamstrup_V0001", *clock]))


def test_a_text_that_looks_like_a_place_is_a_text() -> None:
    """What stands for a clock while a list is learned may itself be sent, by somebody hostile."""
    lists = Lists()
    fake = familiar._CLOCK + (30).to_bytes(4, "big")
    rows = [row("0000600200ff", b"\x09\x0c" + fake), ROWS[2], ROWS[0]]
    for _ in range(2):
        same(lists, notification(rows)[3:])


def test_a_decoder_learns_what_is_sealed_too() -> None:
    """IEC 62056-5-3, general-glo-ciphering: the list inside is the same each time."""
    decoder = dlms.over_hdlc(KEYS)
    for number in (5, 6):
        rows = [*ROWS[:2], row("0100010700ff", b"\x06" + number.to_bytes(4, "big"), 0, 27)]
        (found,) = decoder.feed(hdlc(b"\xe6\xe7\x00" + sealed(notification(rows)[3:])))
        assert isinstance(found, Telegram)
        assert found.values["1.7.0"].value == number
    assert len(decoder._lists._known) == 1
