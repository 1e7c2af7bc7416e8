"""The report, out and back.  Sources: REST/MQTT 2.0, 3.1; `interop` captures of real devices."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.surfaces import report
from ohmstead.surfaces.device import Device

ZURICH = ZoneInfo("Europe/Zurich")
AT = datetime(2025, 1, 22, 10, 54, 2, 345000, tzinfo=UTC)

REAL_REPORTS = (
    "whatwatt-docs-loxone-report.json",
    "whatwatt-docs-report-ensor-ers801-p1.json",
    "whatwatt-docs-report-lgz-mbus.json",
    "whatwatt-docs-scalers-e570-report-a.json",
    "whatwatt-docs-scalers-e570-report-b.json",
    "whatwatt-report-kamstrup-kmp-2026-10-02.json",
    "whatwatt-report-lgz-2025-04-14.json",
)

TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
NUMBERS = st.decimals(-(10**7), 10**7, places=4).map(float)
KEYS = st.sampled_from([q.obis for q in catalogue.ALL] + ["1.4.0", "81.7.4"])
TEXTS = st.none() | st.text(min_size=1, max_size=20)


def a_device(**also: Any) -> Device:
    given: dict[str, Any] = {
        "id": "A842E39F8124",
        "now": AT + timedelta(seconds=1),
        "started_at": AT - timedelta(seconds=1877),
        "boot_id": "B3E61904",
        "zone": ZURICH,
        "firmware": "1.2.6",
        "meter_status": "OK",
    }
    return Device(**(given | also))


def flat(tree: object, path: str = "") -> dict[str, object]:
    """Path -> value of every leaf."""
    if isinstance(tree, dict):
        return {k: v for name, sub in tree.items() for k, v in flat(sub, f"{path}.{name}").items()}
    return {path: tree}


def sent(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document)


def back(document: dict[str, Any]) -> Reading:
    return report.parse(sent(document), ZURICH)


def smallest(**report_also: Any) -> dict[str, Any]:
    return {"report": {"timestamp": 1737543242.345, **report_also}}


def test_3_1_a_reading_is_written_at_the_documented_places() -> None:
    """REST/MQTT 2.0, 3.1, example for a P1 meter: sections, numbers, times, device."""
    reading = Reading(
        meter="A842E39F8124",
        at=AT,
        values={"1.7.0": 0.037, "2.7.0": 0.0, "41.7.0": 0.0, "32.7.0": 234.34, "1.8.2": 23.834},
        identity=Identity(id="20", prefix="ESR", protocol="DSMR", interface="P1"),
        tariff=1,
        meter_at=AT.replace(microsecond=0),
        number=1810,
        interval_s=1.001,
    )
    found = report.document(reading, a_device())
    assert sent(found["report"]) == (
        b'{"id":1810,"interval":1.001,"tariff":1,"date_time":"2025-01-22T11:54:02Z",'
        b'"date_time_local":"2025-01-22T11:54:02+01:00","date_time_utc":"2025-01-22T10:54:02Z",'
        b'"instantaneous_power":{"active":{"positive":{"total":0.037,"l2":0},'
        b'"negative":{"total":0}}},"voltage":{"l1":234.34},'
        b'"energy":{"active":{"positive":{"t2":23.834}}},'
        b'"conv_factor":1,"timestamp":1737543242.345}'
    )
    assert found["meter"] == {
        "status": "OK",
        "interface": "P1",
        "protocol": "DSMR",
        "id": "20",
        "prefix": "ESR",
    }
    assert found["system"] == {
        "id": "A842E39F8124",
        "date_time": "2025-01-22T11:54:03Z",
        "date_time_local": "2025-01-22T11:54:03+01:00",
        "date_time_utc": "2025-01-22T10:54:03Z",
        "boot_id": "B3E61904",
        "time_since_boot": 1878,
    }


def test_3_1_before_the_first_reading_there_is_a_status_and_no_value() -> None:
    """REST/MQTT 2.0, 3.1: "Fields within the report object may vary"."""
    found = report.document(None, a_device(meter_status="NO DATA"))
    assert found["report"] == {}
    assert found["meter"] == {"status": "NO DATA"}


@pytest.mark.parametrize("name", REAL_REPORTS)
def test_a_report_of_a_real_device_is_written_again_as_it_came(corpus: Path, name: str) -> None:
    """Captures of real devices: every field they sent comes out again, at its place and equal."""
    original = json.loads((corpus / "interop" / "captures" / name).read_bytes())
    reading = back(original)
    device = a_device(meter_status=original["meter"]["status"])
    written = flat(json.loads(sent(report.document(reading, device))))
    original["report"].pop("volume", None)  # compared by the next test, it has no number here
    expected = {k: v for k, v in flat(original).items() if not k.startswith(".system")}
    assert {k: v for k, v in expected.items() if written.get(k) != v} == {}


def test_the_meter_behind_the_meter_is_listed(corpus: Path) -> None:
    """Capture of an eRS801: `report.volume` with a bus and an id, and no value yet."""
    path = corpus / "interop" / "captures" / "whatwatt-docs-report-ensor-ers801-p1.json"
    (channel,) = back(json.loads(path.read_bytes())).channels
    original = json.loads(path.read_bytes())["report"]["volume"][0]
    assert (channel.bus, channel.meter_id) == (original["bus"], original["meter_id"])
    assert channel.value is None


@given(
    at=TIMES,
    meter_at=st.none() | TIMES.map(lambda at: at.replace(microsecond=0)),
    values=st.dictionaries(KEYS, NUMBERS, max_size=30),
    identity=st.builds(Identity, *[TEXTS] * 8),
    tariff=st.none() | st.integers(1, 8),
    number=st.integers(0, 2**40),
    interval_s=st.none() | st.integers(0, 10**7).map(lambda ms: ms / 1000),
    channels=st.lists(
        st.builds(
            Channel,
            bus=st.integers(0, 9),
            kind=st.sampled_from(sorted(catalogue.BY_MEDIUM)),
            value=st.none() | NUMBERS,
            unit=st.none() | st.sampled_from(["m3", "GJ", "kWh"]),
            meter_id=TEXTS,
            at=st.none() | TIMES.map(lambda at: at.replace(microsecond=0)),
        ),
        max_size=4,
    ).map(tuple),
)
def test_nothing_is_lost_between_device_and_cloud(
    at: datetime, meter_at: datetime | None, values: dict[str, float], **more: Any
) -> None:
    """The uplink's promise: what `parse` reads is what `document` was given, sums included."""
    given = Reading(
        meter="A842E39F8124",
        at=at,
        values=with_derived(values),
        meter_at=meter_at or at.replace(microsecond=0),
        **more,
    )
    assert back(report.document(given, a_device())) == given


