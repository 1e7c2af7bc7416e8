"""A device's settings as a client.  Sources: REST/MQTT 2.0, 2.3, 4, 5.2, 6.1; interop 1.3, 1.5."""

from collections.abc import Iterator

import pytest
from tests.connect.pretended import MAC, Pretended

from ohmstead.connect.device import Device
from ohmstead.connect.whatwatt import WhatwattGo, differs, not_shown, writable
from ohmstead.errors import BadInput, NotFound, NotSignedIn, Unavailable


@pytest.fixture
def device() -> Iterator[Pretended]:
    with Pretended() as running:
        yield running


def go(device: Pretended, password: str = "") -> WhatwattGo:
    return WhatwattGo(Device(device.address, password))


def test_it_says_who_it_is(device: Pretended) -> None:
    """2.3: device.id, model, firmware; clouds.mqtc; meter.status."""
    found = go(device).system()
    assert (found.id, found.model, found.firmware) == (MAC, "WW_Go_1.1", "2.8.2")
    assert (found.meter_status, found.licence, found.mqtt_connected) == ("OK", "PLUS", False)


def test_settings_are_read_and_replaced(device: Pretended) -> None:
    """4 and 6.2: POST replaces all, PUT one field; the password comes back as its length."""
    client = go(device)
    assert client.report_interval_s() == 30
    client.write_report_interval(7)
    client.write_mqtt({"url": "mqtts://a:8883", "password": "12345", "publish": {"template": "x"}})
    assert client.report_interval_s() == 7
    assert client.mqtt() == {
        "url": "mqtts://a:8883", "password_len": 5, "publish": {"template": "x"}
    }  # fmt: skip


def test_the_password_is_needed_and_used_for_writing(device: Pretended) -> None:
    """Interop 1.3: Basic of older firmware, an empty user name."""
    device.password = "let me in"
    for wrong in ("", "guess"):
        with pytest.raises(NotSignedIn, match="password"):
            go(device, wrong).system()
    go(device, "let me in").write_report_interval(9)
    assert device.interval == 9


@pytest.mark.parametrize("path", ["/api/v1/system", "/api/v1/mqtt/settings"])
def test_what_is_not_there_is_named(device: Pretended, path: str) -> None:
    """6.1: 404, endpoint not found, disabled or unavailable."""
    device.missing.add(path)
    with pytest.raises(NotFound, match=path):
        (go(device).system if path.endswith("system") else go(device).mqtt)()


def test_a_refusal_is_told_in_the_devices_words(device: Pretended) -> None:
    """6.1: 400, invalid parameters; 503, service unavailable."""
    device.refuses = 400
    with pytest.raises(BadInput, match=r"publish.template"):
        go(device).write_mqtt({"url": ""})
    device.refuses = 503
    with pytest.raises(Unavailable):
        go(device).write_mqtt({"url": ""})
    with pytest.raises(BadInput, match="8192"):
        go(device).write_mqtt({"broker": {"certificate": "x" * 9000}})


@pytest.mark.parametrize(
    "firmware, old", [("1.2.6", True), ("1.7.5", True), ("1.7.6", False), ("2.8.2", False)]
)
def test_5_2_the_firmware_must_know_certificates(
    device: Pretended, firmware: str, old: bool
) -> None:
    """5.2, prerequisites: firmware 1.7.6 or newer."""
    device.firmware = firmware
    assert go(device).system().too_old is old


def test_lengths_of_secrets_are_not_written_back() -> None:
    """4 and interop quirk 28: `*_len` is shown, the secret never."""
    shown = {"url": "a", "password_len": 3, "client": {"key_len": 0, "certificate": "c"}}
    assert writable(shown) == {"url": "a", "client": {"certificate": "c"}}
    assert not_shown(shown) == ["password"]
    wanted = {"url": "a", "password": "abc", "broker": {"certificate": "x\r\ny\r\n"}}
    assert differs(wanted, {**shown, "broker": {"certificate": "x\ny"}}) == []
    assert differs(wanted, {**shown, "broker": {"certificate_len": 0}}) == ["broker.certificate"]
