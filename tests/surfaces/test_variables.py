"""The list of variables.  Source: REST/MQTT 2.0, 4.1.1 and 4.1.2."""

import json
import re
from pathlib import Path

from tests.surfaces.test_report import AT, a_device

from ohmstead.reading.reading import Channel, Identity, Reading
from ohmstead.surfaces import variables
from ohmstead.surfaces.device import Ethernet, Wifi

READING = Reading(
    meter="m",
    at=AT,
    values={"1.8.0": 24.087, "1.7.0": 0.006, "2.7.0": 0.0, "s31.7.0": -0.06, "32.7.0": 233.0},
    identity=Identity(logical_name="LGZ1", vendor="Landis+Gyr", interface="MBUS", protocol="DLMS"),
    tariff=2,
    channels=(Channel(1, "gas", 5.5, "m3"),),
)


def listed(reading: Reading | None = READING) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in variables.document(reading, a_device()):
        ((name, value),) = entry.items()
        assert name not in found
        found[name] = value
    return found


def test_4_1_2_names_come_in_the_order_of_the_sample(corpus: Path) -> None:
    """4.1.2, example result: every name in it is listed, in its order (`pl` means p1)."""
    (seed,) = (corpus / "seeds").glob("002_*.txt")
    text = seed.read_text()
    sample = text[text.index("4.1.2. Reading variables locally\n\nEndpoint") :]
    sample = sample[: sample.index("5. Secure MQTT")]
    names = re.findall(r'^\s*"([a-z0-9_.]+)":', sample, re.MULTILINE)
    assert len(names) == 89
    expected = [name.replace("voltage.pl", "voltage.p1") for name in names]
    found = listed()
    assert [name for name in found if name in expected] == expected


def test_4_1_2_a_published_answer_has_no_name_that_ours_has_not(corpus: Path) -> None:
    """Capture of the newer documents' example: its names, in its order, all values text."""
    path = corpus / "interop" / "captures" / "whatwatt-docs-mqtt-local-reading.json"
    published = [name.replace(".pl", ".p1") for one in json.loads(path.read_text()) for name in one]
    assert [name for name in listed() if name in published] == published


def test_4_1_2_every_value_is_text() -> None:
    """4.1.2: `"1_8_0": "24.087"`, an integral value without a fraction, both names of one value."""
    found = listed()
    assert (found["1_8_0"], found["energy.in"], found["32_7_0"]) == ("24.087", "24.087", "233")
    assert (found["2_7_0"], found["s31_7_0"], found["tariff"]) == ("0", "-0.06", "2")
    assert found["timestamp"] == "1737543242"
    assert found["meter.date_time"] == "2025-01-22T11:54:02Z"
    assert found["vol[0].cumulative"] == "5.5"


def test_4_1_2_what_is_not_known_is_null_or_empty() -> None:
    """4.1.1, note: "null in case of a numeric variable or an empty string"."""
    for found in (listed(), listed(None)):
        assert found["1_8_1"] == "null"
        assert found["meter.id"] == ""
        assert found["wifi.sta.rssi"] == "null"
        assert found["plug.voltage.usb"] == "null"
    assert (found["timestamp"], found["meter.date_time"], found["tariff"]) == ("null", "", "null")


def test_the_network_is_listed_with_its_states() -> None:
    """4.1.1, table: modes, states and addresses, in lower case; Ethernet where there is one."""
    wifi = Wifi(ssid="sjj", bssid="DC15C84FBAB6", rssi=-30, channel=13, status="OK", ip="10.0.0.2")
    device = a_device(wifi=wifi, ethernet=Ethernet(mac="A842E39F8127", up=True, gateway="10.0.0.1"))
    found = {k: v for one in variables.document(None, device) for k, v in one.items()}
    assert (found["wifi.mode"], found["wifi.sta.status"]) == ("sta", "ok")
    assert (found["wifi.sta.rssi"], found["wifi.sta.channel"]) == ("-30", "13")
    assert (found["wifi.sta.ip"], found["wifi.sta.gw"]) == ("10.0.0.2", "")
    assert (found["eth.state"], found["eth.mac"]) == ("up", "A842E39F8127")
    assert (found["eth.gw"], found["eth.dns"]) == ("10.0.0.1", "")
    names = list(found)
    assert names.index("wifi.sta.dns") < names.index("eth.state") < names.index("eth.dns")
    assert not any(name.startswith("eth.") for name in listed())


def test_a_wifi_that_is_not_connected_has_no_numbers() -> None:
    """4.1.1, note: null for a number nobody knows; `wifi.mode` is off while it is disabled."""
    for status, mode in (("Disabled", "off"), ("Error", "sta"), ("Disconnected", "sta")):
        device = a_device(wifi=Wifi(status=status, ip="0.0.0.0"))
        found = {k: v for one in variables.document(None, device) for k, v in one.items()}
        assert (found["wifi.mode"], found["wifi.sta.status"]) == (mode, status.lower())
        assert (found["wifi.sta.rssi"], found["wifi.sta.ip"]) == ("null", "0.0.0.0")
