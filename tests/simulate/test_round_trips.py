"""Whatever a virtual meter says, the real decoders understand, however it is cut."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulate.listening import heard, recogniser
from tests.wire.telegrams import cut

from ohmstead.reading import units
from ohmstead.simulate import MODELS, Simulated, lists, pushes
from ohmstead.simulate.hdlc import LLC, address
from ohmstead.simulate.links import Bare, Blocks, Hdlc, Link, Mbus, Wrapper
from ohmstead.simulate.model import SIMULATION
from ohmstead.simulate.moment import Moment
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pushes import Push, Stamp
from ohmstead.simulate.seal import BOTH, ENCRYPTED_ONLY, GENERAL_DED, SUITE_1, Seal
from ohmstead.wire import cipher, dlms, p1_sealed
from ohmstead.wire.cipher import Keys
from ohmstead.wire.dlms import Dlms
from ohmstead.wire.telegram import ENCRYPTION_KEY, KEY_REQUIRED, OK, Refused, Telegram

Meters = Callable[[str], Simulated]

AT = datetime(2026, 6, 20, 11, 0, tzinfo=UTC)
SEALED = [name for name, model in MODELS.items() if model.encrypted and model.protocol != "MEP"]
TAGGED = [
    name
    for name in SEALED
    if (seal := getattr(MODELS[name].speech, "seal", None)) and seal.control & cipher.AUTHENTICATED
]

ROWS = (*pushes.powers(), *pushes.volts(pushes.UINT16, -1), *pushes.energies())
LAYOUTS: dict[str, lists.Layout] = {
    "rows": lists.Rows(ROWS),
    "compact": lists.Compact((*pushes.powers(), *pushes.energies())),
    "flat": lists.Flat(ROWS, first=lists.fixed("OHM_V0001")),
    "flat-scaled": lists.Flat(ROWS, lists.clock, lists.serial_octets, scaled=True),
    "objects": lists.Objects(ROWS),
    "objects-scaled": lists.Objects(ROWS, scaled=True),
    "norwegian": pushes.KAIFA.layout,
    "austrian": pushes.AUSTRIAN_FIXED.layout,
    "descriptors": pushes.SAGEMCOM.layout,
}
LINKS: dict[str, tuple[Link, Callable[[Keys | None], Dlms]]] = {
    "hdlc": (Hdlc(), dlms.over_hdlc),
    "hdlc-1-1": (Hdlc(to=address(1, 1), sender=address(0x7F, 1)), dlms.over_hdlc),
    "hdlc-4-2": (Hdlc(to=address(0x4001, 4), sender=address(0x3FFF, 2)), dlms.over_hdlc),
    "hdlc-segments": (Hdlc(segment=40), dlms.over_hdlc),
    "hdlc-blocks": (Blocks(Hdlc(), 50), dlms.over_hdlc),
    "mbus": (Mbus(), dlms.over_mbus),
    "mbus-segments": (Mbus(segment=60), dlms.over_mbus),
    "mbus-blocks": (Blocks(Mbus(), 90), dlms.over_mbus),
    "wrapper": (Wrapper(), dlms.over_wrapper),
    "wrapper-blocks": (Blocks(Wrapper(), 70), dlms.over_wrapper),
    "bare": (Bare(), dlms.bare),
    "bare-llc": (Bare(LLC), dlms.bare),
}
SEALS: dict[str, Seal | None] = {
    "plain": None,
    "0x20": Seal("OHM", ENCRYPTED_ONLY),
    "0x30": Seal("OHM", BOTH),
    "0x21": Seal("OHM", ENCRYPTED_ONLY | SUITE_1),
    "0x31": Seal("OHM", BOTH | SUITE_1, tag=GENERAL_DED),
}

KEYS = tuple(
    dict.fromkeys(
        entry.key
        for layout in (pushes.AIDON.layout, pushes.SAGEMCOM.layout)
        if isinstance(layout, lists.Rows | lists.Descriptors)
        for entry in layout.entries
        if isinstance(entry, lists.Register)
    )
)


def a_value(key: str) -> st.SearchStrategy[float]:
    """What a meter may measure under a code, in the catalogue's unit; whole in every layout."""
    c, d, _ = (int(part) for part in key.split("."))
    if d == 8:
        return st.integers(0, 99_999).map(float)
    if c % 20 == 12:
        return st.integers(190, 260).map(float)
    return st.integers(0, 60).map(float)


@st.composite
def occasions(draw: st.DrawFn) -> Occasion:
    """Any moment of any meter, on the full hour: then every list is due."""
    at = draw(st.datetimes(datetime(2025, 1, 2), datetime(2030, 1, 1), timezones=st.just(UTC)))
    local = at.replace(minute=0, second=0, microsecond=0)
    values = {key: draw(a_value(key)) for key in KEYS}
    serial = draw(st.from_regex(r"[A-Z]{3}[0-9]{9,13}", fullmatch=True))
    counter = draw(st.integers(0, 2**32 - 1))
    return Occasion(Moment(local, 1, values, local), serial, keys=SIMULATION, counter=counter)


