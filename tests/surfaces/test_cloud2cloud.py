"""What an integration receives: the fields of Cloud2Cloud 2.0, and its default message."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ohmstead.reading.derived import with_derived
from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.surfaces.cloud2cloud import DEFAULT_TEXT, FIELDS, NAMED, Source
from ohmstead.surfaces.cloud2cloud_sample import made_up
from ohmstead.surfaces.cloud2cloud_template import Message, named

AT = datetime(2025, 2, 24, 14, 35, 30, 750_000, tzinfo=UTC)
ZURICH = ZoneInfo("Europe/Zurich")
LISTED = re.findall(
    r"\S+",
    "1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2 1.6.0 1.6.1 1.6.2 1.7.0 21.7.0 41.7.0 61.7.0 2.7.0 22.7.0 "
    "42.7.0 62.7.0 3.7.0 4.7.0 3.8.0 4.8.0 32.7.0 52.7.0 72.7.0 31.7.0 51.7.0 71.7.0 13.7.0 16.7.0",
)
"""The codes of 2.0, section 6; besides them the signed currents, MAC and the two times."""


def source(values: dict[str, float], *, zero: bool = False, **more: Any) -> Source:
    return Source("A842E39F8124", Reading("m", AT, values, **more), ZURICH, zero)


def filled(template: Any, values: dict[str, float], **more: Any) -> Any:
    return json.loads(Message(template).payload(source(values, **more)))


def test_every_field_of_the_list_may_be_named() -> None:
    """Cloud2Cloud 2.0, section 6: the fields that custom templates may have."""
    signed = [f"{code} (signed)" for code in ("31.7.0", "51.7.0", "71.7.0")]
    names = [*LISTED, *signed, "MAC", "timestamp", "timestamp (string)"]
    found = [named(name) for name in names]
    assert None not in found
    assert {field.name for field in found if field} == {f.name for f in FIELDS if f.listed}


def test_the_default_message_is_the_documents_byte_for_byte(corpus: Path) -> None:
    """Cloud2Cloud 2.0, section 6: the struct that the default template produces."""
    document = (corpus / "seeds" / "000_748d3857bb03eba5.txt").read_text()
    printed = document.partition("```\n")[2].partition("```")[0].rstrip("\n")
    said = json.loads(printed)
    values: dict[str, float] = {}
    for field in FIELDS:
        if field.default and field.name != "timestamp":
            value: Any = said
            for name in field.default.split("."):
                value = value[name]
            values[field.name.replace("_", ".")] = float(value)
    reading = Reading("m", datetime.fromtimestamp(said["Timestamp"], UTC), values)
    payload = Message(None).payload(Source("A842E39F8124", reading, ZURICH))
    assert payload == printed.encode()


def test_what_the_meter_does_not_say_is_null_or_zero() -> None:
    """2.0, section 6: unreported values may be null or reported as 0; the integration chooses."""
    default = filled(None, {"1.7.0": 0.5})
    assert default["InstantaneousPower"]["Active"] == {"Positive": 0.5, "Negative": None}
    assert default["Voltage"] == {"L1": None, "L2": None, "L3": None}
    assert default["Timestamp"] == int(AT.timestamp())
    zero = filled(None, {"1.7.0": 0.5}, zero=True)
    assert zero["InstantaneousPower"]["Active"] == {"Positive": 0.5, "Negative": 0}


def test_net_power_is_import_minus_export() -> None:
    """2.0, "Other": 16.7.0 is A+ - A-, computed by the cloud; decimally, not 0.2379999."""
    template = {"net": "${16.7.0}"}
    assert filled(template, with_derived({"1.7.0": 0.338, "2.7.0": 0.1})) == {"net": 0.238}
    assert filled(template, with_derived({"1.7.0": 0, "2.7.0": 1.5})) == {"net": -1.5}
    assert filled(template, {"1.7.0": 0.5}) == {"net": None}
    assert filled(template, {"1.7.0": 0.5}, zero=True) == {"net": 0.5}


def test_a_signed_current_tells_the_direction() -> None:
    """2.0, "Current": the sign indicates the direction; the unsigned one stays beside it."""
    values = with_derived({"31.7.0": 4.2, "21.7.0": 0, "22.7.0": 0.9})
    assert filled(["${31.7.0}", "${31.7.0 (signed)}", "${s31_7.0}"], values) == [4.2, -4.2, -4.2]


def test_device_and_times() -> None:
    """2.0, "Device & timestamp"; 1.0, notes: the MAC is the variable sys.id."""
    template = ["${MAC}", "${sys.id}", "${timestamp}", "${timestamp (string)}", "${timestamp_iso}"]
    iso = "2025-02-24T14:35:30Z"
    assert filled(template, {}) == ["A842E39F8124", "A842E39F8124", 1740407730, iso, iso]


def test_the_variables_of_the_gateway_are_known() -> None:
    """REST/MQTT 2.0, 4.1.1: what the report carries is filled in; what it does not, is absent."""
    channel = Channel(1, "gas", 12.5, "m3", "G1", AT)
    more = {
        "identity": Identity(id='4"7', logical_name="LGZ", vendor="L+G"),
        "channels": (channel,),
        "tariff": 2,
        "meter_at": AT,
    }
    template = {
        "${meter.id}": "${meter.vendor} ${power.in}",
        "times": ["${meter.date_time}", "${meter.date_time_local}", "${meter.date_time_utc}"],
        "tariff": "${tariff}",
        "gas": ["${vol[0].cumulative}", "${vol[0].meter_id}", "${vol[1].cumulative}"],
        "wifi": ["${wifi.sta.rssi}", "${wifi.sta.ssid}"],
    }
    assert filled(template, {"1.7.0": 0.25}, **more) == {
        '4"7': "L+G 0.25",
        "times": ["2025-02-24T15:35:30Z", "2025-02-24T15:35:30+01:00", "2025-02-24T14:35:30Z"],
        "tariff": 2,
        "gas": [12.5, "G1", None],
        "wifi": [None, None],
    }


def test_each_field_has_a_value_of_its_kind() -> None:
    """A number stands in JSON without quotation marks, a text within them."""
    given = Source("A842E39F8124", made_up(AT), ZURICH, zero=True)
    for field in NAMED.values():
        expected = (int, float) if field.is_number else (str, type(None))
        assert isinstance(field.value(given), expected), field.name


def test_the_default_template_is_shown_as_a_structure() -> None:
    """What a page offers to edit is what makes the default message."""
    given = made_up(AT)
    structure = json.loads(DEFAULT_TEXT)
    assert filled(structure, dict(given.values)) == filled(None, dict(given.values))
    assert re.findall(r'"(\w+)": {', DEFAULT_TEXT) == [
        "InstantaneousPower", "Active", "Voltage", "Current", "Energy", "Active",
    ]  # fmt: skip
