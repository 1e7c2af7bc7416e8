"""Actions over HTTP.  Source: REST/MQTT 2.0, 6.6, its examples and its tables of codes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.test_action_http import device
from tests.gateway.test_action_modbus import answer
from tests.gateway.test_action_modbus import device as modbus_device

from ohmstead.clock import SystemClock
from ohmstead.gateway.action_modbus import write
from ohmstead.gateway.action_model import Ready
from ohmstead.gateway.actions_api import Actions
from ohmstead.gateway.api import Api

BASE = "http://whatwatt-9F8124.local"
WAIT_S = 10.0
ONE = {"actions": [{"id": "1", "requests": [{"http": {"url": "http://192.168.0.21/toggle"}}]}]}

Send = Callable[[Ready], Awaitable[int]]


async def at_once(_: Ready) -> int:
    return 200


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


class Client:
    """Who calls the API of one gateway."""

    def __init__(self, actions: Actions) -> None:
        transport = httpx.ASGITransport(Api(actions.routes()))
        self.http = httpx.AsyncClient(transport=transport, base_url=BASE)

    async def define(self, definition: Any) -> httpx.Response:
        return await self.http.post("/api/v1/actions", json=definition)

    async def call(self, action: str) -> httpx.Response:
        return await self.http.post("/api/v1/actions/call", params={"id": action})

    async def status(self, ids: str) -> httpx.Response:
        return await self.http.get(f"/api/v1/actions/status?id={ids}")

    async def ended(self, called: httpx.Response) -> list[dict[str, Any]]:
        """The outcomes of a call, once none of its requests runs any more."""
        async with asyncio.timeout(WAIT_S):
            while True:
                found: list[dict[str, Any]] = (
                    await self.http.get(called.headers["location"])
                ).json()
                if all(one["code"] != -1 for one in found):
                    return found
                await asyncio.sleep(0.01)


@asynccontextmanager
async def gateway(folder: Path, send: Send | None = at_once) -> AsyncIterator[Client]:
    actions = Actions(folder, SystemClock(), send)
    task = asyncio.create_task(actions.run())
    client = Client(actions)
    try:
        yield client
    finally:
        await client.http.aclose()
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)


async def test_6_6_1_a_definition_is_kept_shown_and_deleted(tmp_path: Path) -> None:
    """6.6.1, "Methods" and "Response Codes": 404 before it was set and after it was deleted."""
    async with gateway(tmp_path) as client:
        assert (await client.http.get("/api/v1/actions")).status_code == 404
        made = await client.define(ONE)
        assert (made.status_code, made.json()) == (200, ONE)
    assert (tmp_path / "actions.json").stat().st_mode & 0o077 == 0
    async with gateway(tmp_path) as client:  # after a restart
        assert (await client.http.get("/api/v1/actions")).json() == ONE
        for _ in range(2):
            assert (await client.http.delete("/api/v1/actions")).status_code == 204
        assert (await client.http.get("/api/v1/actions")).status_code == 404
        assert (await client.call("1")).status_code == 404
    assert not files(tmp_path)


@pytest.mark.corpus
async def test_6_6_1_example_configuration_over_http(tmp_path: Path, corpus: Path) -> None:
    """6.6.1, "Example configuration", as the device's documentation prints it."""
    file = corpus / "interop" / "captures" / "whatwatt-docs-actions-config.json"
    async with gateway(tmp_path) as client:
        made = await client.http.post("/api/v1/actions", content=file.read_bytes())
        assert made.status_code == 200
        assert (await client.http.get("/api/v1/actions")).json() == json.loads(file.read_text())


async def test_6_6_1_what_is_no_definition_changes_nothing(tmp_path: Path) -> None:
    """6.6.1: 400 "Invalid request format"; "cannot exceed 8191 bytes"."""
    async with gateway(tmp_path) as client:
        await client.define(ONE)
        for body in (
            b"",
            b"{",
            b"[]",
            b'{"actions": [{"id": 1}]}',
            b'{"actions":[]}' + b" " * 8178,
        ):
            refused = await client.http.post("/api/v1/actions", content=body)
            assert (refused.status_code, refused.json()["error"]) == (400, "bad_request")
        wrong = {"actions": [{"id": "1", "requests": [{"http": {"url": "toggle"}}]}]}
        said = (await client.define(wrong)).json()["message"]
        assert "actions[0].requests[0].http.url" in said
        assert (await client.http.get("/api/v1/actions")).json() == ONE
        largest = json.dumps(ONE).encode()
        full = largest + b" " * (8191 - len(largest))
        assert (await client.http.post("/api/v1/actions", content=full)).status_code == 200


async def test_6_6_1_a_file_that_is_not_understood_is_set_aside(tmp_path: Path) -> None:
    """A gateway starts all the same, without actions."""
    (tmp_path / "actions.json").write_text('{"actions": [{"id"')
    async with gateway(tmp_path) as client:
        assert (await client.http.get("/api/v1/actions")).status_code == 404
    assert files(tmp_path) == ["actions.json.unreadable"]


