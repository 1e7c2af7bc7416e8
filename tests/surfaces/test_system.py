"""What the device says about itself.  Source: REST/MQTT 2.0, 2.3."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.surfaces.test_report import AT, a_device, flat

from ohmstead.reading.reading import Identity, Reading
from ohmstead.surfaces import system
from ohmstead.surfaces.device import Ethernet, ModbusState, OwnBroker, Uplink, Wifi

NOT_OURS = {
    ".device.license.type",
    ".device.license.activation_date",
    ".services.berry.execution_status.state",
    ".meter.enc_en",
    ".meter.auth_en",
}
"""Licences, scripts and meter keys: nothing here has them (yet)."""


def test_2_3_the_documented_fields_are_there_with_their_types(corpus: Path) -> None:
    """2.3 and a capture of firmware 1.10: each field, with the type it has there."""
    path = corpus / "interop" / "captures" / "whatwatt-docs-system.json"
    expected = flat(json.loads(path.read_bytes()))
    document = system.document(None, a_device(ethernet=Ethernet()))
    found = flat(json.loads(json.dumps(document)))
    for field, sample in expected.items():
        if field in NOT_OURS:
            continue
        kinds = (int, float) if type(sample) in (int, float) else (type(sample),)
        assert type(found[field]) in kinds, field


def test_2_3_the_meter_is_described() -> None:
    """2.3, example: interface, type, tariff, report interval, the meter's own date and time."""
    reading = Reading(
        meter="m",
        at=AT,
        values={},
        identity=Identity(id="20", logical_name="ESR5", vendor="Ensor", interface="P1"),
        tariff=1,
        meter_at=datetime(2025, 1, 22, 10, 25, 31, tzinfo=UTC),
        interval_s=0.998,
    )
    found = system.document(reading, a_device(refused=3, encryption=True))["meter"]
    assert found == {
        "status": "OK",
        "interface": "P1",
        "id": "20",
        "manufacturer": "Ensor",
        "type": "ESR5",
        "model": "",
        "protocol": "",
        "protocol_version": "",
        "enc_en": True,
        "auth_en": False,
        "report_interval": 0.998,
        "tariff": 1,
        "date": "2025-01-22",
        "time": "11:25:31",
        "refused": 3,
        "derived": [],
        "implausible": [],
    }


def test_the_uplink_shows_its_state_and_what_it_lost() -> None:
    """Walking skeleton: the counts of the queue are visible in `/api/v1/system`."""
    up = Uplink("DISCONNECTED", waiting=7, sent=5, dropped=2, trouble="no route")
    found = system.document(None, a_device(uplink=up))
    assert found["uplink"] == {
        "state": "DISCONNECTED",
        "waiting": 7,
        "waiting_bytes": 0,
        "sent": 5,
        "dropped": 2,
        "damaged": 0,
        "unwritten": 0,
        "trouble": "no route",
    }
    assert flat(found)[".clouds.whatwatt.enabled"] is True
    assert flat(found)[".clouds.whatwatt.connected"] is False
    assert "uplink" not in system.document(None, a_device())


def test_the_own_broker_is_shown_with_its_trouble() -> None:
    """2.3, `.clouds.mqtc`: enabled, connected; why not, only while there is a reason."""
    on = OwnBroker(enabled=True, connected=True)
    found: Any = system.document(None, a_device(own_broker=on))
    assert found["clouds"]["mqtc"] == {"enabled": True, "connected": True}
    off: Any = system.document(None, a_device(own_broker=OwnBroker(True, False, "refused")))
    assert off["clouds"]["mqtc"] == {"enabled": True, "connected": False, "trouble": "refused"}


def test_modbus_is_shown_with_its_trouble() -> None:
    """Ours: a port that another program has must be seen without reading the log."""
    found: Any = system.document(None, a_device(modbus=ModbusState(True, True)))
    assert found["services"]["modbus"] == {"enabled": True, "listening": True}
    found = system.document(None, a_device(modbus=ModbusState(True, False, "port taken")))
    assert found["services"]["modbus"]["trouble"] == "port taken"


def test_the_cloud_is_registered_where_one_is_set_up() -> None:
    """Newer firmware, `.clouds.whatwatt.registered`; ours: a cloud has given it an account."""
    found: Any = system.document(None, a_device(uplink=Uplink("DISCONNECTED")))
    expected = {"enabled": True, "connected": False, "registered": True}
    assert found["clouds"]["whatwatt"] == expected
    alone: Any = system.document(None, a_device())
    assert not alone["clouds"]["whatwatt"]["registered"]


def test_the_network_stands_where_the_capture_has_it(corpus: Path) -> None:
    """2.3, `.wifi` and `.ethernet`, and the capture: the fields in their order, trouble if any."""
    path = corpus / "interop" / "captures" / "whatwatt-docs-system.json"
    sample = json.loads(path.read_bytes())
    both: Any = {"wifi": Wifi(), "ethernet": Ethernet(up=True)}
    found: Any = system.document(None, a_device(**both))
    assert [name for name in found if name in sample] == list(sample)
    for name in ("wifi", "ethernet"):
        assert list(found[name]) == list(sample[name])
    assert found["ethernet"]["status"] == "Up"
    assert "ethernet" not in system.document(None, a_device())
    bad: Any = {"wifi": Wifi(trouble="w"), "ethernet": Ethernet(trouble="e")}
    troubled: Any = system.document(None, a_device(**bad))
    assert [troubled[name]["trouble"] for name in ("wifi", "ethernet")] == ["w", "e"]
