"""A packet of the push API: every field, every spelling, and everything that is wrong."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading import catalogue
from ohmstead.surfaces import wattics
from ohmstead.surfaces.wattics import Misfit, parse

AT = "2026-02-10T21:45:31.070+11:00"
ELECTRICAL = (
    *(f"{name}_{n}" for name in ("aP", "rP", "apP", "v", "c", "pC") for n in (1, 2, 3)),
    *("v_12", "v_13", "v_23"),
)


def packet(**fields: object) -> bytes:
    return json.dumps({"id": "m", "tsISO8601": AT, **fields}).encode()


def refusal(body: bytes) -> tuple[str | None, str]:
    with pytest.raises(Misfit) as caught:
        parse(body)
    return caught.value.field, str(caught.value)


def test_every_documented_field_is_read_in_its_unit() -> None:
    """Wattics REST API 2019, JSON Packet Format: W, VA, var, V, A and Wh, by phase."""
    said = parse(packet(**dict.fromkeys(ELECTRICAL, 123)))
    assert len(said.values) == len(ELECTRICAL)
    for obis, number in said.values.items():
        kilo = (catalogue.BY_OBIS[obis].unit or "").startswith("k")
        assert number == (0.123 if kilo else 123), obis
    assert said.value is None
    assert said.unknown == ()


def test_the_time_is_local_with_its_offset() -> None:
    """Wattics REST API 2019, Important notes: 21:45:31.070 the local time, 11:00 the offset."""
    said = parse(packet(value=1))
    assert said.at == datetime(2026, 2, 10, 10, 45, 31, 70_000, UTC)
    assert wattics.moment(AT).utcoffset() == timedelta(hours=11)


@pytest.mark.parametrize(
    "written",
    [
        "1994-11-05T08:15:30-05:00",
        "1994-11-05T13:15:30Z",
        "1994-11-05T13:15:30.000+00:00",
        "1994-11-05T14:15:30.0+0100",
        "1994-11-05T14:15:30,000+01",
        "1994-11-05T14:15:30.00000000000+01:00",
        "19941105T141530.000+0100",
        "19941105T131530Z",
    ],
)
def test_spellings_of_one_moment(written: str) -> None:
    """W3C NOTE-datetime and ISO 8601:2004, 4.3.2: ways to write it; milliseconds are optional."""
    assert parse(packet(tsISO8601=written, value=1)).at == datetime(1994, 11, 5, 13, 15, 30, 0, UTC)


@pytest.mark.parametrize("time", ["24:00", "24:00:00", "24:00:00.000"])
def test_midnight_may_be_the_end_of_its_day(time: str) -> None:
    """ISO 8601:2004, 4.2.3: 24:00 is the instant at the end of a day."""
    assert wattics.moment(f"2026-02-28T{time}+01:00") == datetime(2026, 2, 28, 23, 0, 0, 0, UTC)
    assert wattics.moment("20260331T2400Z") == datetime(2026, 4, 1, 0, 0, 0, 0, UTC)


def test_minutes_are_enough() -> None:
    """W3C NOTE-datetime, Formats: complete date plus hours and minutes."""
    at = parse(packet(tsISO8601="1997-07-16T19:20+01:00")).at
    assert at == datetime(1997, 7, 16, 18, 20, tzinfo=UTC)


def test_a_time_without_offset_is_utc_only_where_asked_so() -> None:
    """interop 3.1: unifiedjson_utc; elsewhere the offset is part of the format."""
    body = packet(tsISO8601="2026-02-10T21:45:31", value=1)
    assert refusal(body)[0] == "tsISO8601"
    assert parse(body, utc=True).at == datetime(2026, 2, 10, 21, 45, 31, tzinfo=UTC)


def test_v_31_and_v_13_are_one_voltage() -> None:
    """interop 5, no. 32: the page of 2019 says v_31, its example and the older page v_13."""
    assert parse(packet(v_31=400)).values == parse(packet(v_13=400)).values == {"126.7.0": 400}


def test_null_is_absent() -> None:
    """interop 3.1: a sender writes `"value": null` where it has no number."""
    said = parse(packet(value=None, aP_1=None, pC_1=1000))
    assert said.value is None
    assert said.values == {"21.8.0": 1.0}


def test_unknown_fields_are_told_and_do_no_harm() -> None:
    """The push API's promise: unknown fields are reported, not fatal."""
    said = parse(packet(value=3, colour="red", more={"a": [1]}))
    assert said.value == 3
    assert said.unknown == ("colour", "more")


