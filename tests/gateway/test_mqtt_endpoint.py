"""Certificates, names and addresses of one's own broker.  Source: REST/MQTT 2.0, 4 and 5."""

import gc
import re
from pathlib import Path

import pytest
from tests.gateway.lab import Lab, ran
from tests.gateway.mosquitto import mosquitto, subscribed
from tests.gateway.test_mqtt_client import gateway, message
from tests.surfaces.test_report import AT

from ohmstead.gateway import mqtt_client
from ohmstead.gateway.mqtt_endpoint import endpoint
from ohmstead.reading.reading import Reading
from ohmstead.settings.mqtt import MqttSettings

LEFT_BEHIND = "ignore:unclosed <ssl:ResourceWarning"  # paho: a failed handshake


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({"url": "mqtt://akenza.io"}, ("akenza.io", 1883, "A842E39F8124", None, None)),
        ({"url": "mqtts://[::1]"}, ("::1", 8883, "A842E39F8124", None, None)),
        (
            {"url": "mqtt://u:p%40ss@h:99/x", "client_id": "c"},
            ("h", 99, "c", "u", "p@ss"),
        ),
        (
            {"url": "mqtt://u:p@h", "username": "akenza", "password": "secret"},
            ("h", 1883, "A842E39F8124", "akenza", "secret"),
        ),
        ({"url": "mqtt://h", "password": "secret"}, ("h", 1883, "A842E39F8124", None, None)),
    ],
)
def test_4_the_address(settings: dict[str, str], expected: tuple[object, ...]) -> None:
    """4, table: scheme, default ports, client id; a password needs a user (MQTT 3.1.2.9)."""
    found = endpoint(MqttSettings(**settings), "A842E39F8124")
    assert (found.host, found.port, found.client_id, found.username, found.password) == expected
    assert (found.tls is not None) == settings["url"].startswith("mqtts")


@pytest.mark.corpus
async def test_5_secure_mqtt_integration(tmp_path: Path, corpus: Path) -> None:
    """5.4 to 5.8, as written: certificates, broker, subscription, provisioning; mutual TLS."""
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        options = lab.subscription(broker)
        async with gateway(tmp_path) as made, subscribed(*options) as subscriber:
            shown = await made.configuration.post("mqtt", lab.json(broker))
            assert "key" not in shown["client"]
            made.board.post(Reading("m", AT, {"1.7.0": 0.036, "2.7.0": 0.0}))
            said = await message(subscriber)
            assert said == 'lab/energy/whatwatt-001 { "P_In": 0.036, "P_Out": 0 }'
        assert re.search(r"as whatwatt-001 \(p2, c1, k30, u'whatwatt-001'\)", broker.log())


@pytest.mark.corpus
async def test_5_8_mqtt_with_certificates_is_encrypted_and_said_to_be(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Quirk 27: the scheme decides, but certificates mean TLS; a warning says so."""
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        async with gateway(tmp_path) as made:
            given = lab.json(broker)
            await made.configuration.post("mqtt", given)
            await made.connected()
            assert "mqtts" in capsys.readouterr().out
            await made.configuration.put("mqtt", {"url": given["url"].replace("mqtt:", "mqtts:")})
            await made.until(lambda: broker.log().count("as whatwatt-001") == 2)
            await made.connected()
            assert "mqtts" not in capsys.readouterr().out


@pytest.mark.corpus
@pytest.mark.filterwarnings(LEFT_BEHIND)
async def test_5_10_the_name_is_checked_unless_told_otherwise(tmp_path: Path, corpus: Path) -> None:
    """5.10, "Hostname validation": without skip_cn_check a certificate for another name is none."""
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        async with gateway(tmp_path) as made:
            await made.configuration.post("mqtt", lab.json(broker) | {"skip_cn_check": False})
            await made.until(lambda: "certificate verify failed" in made.client.state().trouble)
            await made.configuration.put("mqtt", {"skip_cn_check": True})
            await made.connected()
    gc.collect()


@pytest.mark.corpus
@pytest.mark.filterwarnings(LEFT_BEHIND)
async def test_4_another_authority_is_not_trusted(tmp_path: Path, corpus: Path) -> None:
    """4, `.broker.certificate`: with mqtts:// and none given, the machine's authorities count; the
    broker's own certificate may be given in the place of its authority's.
    """
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        async with gateway(tmp_path) as made:
            given = lab.json(broker) | {"url": f"mqtts://127.0.0.1:{broker.port}"}
            await made.configuration.post("mqtt", given | {"broker": {}})
            await made.until(lambda: "certificate verify failed" in made.client.state().trouble)
            own = {"certificate": lab.pem("server.crt")}
            await made.configuration.put("mqtt", {"broker": own})
            await made.connected()
    gc.collect()


@pytest.mark.corpus
async def test_4_a_key_may_have_a_password(tmp_path: Path, corpus: Path) -> None:
    """4, `.client.key_password`: "Required only in case when client key is protected"."""
    lab = Lab(tmp_path, corpus)
    lock = "openssl ec -in whatwatt.key -aes256 -passout pass:open -out locked.key"
    ran(*lock.split(), folder=tmp_path)
    with mosquitto(tmp_path, lab.listener) as broker:
        async with gateway(tmp_path) as made:
            given = lab.json(broker)
            locked = given["client"] | {"key": lab.pem("locked.key")}
            for wrong in ({}, {"key_password": "shut"}):
                await made.configuration.post("mqtt", given | {"client": locked | wrong})
                await made.until(lambda: made.client.state().trouble.startswith("client.key"))
            await made.configuration.put("mqtt", {"client": {"key_password": "open"}})
            await made.connected()


@pytest.mark.corpus
@pytest.mark.filterwarnings(LEFT_BEHIND)
async def test_5_6_a_client_without_a_certificate_is_not_let_in(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5.6, `require_certificate true`: the trouble is shown.

    TLS 1.3 connects before the broker has looked at the certificate, and then says nothing.
    """
    monkeypatch.setattr(mqtt_client, "ANSWER_S", 1.0)
    lab = Lab(tmp_path, corpus)
    with mosquitto(tmp_path, lab.listener) as broker:
        async with gateway(tmp_path) as made:
            given = lab.json(broker)
            await made.configuration.post("mqtt", {k: given[k] for k in given if k != "client"})
            await made.until(lambda: "client certificate" in made.client.state().trouble)
            assert not made.client.state().connected
    gc.collect()
