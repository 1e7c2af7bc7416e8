"""The compact payload of real devices.  Source: REST/MQTT 2.0, 4 (limits) and 4.1.1 (variables)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import copysign

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.surfaces.test_report import AT, ZURICH, a_device

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.settings.mqtt import Publish
from ohmstead.surfaces import compact, report
from ohmstead.surfaces.template import VARIABLE, Template

CODES = [quantity.obis for quantity in catalogue.TEMPLATES]
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False).filter(
    lambda value: abs(value) > 1e-15 or not value
)
WORDS = st.none() | st.text("ABCXYZabc0189 +&-_/.ö", min_size=1, max_size=24).map(str.strip)
TIMES = st.datetimes(datetime(2001, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)
CHANNELS = st.builds(
    Channel,
    bus=st.integers(0, 4),
    kind=st.just("other"),
    value=st.floats(0, 1e6).map(lambda value: round(value, 3)),
    unit=st.none(),
    meter_id=st.none() | st.text("GWH0123456789", min_size=1, max_size=20),
    at=st.none() | TIMES,
)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any reading of any meter, as far as the device has variables for it."""
    at = draw(TIMES)
    return Reading(
        meter="A842E39F8124",
        at=at,
        values=with_derived(draw(st.dictionaries(st.sampled_from(CODES), NUMBERS, max_size=57))),
        identity=Identity(
            id=draw(WORDS) or None,
            logical_name=draw(WORDS) or None,
            model=draw(WORDS) or None,
            vendor=draw(WORDS) or None,
            interface="P1",
            protocol="DSMR",
        ),
        channels=tuple(draw(st.lists(CHANNELS, max_size=3))),
        tariff=draw(st.none() | st.integers(1, 4)),
        meter_at=draw(st.none() | st.just(at)),
    )


def sent(reading: Reading | None, **device: object) -> str:
    now = {"now": reading.at if reading else AT, **device}
    return Template(compact.TEMPLATE).render(reading, a_device(**now))


def back(text: str) -> Reading:
    return compact.either(text.encode(), ZURICH)


def test_the_template_carries_every_quantity_within_the_devices_limit() -> None:
    """4, `.publish.template`: 0..1023 characters; 4.1.1: every measured variable."""
    assert len(json.dumps(compact.TEMPLATE)) - 2 <= compact.LONGEST, "as JSON writes it"
    msgspec.convert({"topic": "up/A842E39F8124", "template": compact.TEMPLATE}, Publish)
    named = VARIABLE.findall(compact.TEMPLATE)
    assert len(named) == len(set(named))
    assert {quantity.template for quantity in catalogue.TEMPLATES} <= set(named), (
        "a quantity is new: add a version to surfaces/compact.py, and keep the one before"
    )


@given(readings())
@settings(max_examples=60, deadline=None)
def test_what_a_device_renders_is_read_back_as_it_was(reading: Reading) -> None:
    """4.1.1: numbers as text, `null` or nothing where absent; and it is JSON for every reading."""
    text = sent(reading)
    assert json.loads(text)["ohmstead"] == 1
    found = back(text)
    assert {code: found.values[code] for code in CODES if code in found.values} == {
        code: value for code, value in reading.values.items() if code in CODES
    }
    assert found.meter == reading.meter
    assert (found.at, found.tariff) == (reading.at, reading.tariff)
    assert found.identity == reading.identity
    local = [c if c.at is None else replace(c, at=_second(c.at)) for c in found.channels]
    assert local == [c if c.at is None else replace(c, at=_second(c.at)) for c in reading.channels]


def _second(at: datetime) -> datetime:
    """A moment as local time can tell it: the repeated hour of autumn is one hour."""
    return at.astimezone(ZURICH).replace(fold=0).astimezone(UTC)


def test_signed_currents_come_through_with_their_sign() -> None:
    """4.1.1: `s31_7_0` to `s71_7_0`, signed, beside the plain currents."""
    reading = Reading("M", AT, {"31.7.0": 4.2, "s31.7.0": -4.2, "s51.7.0": 0.5})
    found = back(sent(reading)).values
    assert (found["31.7.0"], found["s31.7.0"], found["s51.7.0"]) == (4.2, -4.2, 0.5)
    assert copysign(1, found["s31.7.0"]) == -1