@pytest.mark.parametrize(
    "body, field, words",
    [
        (b"", None, "empty"),
        (b"[]", None, "list"),
        (b"17", None, "not a JSON object"),
        (b'{"id":"m"', None, "not JSON"),
        (b'{"id":"m","tsISO8601":"\xff"}', None, "UTF-8"),
        ('{“id”:”m”}'.encode(), None, "typographic"),
        (b'{"tsISO8601":"2026-02-10T21:45:31Z"}', "id", "missing"),
        (b'{"id":"m"}', "tsISO8601", "missing"),
        (b'{"id":5,"tsISO8601":"2026-02-10T21:45:31Z"}', "id", "not a text"),
        (packet(tsISO8601="yesterday"), "tsISO8601", "not a time"),
        (packet(tsISO8601=1700000000), "tsISO8601", "not a time"),
        (packet(tsISO8601="2026-02-30T21:45:31Z"), "tsISO8601", "not a time there is"),
        (packet(tsISO8601="2026-02-10T21:45:31+99:00"), "tsISO8601", "not a time there is"),
        (packet(tsISO8601="2026-02-10T24:00:01Z"), "tsISO8601", "not a time there is"),
        (packet(tsISO8601="9999-12-31T24:00Z"), "tsISO8601", "not a time there is"),
        (packet(tsISO8601="2026-02-10T21:45:31+01:60"), "tsISO8601", "not a time"),
        (b'{"id":null,"tsISO8601":"2026-02-10T21:45:31Z"}', "id", "null is not a text"),
        (packet(aP_1="5"), "aP_1", "not a number"),
        (packet(aP_1=True), "aP_1", "not a number"),
        (packet(pC_2=[1]), "pC_2", "not a number"),
        (packet()[:-1] + b',"aP_1":1e999}', "aP_1", "too large"),
        (packet()[:-1] + b',"aP_1":' + b"9" * 5000 + b"}", "aP_1", "too large"),
        (packet(value=1e308), "value", "too large"),
        (packet(v_31=-1.1e21), "v_31", "too large"),
        (packet()[:-1] + b',"aP_1":NaN}', None, "NaN"),
        (packet()[:-1] + b',"aP_1":-Infinity}', None, "Infinity"),
        (packet()[:-1] + b',"aP_1":1,"aP_1":2}', "aP_1", "twice"),
        (packet()[:-1] + b',"aP_1" :1, "aP_1":2}', "aP_1", "twice"),
        (packet()[:-1] + b',"x":' + b"[" * 30_000 + b"}", None, "nested"),
        (b"[" * 60_000, None, "nested"),
        (b'{"a":' * 13_000, None, "nested"),
        (b" " * 70_000, None, "65536"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_field(body: bytes, field: str | None, words: str) -> None:
    """Wattics REST API 2019, Data Acknowledgement: 400, and which field it was."""
    found, text = refusal(body)
    assert found == field
    assert words in text


def test_a_comma_in_an_id_is_no_further_field() -> None:
    """An id has any printable characters but a few (store/meters.py)."""
    body = b'{"id":"a,b,c","tsISO8601":"2026-02-10T21:45:31Z","value":1}'
    assert parse(body).id == "a,b,c"
    assert refusal(body[:-1] + b',"value":2}')[0] == "value"


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_noise_is_a_misfit_and_nothing_else(noise: bytes) -> None:
    """Style, decoders: noise never raises anything but a refusal."""
    with contextlib.suppress(Misfit):
        parse(noise)


NUMBERS = st.floats(-(2.0**69), 2.0**69, width=32) | st.none()


@given(st.dictionaries(st.sampled_from([*wattics.FIELDS, "value"]), NUMBERS), st.booleans())
def test_both_ways_of_reading_agree(fields: dict[str, float | None], spaced: bool) -> None:
    """The quick way and the careful way are one surface."""
    body = packet(**fields)
    quick = parse(body)
    careful = wattics._carefully(body, utc=False)
    assert quick == careful
    assert quick.id == "m"


@given(
    st.dictionaries(
        st.sampled_from([f for f in wattics.FIELDS if f != "v_31"]), st.integers(-(10**9), 10**9)
    )
)
def test_what_is_written_is_read_again(fields: dict[str, int]) -> None:
    """A packet that is made of a reading says the same as the one that the reading came from."""
    said = parse(packet(**fields))
    written = wattics.document(said.id, said.at, said.values, said.value)
    assert written == {"id": "m", "tsISO8601": wattics.written(said.at), **fields}
    assert parse(msgspec.json.encode(written)).values == pytest.approx(said.values)