async def test_6_6_2_expected_response(tmp_path: Path) -> None:
    """6.6.2, "Expected Response", and the newer documentation's body: both are given."""
    two = {"actions": [{"id": "1", "requests": ONE["actions"][0]["requests"] * 2}]}
    async with gateway(tmp_path) as client:
        await client.define(two)
        called = await client.call("1")
        assert called.status_code == 202
        assert called.headers["location"] == "/api/v1/actions/status?id=1,2"
        assert called.headers["x-content-type-options"] == "nosniff"
        assert called.headers["cache-control"] == "no-store, no-cache"
        assert called.json() == {"status_ids": [1, 2]}


async def test_6_6_2_response_codes(tmp_path: Path) -> None:
    """6.6.2, "Response Codes": 400 disabled, 404 unknown, 409 executing, 429 too many."""
    free = asyncio.Event()

    async def slow(_: Ready) -> int:
        await free.wait()
        return 200

    request = ONE["actions"][0]["requests"][0]
    off = {"http": {"url": "http://192.168.0.21/", "enable": False}}
    definition = {
        "actions": [
            {"id": "off", "enable": False, "requests": [request]},
            {"id": "requests off", "requests": [off, off]},
            {"id": "empty", "requests": []},
            {"id": "half", "requests": [off, request]},
            {"id": "full", "requests": [request] * 19},
            {"id": "more", "requests": [request]},
        ]
    }
    async with gateway(tmp_path, slow) as client:
        assert (await client.define(definition)).status_code == 200
        for name in ("off", "requests off", "empty", ""):
            assert (await client.call(name)).status_code == 400, name
        assert (await client.http.post("/api/v1/actions/call")).status_code == 400
        assert (await client.call("unknown")).status_code == 404
        half = await client.call("half")
        assert (half.status_code, half.json()) == (202, {"status_ids": [1]})
        assert (await client.call("half")).status_code == 409
        assert (await client.call("full")).status_code == 202
        assert (await client.call("more")).status_code == 429
        free.set()
        assert [one["code"] for one in await client.ended(half)] == [200]


async def test_6_6_3_example_response(tmp_path: Path) -> None:
    """6.6.3, "Example Response", and several ids: separated by commas, also encoded ones."""
    async with gateway(tmp_path) as client:
        await client.define(ONE)
        ((first),) = await client.ended(await client.call("1"))
        assert first == {"action_id": "1", "id": 1, "code": 200, "exe_time": first["exe_time"]}
        assert 0 <= first["exe_time"] < WAIT_S
        await client.ended(await client.call("1"))
        for ids in ("1,2", "1%2C2", "1,%202,77"):
            assert [one["id"] for one in (await client.status(ids)).json()] == [1, 2]
        assert (await client.status("77")).status_code == 404
        for ids in ("", "x", "1,", "-1", "1;2", "\u0661", "9" * 5000):
            assert (await client.status(ids)).status_code == 400, ids


async def test_6_6_requests_reach_real_devices(tmp_path: Path) -> None:
    """6.6: an action with HTTP and Modbus requests, against devices on sockets."""
    registers = write(16, 10, "short", "20")
    async with (
        device() as switch,
        modbus_device(lambda _: answer(registers)) as (port, got),
        gateway(tmp_path, None) as client,
    ):
        definition = {
            "const": {"switch": f"127.0.0.1:{switch.port}", "bri": 20, "token": "s3cret"},
            "actions": [
                {
                    "id": "scene",
                    "requests": [
                        {
                            "http": {
                                "url": "http://${switch}/light/0",
                                "method": "POST",
                                "payload": '{"brightness": ${bri}}',
                                "headers": {
                                    "Content-Type": "application/json",
                                    "Authorization": "Bearer ${token}",
                                },
                            }
                        },
                        {
                            "modbus": {
                                "host": "127.0.0.1",
                                "port": port,
                                "unit_id": 1,
                                "func": 16,
                                "address": 10,
                                "type": "short",
                                "value": "${bri}",
                                "timeout": 2,
                            }
                        },
                    ],
                }
            ],
        }
        assert (await client.define(definition)).status_code == 200
        ended = await client.ended(await client.call("scene"))
    assert [one["code"] for one in ended] == [200, 1]
    assert switch.lines[0] == "POST /light/0 HTTP/1.1"
    assert switch.heard[0].endswith(b'\r\n\r\n{"brightness": 20}')
    assert "Authorization: Bearer s3cret" in switch.lines
    assert got[0].endswith(registers.pdu)


async def test_6_6_secrets_are_not_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Headers, payloads and addresses may hold passwords: the log names host and port only."""
    url = "http://user:hidden@127.0.0.1:1/hidden?key=hidden"
    http = {"url": url, "method": "POST", "payload": "hidden", "headers": {"X-Key": "hidden"}}
    definition = {"actions": [{"id": "1", "requests": [{"http": http}]}]}
    async with gateway(tmp_path, None) as client:
        await client.define(definition)
        (ended,) = await client.ended(await client.call("1"))
    assert ended["code"] == -17
    said = "".join(capsys.readouterr())
    assert "127.0.0.1" in said
    assert "hidden" not in said