def test_before_the_first_reading_it_is_json_and_says_nothing() -> None:
    """4.1.1, note: after power on some variables are not known yet."""
    text = sent(None)
    json.loads(text)
    found = back(text)
    assert dict(found.values) == {}
    assert found.at == AT.replace(microsecond=0)


def test_an_older_firmware_leaves_unknown_names_and_all_else_counts() -> None:
    """4.1.1, note: a variable that is not resolved stays `${...}`; later ones are unknown to it."""
    text = sent(Reading("M", AT, {"1.7.0": 0.3, "s31.7.0": -1.0, "1.8.0": 5.0}, meter_at=AT))
    utc = AT.strftime("%Y-%m-%dT%H:%M:%SZ")
    old = text.replace(utc, "${sys.date_time_utc}").replace("-1,", "${s31_7_0},")
    for n in range(3):
        old = old.replace("null|null||", f"${{vol[{n}].bus}}|${{vol[{n}].cumulative}}|x|y", 1)
    assert json.loads(old)
    found = back(old)
    assert found.values["1.7.0"] == 0.3
    assert "s31.7.0" not in found.values
    assert found.at == AT.replace(microsecond=0), "the meter's clock instead"
    assert found.channels == ()


def test_a_clock_that_nobody_set_does_not_count() -> None:
    """4.1.1: `timestamp` (UTC) and `sys.date_time` (local); a device without NTP is in 1970."""
    text = sent(Reading("M", AT, {}, meter_at=AT), now=datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert back(text).at == AT.replace(microsecond=0)
    with pytest.raises(BadInput, match="no time"):
        back(sent(None, now=datetime(1970, 1, 1, 0, 5, tzinfo=UTC)))


def test_local_time_is_the_sites_when_there_is_nothing_better() -> None:
    """4.1.1: `sys.date_time` is local time, and its Z is not true (quirk 19)."""
    text = sent(None).replace(AT.strftime("%Y-%m-%dT%H:%M:%SZ"), "${sys.date_time_utc}")
    assert back(text).at == AT.replace(microsecond=0)


@pytest.mark.parametrize("odd", ['say "hi"', "back\\slash", "a|b", "}", '"}', "${x}", "\x00", "é"])
def test_whatever_a_meter_calls_itself_its_numbers_count(odd: str) -> None:
    """4.1.1: the message is always text; nothing says that a device escapes what it puts in."""
    reading = Reading("M", AT, {"1.7.0": 0.3}, Identity(id=odd, model="M1"))
    assert back(sent(reading)).values["1.7.0"] == 0.3


@pytest.mark.parametrize("change", ["cut", "other", "word", "newer"])
def test_what_is_not_our_template_is_refused_with_what_to_do(change: str) -> None:
    """4, `.publish.template`: a device that cuts it off sends what nobody can read."""
    text = sent(Reading("M", AT, {"1.7.0": 0.3}))
    changed = {
        "cut": text[:400],
        "other": text.replace('"vol":', '"volume":'),
        "word": text.replace("0.3,", "much,"),
        "newer": text.replace('"ohmstead":1', '"ohmstead":99'),
    }[change]
    with pytest.raises(BadInput, match=r"provision|must be a number"):
        back(changed)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=60)
def test_noise_is_refused_and_nothing_else(noise: bytes) -> None:
    """Every decoder's property: noise never raises anything but BadInput."""
    for payload in (noise, compact.BEGIN + b"1," + noise):
        with pytest.raises(BadInput):
            compact.either(payload, ZURICH)


def test_our_gateways_report_is_still_a_report() -> None:
    """3.1: the other payload that arrives on `up/<MAC>`."""
    reading = Reading("A842E39F8124", AT + timedelta(seconds=1), {"1.7.0": 0.3})
    payload = msgspec.json.encode(report.document(reading, a_device()))
    assert compact.either(payload, ZURICH).values["1.7.0"] == 0.3
