"""The MQTT client and a real Mosquitto.  Source: REST/MQTT 2.0, 4 and 5."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.gateway.lab import ran
from tests.gateway.mosquitto import Mosquitto, mosquitto, program, subscribed
from tests.surfaces.test_report import AT, a_device

from ohmstead.clock import SystemClock
from ohmstead.gateway import mqtt_client
from ohmstead.gateway.backoff import Backoff
from ohmstead.gateway.board import Board
from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.mqtt_client import MqttClient
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import system
from ohmstead.surfaces.device import Device

MAC = "A842E39F8124"
WAIT_S = 20.0
SOON = Backoff(0.05, 0.1)
TEMPLATE = '{"n": ${1_7_0}}'


class Gateway:
    """The client, the board it reads from and the settings it follows."""

    def __init__(self, folder: Path) -> None:
        self.configuration = Configuration(folder, device_id=MAC)
        self.board = Board()
        self.status = "OK"
        self.client = MqttClient(self.configuration, self.board, self.device, SystemClock(), SOON)
        self._count = 0

    def device(self) -> Device:
        return a_device(meter_status=self.status, own_broker=self.client.state())

    def post(self) -> int:
        """A new reading; its power is its number."""
        self._count += 1
        at = AT + timedelta(seconds=self._count)
        self.board.post(Reading("m", at, {"1.7.0": float(self._count)}, number=self._count))
        return self._count

    async def told(self, url: str, **also: Any) -> None:
        publish = {"topic": "meter", "template": TEMPLATE} | also.pop("publish", {})
        await self.configuration.post(
            "mqtt", {"enable": True, "url": url, "publish": publish} | also
        )

    async def every(self, seconds: int) -> None:
        await self.configuration.put("settings", {"services": {"report_interval": seconds}})

    async def until(self, condition: Callable[[], bool]) -> None:
        """There is no event for a connection's state: it looks again and again."""
        async with asyncio.timeout(WAIT_S):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def connected(self) -> None:
        await self.until(lambda: self.client.state().connected)


@asynccontextmanager
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    made = Gateway(folder / "settings")
    await made.every(1)
    task = asyncio.create_task(made.client.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=WAIT_S)
        assert task.cancelled()


def at(broker: Mosquitto) -> tuple[str, ...]:
    """How mosquitto_sub finds the broker."""
    return ("-h", "127.0.0.1", "-p", str(broker.port), "-v")


async def message(subscriber: Any) -> str:
    """The next message, between the words of `-d`."""
    while True:
        line: str = await subscriber.line()
        if not line.startswith("Client "):
            return line


async def test_4_readings_are_published_as_the_template_says(tmp_path: Path) -> None:
    """4: enable, url, username, password, client_id, publish.topic, publish.template; QoS 1."""
    file = tmp_path / "passwords"
    ran(program("mosquitto_passwd"), "-b", "-c", str(file), "akenza", "secret")
    with mosquitto(tmp_path, f"password_file {file}\n") as broker:
        login = ("-u", "akenza", "-P", "secret", "-q", "1", "-F", "%q %t %p", "-t", "#")
        async with gateway(tmp_path) as made, subscribed(*at(broker)[:4], *login) as subscriber:
            await made.told(
                f"mqtt://127.0.0.1:{broker.port}",
                username="akenza",
                password="secret",
                client_id="whatwatt",
                publish={"topic": "lab/ä"},
            )
            await made.connected()
            made.post()
            assert await message(subscriber) == '1 lab/ä {"n": 1}'
        assert re.search(r"as whatwatt \(p2, c1, k30, u'akenza'\)", broker.log())


async def test_4_a_wrong_password_is_said_and_tried_again(tmp_path: Path) -> None:
    """4: `.password`; system.clouds.mqtc shows whether it is connected."""
    (tmp_path / "none").touch()
    with mosquitto(tmp_path, f"password_file {tmp_path / 'none'}\n") as broker:
        async with gateway(tmp_path) as made:
            await made.told(f"mqtt://127.0.0.1:{broker.port}", username="x", password="y")
            await made.until(lambda: broker.log().count("not authorised") > 1)
            state = made.client.state()
            assert (state.enabled, state.connected) == (True, False)
            assert re.search("(?i)not authori[sz]ed", state.trouble)
            shown: Any = system.document(None, made.device())
            assert shown["clouds"]["mqtc"]["enabled"] is True
            assert shown["clouds"]["mqtc"]["connected"] is False


async def test_4_no_sooner_than_the_interval_and_no_reading_twice(tmp_path: Path) -> None:
    """4: "the default period is 30s but if the meter sends reports less often it will be longer"

    (and 6.2, `.services.report_interval`).
    """
    with mosquitto(tmp_path) as broker:
        async with gateway(tmp_path) as made, subscribed(*at(broker), "-t", "meter") as subscriber:
            await made.every(3600)
            await made.told(f"mqtt://127.0.0.1:{broker.port}")
            made.post()
            assert await message(subscriber) == 'meter {"n": 1}'
            made.post()
            latest = made.post()
            await made.every(1)  # counts at once: nobody waits for the hour to pass
            assert await message(subscriber) == f'meter {{"n": {latest}}}'
            await made.configuration.put("mqtt", {"publish": {"topic": "end"}})
        async with gateway(tmp_path / "2") as made, subscribed(*at(broker), "-t", "#") as everyone:
            await made.told(f"mqtt://127.0.0.1:{broker.port}")
            made.post()
            assert await message(everyone) == 'meter {"n": 1}'
            with pytest.raises(TimeoutError):
                await everyone.line(timeout_s=2.5)  # the interval is 1 s, the meter silent


