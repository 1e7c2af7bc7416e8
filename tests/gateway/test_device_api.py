"""Berry, restart, reset, Wi-Fi, the meter's own objects, and the description of it all.

Source: REST/MQTT 2.0, 6.4, 6.8, 6.9, 6.11, 6.12; newer firmware, Berry and report objects.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.gateway.serving import served
from tests.gateway.vendor import captured, examples
from tests.surfaces.test_report import a_device
from tests.wire.test_objects import PUSHED, read

from ohmstead.clock import SetClock
from ohmstead.gateway import maintenance_api
from ohmstead.gateway.berry_api import LONGEST_SCRIPT, PATH, Berry
from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.http import Feature
from ohmstead.gateway.maintenance_api import Maintenance
from ohmstead.gateway.meter import Meter
from ohmstead.gateway.meter_api import MeterApi
from ohmstead.gateway.network_api import NetworkApi, NoNetwork, Station
from ohmstead.gateway.openapi import OpenApi
from ohmstead.gateway.readings_api import Readings
from ohmstead.gateway.scaling import Scaling
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.settings.gateway import MeterSettings
from ohmstead.settings.network import Ethernet, WifiSta

ID = "A842E39F8124"
WAIT_S = 10


async def test_berry_keeps_a_script_and_gives_it_back(tmp_path: Path) -> None:
    """Newer firmware, Berry: 404 when empty, POST answers the script, DELETE 204; as text."""
    script = "import ww\nprint('ä')\n"
    async with served(Berry(tmp_path).routes()) as api:
        assert (await api.client.get(PATH)).status_code == 404
        for answer in (await api.client.post(PATH, content=script), await api.client.get(PATH)):
            assert (answer.status_code, answer.text) == (200, script)
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert (await api.client.delete(PATH)).status_code == 204
        assert (await api.client.get(PATH)).status_code == 404
        assert (await api.client.delete(PATH)).status_code == 204


async def test_berry_has_bounds(tmp_path: Path) -> None:
    """Newer firmware, Berry: 8191 bytes of text."""
    async with served(Berry(tmp_path).routes()) as api:
        for body, status in (
            (b"x" * LONGEST_SCRIPT, 200),
            (b"x" * (LONGEST_SCRIPT + 1), 400),
            (b"", 400),
            (b"\xff", 400),
        ):
            assert (await api.client.post(PATH, content=body)).status_code == status


async def test_berry_says_that_it_runs_nothing(tmp_path: Path) -> None:
    """Newer firmware, Berry: PUT tells whether a script runs; ours never does, and says so."""
    async with served(Berry(tmp_path).routes()) as api:
        for query in ("", "?run=false"):
            answer = await api.client.put(PATH + query)
            assert (answer.status_code, answer.json()) == (200, {"run": False})
        for method, query, status in (
            ("PUT", "?run=true", 503),
            ("PUT", "?run=1", 400),
            ("GET", "/console", 503),
        ):
            assert (await api.client.request(method, PATH + query)).status_code == status


async def test_6_11_and_6_12_answer_before_they_act(monkeypatch: pytest.MonkeyPatch) -> None:
    """6.11 and 6.12: 204 with no message; the answer has left when the restart begins."""
    monkeypatch.setattr(maintenance_api, "ANSWER_S", 0.01)
    done: list[str] = []
    restarted = asyncio.Event()

    async def forget() -> None:
        done.append("forgotten")

    def restart() -> None:
        done.append("restarted")
        restarted.set()

    maintenance = Maintenance(restart, forget)
    running = asyncio.create_task(maintenance.run())
    async with served(maintenance.routes()) as api:
        for path, expected in (("reboot", ["restarted"]), ("restore", ["forgotten", "restarted"])):
            answer = await api.client.post(f"/api/v1/{path}")
            assert (answer.status_code, answer.content) == (204, b"")
            async with asyncio.timeout(WAIT_S):
                await restarted.wait()
            restarted.clear()
            assert done == expected
            done.clear()
            assert (await api.client.get(f"/api/v1/{path}")).status_code == 405
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


class Radio:
    """A network with what the example shows."""

    def __init__(self, stations: list[Station]) -> None:
        self._stations = stations
        self.paired = False

    async def use_wifi(self, settings: WifiSta, asked_by: str) -> None:
        return

    async def use_ethernet(self, settings: Ethernet, asked_by: str) -> None:
        return

    async def stations(self) -> list[Station]:
        return self._stations

    async def pair(self) -> None:
        self.paired = True


async def test_6_8_networks_nearby_are_listed_as_published(corpus: Path) -> None:
    """6.8 and the newer firmware's example: twelve fields, `wps` as text."""
    (published,) = captured(corpus, "whatwatt-docs-wifi-scan.json").values()
    radio = Radio([Station(**each) for each in published])
    async with served(NetworkApi(radio).routes()) as api:
        answer = await api.client.get("/api/v1/wifi/scan")
        assert (answer.status_code, answer.json()) == (200, published)
        assert (await api.client.post("/api/v1/wifi/wps")).status_code == 204
    assert radio.paired