def read(decoder: Dlms, pieces: list[bytes]) -> list[Telegram | Refused]:
    """All that a decoder makes of the pieces and the end after them."""
    return [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("link", LINKS)
@settings(deadline=None, max_examples=8)
@given(
    on=occasions(), seal=st.sampled_from(list(SEALS)), places=st.lists(st.integers(0), max_size=8)
)
def test_every_layout_comes_back_over_every_link(
    layout: str, link: str, on: Occasion, seal: str, places: list[int]
) -> None:
    """Encode, cut anywhere, decode: every number that was meant, in its unit, and nothing else."""
    way, make = LINKS[link]
    sent = Push(LAYOUTS[layout], way, Stamp.PLAIN, SEALS[seal]).telegram(on)
    (found,) = read(make(SIMULATION), cut(sent, places))
    assert isinstance(found, Telegram), found
    assert found.at == on.moment.local
    compared = 0
    for key, value in found.values.items():
        if key in on.moment.values and not isinstance(value.value, str):
            kept, _ = units.kept(value.value, value.unit)
            assert kept == pytest.approx(on.moment.values[key]), key
            compared += 1
    assert compared >= 5


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None, max_examples=8)
@given(places=st.lists(st.integers(0, 100_000), max_size=12))
def test_a_meter_may_be_heard_in_any_pieces(name: str, places: list[int], meters: Meters) -> None:
    """Two telegrams of every model through the recogniser: the same, whatever the cuts."""
    meter = meters(name)
    sent = meter.telegram(AT) + meter.telegram(AT + timedelta(seconds=meter.interval_s))
    whole, pieces = (
        [one for one in heard(name, said, meter.model.keys) if isinstance(one, Telegram)]
        for said in ([sent], cut(sent, places))
    )
    assert len(whole) >= 2
    assert pieces == whole


@pytest.mark.parametrize("name", SEALED)
def test_without_its_key_a_meter_is_not_understood(name: str, meters: Meters) -> None:
    """REST/MQTT 2.0, field `meter.status`: KEY REQUIRED, and OK with the key."""
    sent = meters(name).telegram(AT)
    for keys, status in ((None, KEY_REQUIRED), (MODELS[name].keys, OK)):
        listening = recogniser(name, keys)
        listening.feed(sent)
        listening.close()
        assert listening.status == status


@pytest.mark.parametrize("name", SEALED)
@settings(deadline=None, max_examples=8)
@given(key=st.binary(min_size=16, max_size=16))
def test_a_wrong_key_is_told(name: str, key: bytes, meters: Meters) -> None:
    """REST/MQTT 2.0, field `meter.status`: ENCRYPTION KEY, with a tag or without one."""
    own = MODELS[name].keys
    assert own is not None
    for authentication in (own.authentication, None):
        listening = recogniser(name, Keys(key, authentication))
        found = [*listening.feed(meters(name).telegram(AT)), *listening.close()]
        assert not [one for one in found if isinstance(one, Telegram)]
        assert listening.status == ENCRYPTION_KEY
        assert key.hex() not in repr(found).lower()


@pytest.mark.parametrize("name", TAGGED)
def test_the_authentication_key_is_checked_where_it_is_given(name: str, meters: Meters) -> None:
    """IEC 62056-5-3, 5.7: without it the tag is passed over, with a wrong one nothing opens."""
    assert MODELS[name].keys
    sent, key = meters(name).telegram(AT), MODELS[name].keys.encryption
    assert any(isinstance(one, Telegram) for one in heard(name, [sent], Keys(key)))
    wrong = heard(name, [sent], Keys(key, bytes(16)))
    assert not any(isinstance(one, Telegram) for one in wrong)


@pytest.mark.parametrize("name", SEALED)
def test_a_meter_ciphers_with_the_keys_it_is_given(name: str) -> None:
    """`--key` and `--auth-key`."""
    keys = Keys(bytes(range(100, 116)), bytes(range(50, 66)))
    sent = Simulated(name, 1, keys).telegram(AT)
    assert any(isinstance(one, Telegram) for one in heard(name, [sent], keys))
    assert not any(isinstance(one, Telegram) for one in heard(name, [sent], MODELS[name].keys))


def test_the_invocation_counter_grows(meters: Meters) -> None:
    """IEC 62056-5-3, 9.2.3.3.7.3: no counter twice under one key."""
    meter = meters("p1-lu")
    times = [AT + timedelta(seconds=meter.interval_s * n) for n in range(20)]
    counters = [cipher.sealed(meter.telegram(at)).counter for at in times]
    assert all(before < after for before, after in pairwise(counters))


def test_a_kind_that_ciphers_needs_keys(meters: Meters) -> None:
    """There is no telegram of it in the clear."""
    for name in ("p1-lu", "mbus-sealed", "wrapper-blocks-sealed"):
        on = replace(meters(name).occasion(AT), keys=None)
        with pytest.raises(ValueError, match="no key"):
            MODELS[name].speech.telegram(on)


@settings(deadline=None, max_examples=20)
@given(places=st.lists(st.integers(0, 100_000), max_size=12))
def test_encrypted_p1_is_framed_by_its_length(places: list[int], meters: Meters) -> None:
    """P1 specification of Luxembourg, section 5: any byte may be inside."""
    meter = meters("p1-at")
    sent = b"".join(meter.telegram(AT + timedelta(seconds=10 * n)) for n in range(3))
    assert MODELS["p1-at"].keys
    decoder = p1_sealed.SealedP1(Keys(MODELS["p1-at"].keys.encryption))
    found = [one for piece in cut(sent, places) for one in decoder.feed(piece)]
    assert [type(one) for one in found] == [Telegram] * 3
