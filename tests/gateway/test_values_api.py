"""What the pages ask besides the device's API.  Source: docs/gateway-pages.md."""

from pathlib import Path

from tests.gateway.serving import served
from tests.surfaces.test_report import AT, a_device

from ohmstead.gateway.board import Board
from ohmstead.gateway.modbus_api import ModbusApi
from ohmstead.gateway.values_api import ValuesApi
from ohmstead.reading.reading import Channel, Reading
from ohmstead.surfaces.register_maps import DEFAULT

VALUES, PREVIEW, REGISTERS = "/api/v1/values", "/api/v1/mqtt/preview", "/api/v1/modbus/values"
READING = Reading(
    "A842E39F8124",
    AT,
    {"1.7.0": 0.037, "1.8.0": 12345.678, "16.7.0": 0.037, "14.7.0": 50.01},
    number=1,
    interval_s=1.0,
    tariff=2,
    channels=(Channel(1, "gas", 12.5, "m3", "G1", AT),),
    derived=frozenset({"16.7.0"}),
)


def with_reading() -> Board:
    board = Board()
    board.post(READING)
    return board


async def test_values_have_names_units_and_age() -> None:
    """The names of the catalogue in both languages; what was worked out says so."""
    api = ValuesApi(with_reading(), a_device, refusal=lambda: "checksum", claim="WXYZ-1234")
    async with served(api.routes()) as at:
        said = (await at.client.get(VALUES)).json()
    by_obis = {one["obis"]: one for one in said["values"]}
    assert by_obis["1.7.0"]["labels"]["de"] == "Leistung bezogen"
    assert (by_obis["1.8.0"]["value"], by_obis["1.8.0"]["unit"]) == (12345.678, "kWh")
    assert "derived" not in by_obis["1.7.0"]
    assert by_obis["16.7.0"]["derived"] is True
    assert said["zone"] == "Europe/Zurich"
    assert (said["tariff"], said["interval_s"]) == (2, 1.0)
    assert said["age_s"] >= 0
    assert said["channels"][0]["meter_id"] == "G1"
    assert (said["refusal"], said["claim"]) == ("checksum", "WXYZ-1234")


async def test_before_the_first_reading_everything_is_absent() -> None:
    """Absent is null, never 0 (CONTRIBUTING.md)."""
    async with served(ValuesApi(Board(), a_device).routes()) as at:
        said = (await at.client.get(VALUES)).json()
    assert (said["at"], said["age_s"], said["values"], said["claim"]) == (None, None, [], None)


async def test_values_are_there_without_a_licence() -> None:
    """Interop 1.4: a FREE device has its live values and no report; so has its page."""
    async with served(ValuesApi(with_reading(), a_device).routes(), licensed=False) as at:
        assert (await at.client.get(VALUES)).status_code == 200
        answer = await at.client.post(PREVIEW, json={"template": "x"})
        assert (answer.status_code, answer.json()["message"]) == (404, "License required")


async def test_a_template_is_filled_with_the_values_of_this_moment() -> None:
    """REST/MQTT 2.0, 4.1.1: as it would be sent; whether it is JSON is told."""
    async with served(ValuesApi(with_reading(), a_device).routes()) as at:
        good = await at.client.post(PREVIEW, json={"template": '{"p": ${1_7_0}, "v": ${32_7_0}}'})
        assert good.json() == {"message": '{"p": 0.037, "v": null}', "json": True}
        plain = await at.client.post(PREVIEW, json={"template": "${nobody}"})
        assert plain.json() == {"message": "${nobody}", "json": False}
        wrong = await at.client.post(PREVIEW, json={"template": "x" * 1024})
        assert wrong.status_code == 400
        assert wrong.json()["message"].startswith("template: ")


async def test_registers_show_what_a_client_would_read() -> None:
    """The map of the device: W with three decimals of kW, absent is no number (interop 1.2)."""
    api = ValuesApi(with_reading(), a_device, blocks=lambda: DEFAULT)
    async with served(api.routes()) as at:
        words = (await at.client.get(REGISTERS)).json()
    found = {one["address"]: one["value"] for one in words}
    assert found[501] == 37.0
    assert found[1] is None
    assert found[549] == 12345680.0  # a float has seven digits
    assert found[211] == 2


async def test_registers_of_every_type_are_shown(tmp_path: Path) -> None:
    """Texts, moments and whole numbers of a map of one's own (the device's page on Modbus)."""
    modbus = ModbusApi(tmp_path)
    map_of_own = [
        {"start_address": 0, "registers": [
            {"id": "96.1.0"}, {"id": "sys.id"}, {"id": "report.date_time"},
            {"id": "1.8.0", "type": "double", "scaler": 3}, {"id": "96.14.0", "type": "short"},
            {"id": "1.8.0", "type": "long", "scaler": 3},
        ]},
    ]  # fmt: skip
    api = ValuesApi(with_reading(), a_device, blocks=lambda: modbus.blocks)
    async with served([*api.routes(), *modbus.routes()]) as at:
        assert (await at.client.post("/api/v1/modbus", json=map_of_own)).status_code == 200
        words = (await at.client.get(REGISTERS)).json()
    shown = [one["value"] for one in words]
    assert shown[1] == a_device().id
    assert str(shown[2]).startswith(f"{AT.year}-")
    assert shown[3:] == [12345678.0, 2, 12345678]