async def test_6_8_and_6_9_a_machine_without_wifi_says_so() -> None:
    """6.1: 503 service unavailable, with a text that says what is missing."""
    async with served(NetworkApi(NoNetwork()).routes()) as api:
        for method, path in (("GET", "scan"), ("POST", "wps")):
            answer = await api.client.request(method, f"/api/v1/wifi/{path}")
            assert (answer.status_code, "NetworkManager" in answer.text) == (503, True)


class Said:
    """A decoder that has one telegram to give."""

    status = "OK"

    def feed(self, data: bytes) -> list[object]:
        return [read(PUSHED)]


@pytest.fixture
def meter() -> Meter:
    clock = SetClock(datetime(2026, 5, 1, 10, tzinfo=UTC))
    return Meter(ID, ZoneInfo("Europe/Zurich"), clock, Said())  # type: ignore[arg-type]


async def test_6_4_current_scalers_are_those_that_count(meter: Meter) -> None:
    """6.4: of class 3 objects; what is set counts before what was found out."""
    async with served(MeterApi(meter).routes()) as api:
        path = "/api/v1/meter/scalers/current"
        assert (await api.client.get(path)).json() == []
        list(meter.feed(b"x"))
        found = {"1.8.0": 0, "31.7.0": -2, "1.7.0": 0}
        for settings in (MeterSettings(), MeterSettings("lge570")):
            meter.use(None, Scaling(settings))
            said = (await api.client.get(path)).json()
            assert said == [{"obis": obis, "scaler": power} for obis, power in found.items()]
            found["31.7.0"] = 0


async def test_6_4_the_example_has_our_form(corpus: Path) -> None:
    """6.4, example: a list of `obis` and `scaler`."""
    for each in examples(corpus, "6.4."):
        assert all(entry.keys() == {"obis", "scaler"} for entry in each)
    (published,) = captured(corpus, "whatwatt-docs-scalers-current.json").values()
    assert all(entry.keys() == {"obis", "scaler"} for entry in published)


async def test_report_objects_are_in_the_published_form(meter: Meter, corpus: Path) -> None:
    """Newer firmware, report objects: the fields of each class, in their order."""
    (published,) = captured(corpus, "whatwatt-docs-report-objects-lgz-dlms.json").values()
    forms = {each["class"]: list(each) for each in published["objects"]}
    async with served(MeterApi(meter).routes()) as api:
        assert (await api.client.get("/api/v1/report/objects")).json() == {"objects": []}
        list(meter.feed(b"x"))
        ours = (await api.client.get("/api/v1/report/objects")).json()["objects"]
    assert len(ours) == 5
    for each in ours:
        assert list(each) == forms[each["class"]]


async def test_every_route_is_described(tmp_path: Path, meter: Meter) -> None:
    """OpenAPI 3.1: each path and method with its statuses; ranges and secrets from the settings."""
    features: list[Feature] = [
        Readings(Board(), a_device),
        MeterApi(meter),
        SettingsApi(Configuration(tmp_path, ID), NoNetwork()),
        NetworkApi(NoNetwork()),
        Berry(tmp_path),
        Maintenance(lambda: None, asyncio.Event().wait),  # type: ignore[arg-type]
    ]
    routes = [route for feature in features for route in feature.routes()]
    description = OpenApi(routes, "1.2.3")
    async with served([*routes, *description.routes()]) as api:
        said = (await api.client.get("/api/v1/openapi.json")).json()
        assert said["openapi"] == "3.1.0"
        for path, methods in said["paths"].items():
            for method in methods:
                if method == "get" and path != "/api/v1/live":
                    answer = await api.client.get(path)
                    assert str(answer.status_code) in methods[method]["responses"], path
    assert {(route.method.lower(), route.path) for route in routes} < {
        (method, path) for path, methods in said["paths"].items() for method in methods
    }
    system = said["components"]["schemas"]["Settings"]["properties"]["system"]["properties"]
    assert system["password"]["writeOnly"]
    assert system["password_len"]["readOnly"]
    assert system["name"]["maxLength"] == 31
    names = [each["operationId"] for methods in said["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))