@pytest.mark.parametrize(
    "document, expected",
    [
        ({"report": {"timestamp": 1735542122.5, "date_time_utc": "2020-01-01T00:00:00Z"}}, 122.5),
        ({"report": {"date_time_utc": "2024-12-30T07:02:02Z", "date_time": "2020-01-01"}}, 122),
        ({"report": {"date_time_local": "2024-12-30T09:02:02+02:00"}}, 122),
        ({"report": {"date_time": "2024-12-30T08:02:02Z"}}, 122),
        ({"report": {"id": 1}, "system": {"date_time_utc": "2024-12-30T07:02:02Z"}}, 122),
        ({"report": {"id": 1}, "system": {"date_time": "2024-12-30T08:02:02Z"}}, 122),
    ],
    ids=["timestamp", "utc", "local", "false-z", "system-utc", "system-false-z"],
)  # fmt: skip
def test_the_moment_is_taken_from_the_surest_field(
    document: dict[str, Any], expected: float
) -> None:
    """REST/MQTT 2.0, 4.1.2: timestamp 1735542122 is 08:02:02 in Zurich; its `Z` is not true."""
    assert back(document).at.timestamp() == 1735542000 + expected


@pytest.mark.parametrize(
    "payload, names",
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_00, "JSON"),
        (b"[1]", "JSON"),
        (b"{}", "report"),
        (sent({"report": []}), "report"),
        (sent({"report": {"id": 1}}), "timestamp"),
        (sent({"report": {"date_time": "yesterday"}}), "report.date_time"),
        (sent({"report": {"timestamp": 1e300}}), "report.timestamp"),
        (sent({"report": {"timestamp": 5}}), "report.timestamp"),
        (sent({"report": {"date_time": "0001-01-01T00:00:00Z"}}), "report.date_time"),
        (sent(smallest(voltage={"l1": "230"})), "report.voltage.l1"),
        (sent(smallest(voltage={"l1": True})), "report.voltage.l1"),
        (sent(smallest(voltage={"l1": 1e30})), r"report.voltage.l1 is too large; at most 1e\+21"),
        (sent(smallest(voltage=[230])), "report.voltage"),
        (sent(smallest(voltage={"l1": 0})).replace(b":0}", b":1" + b"0" * 400 + b"}"), "voltage"),
        (sent(smallest(further={"x": 1})), "further"),
        (sent(smallest(further={f"1.{d}.{e}": 1 for d in range(9) for e in range(99)})), "further"),
        (sent(smallest(volume={"bus": 1})), "volume"),
        (sent(smallest(volume=[1])), "volume"),
        (sent(smallest(tariff="two")), "report.tariff"),
        (sent({**smallest(), "meter": {"id": "x" * 1000}}), "meter.id"),
        (sent({**smallest(), "system": {"id": 5}}), "system.id"),
        (b'{"report":{"timestamp":1737543242}}' + b" " * 70_000, "bytes"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_report_is_refused_by_name(payload: bytes, names: str) -> None:
    """Design: expected trouble names the field, and no payload raises anything else."""
    with pytest.raises(BadInput, match=names):
        report.parse(payload, ZURICH)


@given(st.binary(max_size=200))
def test_noise_is_refused_and_never_raises_anything_else(payload: bytes) -> None:
    """Style 14: noise never raises (anything unexpected)."""
    with pytest.raises(BadInput):
        report.parse(payload, ZURICH)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
TREES = st.recursive(LEAVES, lambda sub: st.lists(sub) | st.dictionaries(st.text(max_size=5), sub))
NAMES = ["date_time", "timestamp", "voltage", "volume", "further", "interval", "tariff", "id"]


@given(
    st.dictionaries(st.sampled_from(NAMES), TREES),
    st.dictionaries(st.sampled_from(["id", "model"]), TREES),
)
def test_any_json_is_read_or_refused(inside: dict[str, Any], meter: dict[str, Any]) -> None:
    """Style 7: whatever a device sends, the answer is a reading or BadInput."""
    with suppress(BadInput):
        assert back({"report": inside, "meter": meter}).at.tzinfo is UTC


def test_values_that_are_not_reported_may_be_null() -> None:
    """Cloud2Cloud 2.0: "Unreported values may be null"; null is absent, 0 is 0."""
    assert back(smallest(voltage={"l1": None, "l2": 0})).values == {"52.7.0": 0}
