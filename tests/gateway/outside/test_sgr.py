"""The client `sgr-commhandler` with the device's own descriptions.  Source: interop, `eid/`."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.broker import free_port
from tests.gateway.mosquitto import mosquitto
from tests.gateway.outside.gateway import SAYS, Gateway, gateway, saw
from tests.house.program import WAIT_S

TOPIC = "whatwatt/whatwattgo"
ID = "OHM00000012345"
LOCAL = "2025-07-03T14:15:00"
STAMP = 1751544900
"""The meter's time, 14:15 in Zurich, as the three interfaces have it."""

POINTS: dict[tuple[str, str], str] = {
    **{
        (f"{kind}PowerAC_{way}", f"{kind}PowerAC{place}"): f"{20 * phase + code}.7.0"
        for kind, way, code in (
            ("Active", "Import", 1),
            ("Active", "Export", 2),
            ("Reactive", "Import", 3),
            ("Reactive", "Export", 4),
        )
        for phase, place in enumerate(("tot", "L1", "L2", "L3"))
    },
    ("ActiveEnergyAC_Import", "ActiveEnergyACtot"): "1.8.0",
    ("ActiveEnergyAC_Export", "ActiveEnergyACtot"): "2.8.0",
    ("ReactiveEnergyAC_Import", "ReactiveEnergyACtot"): "3.8.0",
    ("ReactiveEnergyAC_Export", "ReactiveEnergyACtot"): "4.8.0",
    **{("VoltageAC", f"VoltageACL{n}_N"): f"{12 + 20 * n}.7.0" for n in (1, 2, 3)},
    **{("CurrentAC", f"CurrentACL{n}"): f"{11 + 20 * n}.7.0" for n in (1, 2, 3)},
}
"""Profile and data point of a description, and what the meter says there."""
SIZES = {"Full": len(POINTS) + 2, "Min": 12}
"""How many data points each has, id and time of the meter among them."""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with gateway(tmp_path_factory.mktemp("sgr")) as found:
        yield found


def listening(port: int) -> None:
    """Waits until somebody listens."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline
        else:
            return


def described(corpus: Path, interface: str, **how: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """What the client saw with the full and the minimal description of an interface."""
    eid = corpus / "interop" / "eid"
    full, minimal = saw(
        *(
            {"client": "sgr", "eid": str(eid / f"SGr_00_mmmm_dddd_WhatWatt_Go_{interface}_{size}")}
            | how
            for size in ("VSEFull_V0.1.xml", "VSEMin_V0.1.xml")
        )
    )
    return {"Full": full, "Min": minimal}


def check(found: dict[str, dict[str, dict[str, Any]]], at: Any, **other: float) -> None:
    """Every data point is what the meter says; `other` are those a description asks wrongly for."""
    for size, profiles in found.items():
        assert profiles.pop("DeviceInformation") == {"SmartMeterId": ID, "SmartMeterTimestamp": at}
        points = {
            (profile, point): value
            for profile, values in profiles.items()
            for point, value in values.items()
        }
        assert len(points) + 2 == SIZES[size]
        expected = {point: SAYS[POINTS[point]] for point in points}
        expected |= {("ActivePowerAC_Export", name): value for name, value in other.items()
                     if ("ActivePowerAC_Export", name) in points}  # fmt: skip
        assert points == pytest.approx(expected, rel=1e-6)


def test_interop_eid_rest(device: Gateway, corpus: Path) -> None:
    """`RestAPILocal`: all 29 data points, through /api/v1/system and /api/v1/report."""
    check(described(corpus, "RestAPILocal", properties={"base_uri": device.url}), LOCAL)


def test_interop_eid_modbus(device: Gateway, corpus: Path) -> None:
    """`ModbusTCP`: all 29, from the default registers and those the description adds."""
    port = free_port()
    device.put("settings", {"services": {"modbus": {"enable": True, "port": port}}})
    listening(port)
    where = {"tcp_address": "127.0.0.1", "tcp_port": str(port), "slave_id": "7"}
    found = described(corpus, "ModbusTCP", properties=where)
    wrong = {f"ActivePowerACL{n}": SAYS[f"{20 * n + 1}.7.0"] for n in (1, 2, 3)}
    check(found, STAMP, **wrong)  # the description reads the import by phase as export, too


def test_interop_eid_mqtt(device: Gateway, corpus: Path, tmp_path: Path) -> None:
    """`MQTT`: all 29, with the template of the description, through a real broker."""
    file = corpus / "interop" / "eid" / "SGr_00_mmmm_dddd_WhatWatt_Go_MQTT_VSEFull_V0.1.xml"
    written = re.search(r"<code>\n(.*?)</code>", file.read_text(), re.DOTALL)
    assert written
    template = re.sub(r"^ {10}", "", written[1], flags=re.MULTILINE)
    with mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}"
        publish = {"topic": TOPIC, "template": template}
        device.put("settings", {"services": {"report_interval": 1}})
        device.put("mqtt/settings", {"enable": True, "url": url, "publish": publish})
        where = {"broker_host": "127.0.0.1", "broker_port": str(broker.port)}
        found = described(corpus, "MQTT", properties=where, messages=True)
        device.put("mqtt/settings", {"enable": False})
    check(found, f"{LOCAL}Z")