async def test_4_a_change_of_the_settings_counts_at_once(tmp_path: Path) -> None:
    """4: POST and PUT; a new topic, a new template, another broker, off, and on again."""
    (tmp_path / "b").mkdir()
    with mosquitto(tmp_path) as broker, mosquitto(tmp_path / "b") as other:
        async with (
            gateway(tmp_path) as made,
            subscribed(*at(broker), "-t", "#") as first,
            subscribed(*at(other), "-t", "#") as second,
        ):
            made.post()
            await made.told(f"mqtt://127.0.0.1:{broker.port}")
            assert await message(first) == 'meter {"n": 1}'
            await made.configuration.put("mqtt", {"publish": {"template": "${sys.id} ${1_7_1}"}})
            assert await message(first) == f"meter {MAC} ${{1_7_1}}"
            await made.configuration.put("mqtt", {"url": f"mqtt://127.0.0.1:{other.port}"})
            assert await message(second) == f"meter {MAC} ${{1_7_1}}"
            await made.configuration.put("mqtt", {"enable": False})
            await made.until(lambda: not made.client.state().connected)
            assert made.client.state().enabled is False
            await made.until(lambda: "disconnected" in other.log())
            await made.configuration.put("mqtt", {"enable": True})
            assert await message(second) == f"meter {MAC} ${{1_7_1}}"
        assert f"as {MAC} " in broker.log()  # no client id was given


async def test_4_a_broker_that_comes_back_is_found_again(tmp_path: Path) -> None:
    """4: it reconnects with growing waits, and then sends the present, not the past."""
    with mosquitto(tmp_path) as broker:
        async with gateway(tmp_path) as made:
            await made.told(f"mqtt://127.0.0.1:{broker.port}")
            await made.connected()
            broker.stop()
            await made.until(lambda: not made.client.state().connected)
            made.post()
            await made.until(lambda: "refused" in made.client.state().trouble)
            made.status = "NO DATA"
            broker.start()
            await made.connected()
            assert made.client.state().trouble == ""
            async with subscribed(*at(broker), "-t", "meter") as subscriber:
                made.status = "OK"
                latest = made.post()
                assert await message(subscriber) == f'meter {{"n": {latest}}}'


async def test_4_nothing_is_published_without_a_meter(tmp_path: Path) -> None:
    """4, note: "whatwatt Go will only publish values if a meter is connected"."""
    with mosquitto(tmp_path) as broker:
        async with gateway(tmp_path) as made, subscribed(*at(broker), "-t", "#") as subscriber:
            made.status = "NO DATA"
            made.post()
            await made.told(f"mqtt://127.0.0.1:{broker.port}")
            await made.connected()
            with pytest.raises(TimeoutError):
                await subscriber.line(timeout_s=0.5)
            made.status = "OK"
            made.post()
            assert await message(subscriber) == 'meter {"n": 2}'


async def test_4_a_change_while_it_connects_leaves_no_connection_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4: at a broker that takes connections and says nothing, another setting counts soon."""
    monkeypatch.setattr(mqtt_client, "ANSWER_S", 1.0)
    came: list[asyncio.StreamReader] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(reader)
        while await reader.read(100):
            pass
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    with mosquitto(tmp_path) as broker:
        async with gateway(tmp_path) as made:
            await made.told(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await made.until(lambda: bool(came))
            await made.configuration.put("mqtt", {"url": f"mqtt://127.0.0.1:{broker.port}"})
            await made.connected()
            await made.until(came[0].at_eof)
    server.close()


@pytest.mark.parametrize(
    "change, field",
    [
        ({"url": ""}, "url"),
        ({"url": "mqtt://x:99999"}, "url"),
        ({"publish": {"topic": ""}}, "publish.topic"),
        ({"broker": {"certificate": "-----BEGIN CERTIFICATE-----\nx\n"}}, "broker.certificate"),
        (
            {"client": {"certificate": "-----BEGIN CERTIFICATE-----\nx", "key": "-----BEGIN K"}},
            "client.key",
        ),
    ],
)
async def test_4_settings_nothing_can_come_of_are_said(
    tmp_path: Path, change: dict[str, Any], field: str
) -> None:
    """4, table: the trouble names the field; the client waits for another setting."""
    async with gateway(tmp_path) as made:
        await made.told("mqtt://127.0.0.1:1")
        await made.until(lambda: "refused" in made.client.state().trouble)
        await made.configuration.put("mqtt", change)
        await made.until(lambda: made.client.state().trouble.startswith(field))


async def test_a_client_that_is_not_set_up_yet_is_no_error(tmp_path: Path) -> None:
    """4, `.enable` without `.url`: the state says what is missing; the log tells it as news."""
    with capture_logs() as said:
        async with gateway(tmp_path) as made:
            await made.configuration.put("mqtt", {"enable": True})
            await made.until(lambda: bool(made.client.state().trouble))
    told = [one["log_level"] for one in said if "own broker" in one["event"]]
    assert told == ["info"]
