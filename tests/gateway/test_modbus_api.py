"""`/api/v1/modbus`.  Source: the device's documentation, "Modbus"."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.surfaces.test_registers import READING, modbus_capture
from tests.surfaces.test_report import a_device

from ohmstead.gateway.api import Api
from ohmstead.gateway.modbus_api import PATH, ModbusApi
from ohmstead.house.http import HttpServer, listen
from ohmstead.surfaces import registers
from ohmstead.surfaces.register_maps import DEFAULT

WAIT_S = 10
SMALL = [{"start_address": 7, "registers": [{"id": "1.7.0", "type": "float", "scaler": 3}]}]


@pytest.fixture
def modbus(tmp_path: Path) -> ModbusApi:
    return ModbusApi(tmp_path)


@pytest.fixture
async def client(modbus: ModbusApi) -> AsyncIterator[httpx.AsyncClient]:
    sock = listen("127.0.0.1", 0, "the test")
    async with HttpServer(Api(modbus.routes()), sock) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base, timeout=WAIT_S) as client:
            yield client
    sock.close()


async def test_modbus_get_of_no_configuration(client: httpx.AsyncClient) -> None:
    """Modbus, GET: "404 if no configuration is set or it has been deleted"."""
    assert (await client.get(PATH)).status_code == 404


async def test_modbus_get_detailed(client: httpx.AsyncClient, corpus: Path) -> None:
    """Modbus, "Detailed reading returns": the default map, as published."""
    answer = await client.get(PATH, params={"address_format": "dec"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert json.dumps(answer.json()) == json.dumps(
        json.loads(modbus_capture(corpus, "4-default-map"))
    )


async def test_modbus_get_hexadecimal(client: httpx.AsyncClient) -> None:
    """Modbus, `?address_format=hex`; anything else is a 400 that names the parameter."""
    answer = await client.get(PATH, params={"address_format": "hex"})
    assert answer.json()[5]["registers"][0]["address"] == "0x0321"
    refused = await client.get(PATH, params={"address_format": "oct"})
    assert refused.status_code == 400
    assert "address_format" in refused.json()["message"]


async def test_modbus_post(
    client: httpx.AsyncClient, modbus: ModbusApi, tmp_path: Path, corpus: Path
) -> None:
    """Modbus, "An example of using the curl command to set the configuration": what is answered,
    what GET tells then, what the server serves, and that it survives a restart."""
    answer = await client.post(
        PATH,
        content=modbus_capture(corpus, "1"),
        headers={"content-type": "application/x-www-form-urlencoded"},  # as `curl -d` sends it
    )
    effective = json.loads(modbus_capture(corpus, "2"))
    assert (answer.status_code, answer.json()) == (200, effective)
    assert (await client.get(PATH)).json() == effective
    detailed = (await client.get(PATH, params={"address_format": "dec"})).json()
    assert [block["end_address"] for block in detailed] == [22, 1006, 2010]
    assert [block["word_order"] for block in detailed] == ["lsw", "msw", "msw"]
    assert modbus.image.read(1000, 6, READING, a_device())
    assert modbus.image.read(1, 2, READING, a_device()) is not None
    assert modbus.image.read(501, 2, READING, a_device()) is None
    assert ModbusApi(tmp_path).blocks == modbus.blocks


async def test_modbus_post_again_what_get_told(client: httpx.AsyncClient) -> None:
    """Modbus: the compact form is "directly reusable in POST requests"; the detailed one, which
    older firmware told, is taken too."""
    posted = (await client.post(PATH, json=SMALL)).json()
    assert posted == SMALL
    detailed = (await client.get(PATH, params={"address_format": "dec"})).json()
    assert (await client.post(PATH, json=detailed)).json() == [
        {**SMALL[0], "word_order": "msw", "registers": posted[0]["registers"]}
    ]


async def test_modbus_delete(client: httpx.AsyncClient, modbus: ModbusApi, tmp_path: Path) -> None:
    """Modbus, DELETE: 204, and the default map counts again."""
    await client.post(PATH, json=SMALL)
    answer = await client.delete(PATH)
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.get(PATH)).status_code == 404
    assert modbus.blocks == DEFAULT
    assert not (tmp_path / "modbus.json").exists()
    assert (await client.delete(PATH)).status_code == 204


async def test_modbus_post_of_what_is_wrong(client: httpx.AsyncClient, modbus: ModbusApi) -> None:
    """Modbus, POST: 400 for an invalid configuration, naming what is wrong; the old one counts."""
    await client.post(PATH, json=SMALL)
    for wrong, named in (
        ([{**SMALL[0], "start_address": 9999}], "[0].start_address"),
        ([{"start_address": 0, "registers": [{"id": "1.7.9"}]}], "[0].registers[0].id"),
        ([{"start_address": 0, "registers": [{"id": "0", "scaler": 9}]}], "scaler"),
        ({}, "array"),
    ):
        answer = await client.post(PATH, json=wrong)
        assert answer.status_code == 400
        assert named in answer.json()["message"]
    assert (await client.post(PATH, content=b"[")).status_code == 400
    assert (await client.post(PATH, content=b"[" + b" " * 9000 + b"]")).status_code == 400
    assert registers.compact(modbus.blocks) == SMALL


def test_a_file_that_is_not_understood_is_set_aside(tmp_path: Path) -> None:
    """A damaged file does not keep the gateway from starting."""
    (tmp_path / "modbus.json").write_bytes(b"[{")
    assert ModbusApi(tmp_path).blocks == DEFAULT
    assert (tmp_path / "modbus.json.unreadable").exists()


async def test_a_map_may_be_as_large_as_a_body(client: httpx.AsyncClient, tmp_path: Path) -> None:
    """6.1: 8 kB of map grows when its defaults are written out, and is still read back."""
    blocks = [{"start_address": 0, "registers": [{"id": "0", "type": "int"}] * 240}]
    assert (await client.post(PATH, json=blocks)).status_code == 200
    assert ModbusApi(tmp_path).blocks[0].size == 480
