"""The settings objects over HTTP.  Source: REST/MQTT 2.0, 4, 5.8, 6.1, 6.2, 6.3, 6.5, 6.7, 6.10."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.serving import served
from tests.gateway.vendor import captured, examples

from ohmstead.gateway.configuration import Configuration
from ohmstead.gateway.network_api import NoNetwork, Station
from ohmstead.gateway.settings_api import SettingsApi
from ohmstead.settings.network import Ethernet, WifiSta

ID = "A842E39F8124"
SETTINGS, METER, MQTT = "/api/v1/settings", "/api/v1/meter/settings", "/api/v1/mqtt/settings"
WIFI, ETH, SCALERS = (
    "/api/v1/wifi/sta/settings",
    "/api/v1/eth/settings",
    "/api/v1/meter/scalers/custom",
)
PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
PEM_KEY = "-----BEGIN EC PRIVATE KEY-----\nMA==\n-----END EC PRIVATE KEY-----\n"
KEY = "00112233445566778899AABBCCDDEEFF"


class TestNetwork:
    """A network that takes what it is given."""

    __test__ = False

    def __init__(self) -> None:
        self.used: list[WifiSta | Ethernet] = []

    async def use_wifi(self, settings: WifiSta) -> None:
        self.used.append(settings)

    async def use_ethernet(self, settings: Ethernet) -> None:
        self.used.append(settings)

    async def stations(self) -> list[Station]:
        return []

    async def pair(self) -> None:
        return


@pytest.fixture
def network() -> TestNetwork:
    return TestNetwork()


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path / "settings", ID)


@pytest.fixture
async def client(
    configuration: Configuration, network: TestNetwork
) -> AsyncIterator[httpx.AsyncClient]:
    async with served(SettingsApi(configuration, network).routes()) as api:
        yield api.client


async def put(client: httpx.AsyncClient, path: str, given: object) -> Any:
    answer = await client.put(path, json=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, given: object) -> str:
    """The message of a 400, which nothing has changed by."""
    before = (await client.get(path)).json()
    for method in ("PUT", "POST"):
        answer = await client.request(method, path, json=given)
        assert answer.status_code == 400, (method, given, answer.text)
        assert answer.json()["error"] == "bad_request"
    assert (await client.get(path)).json() == before
    return str(answer.json()["message"])


def missing(documented: Any, ours: Any, at: str = "") -> set[str]:
    """Fields of a documented object that ours has not, or has of another type."""
    if isinstance(documented, dict):
        if not isinstance(ours, dict):
            return {at}
        gaps = (missing(value, ours.get(key), f"{at}.{key}") for key, value in documented.items())
        return set().union(*gaps)
    same = type(documented) is type(ours) or {type(documented), type(ours)} <= {int, float}
    return set() if same else {at}


# ------------------------------------------------------------------ every object, the same rules


async def test_6_1_a_get_reads_and_answers_json(client: httpx.AsyncClient) -> None:
    """6.1: GET reads; 200, JSON in UTF-8, which nobody keeps and nobody guesses at."""
    for path in (SETTINGS, METER, MQTT, WIFI, ETH, SCALERS):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_6_1_post_replaces_and_what_is_absent_goes_to_its_default(
    client: httpx.AsyncClient,
) -> None:
    """6.1: "if no value is sent in JSON, it defaults to the same value as if ... restored"."""
    factory = (await client.get(SETTINGS)).json()
    await put(client, SETTINGS, {"system": {"name": "cellar"}, "services": {"broadcast": False}})
    answer = await client.post(SETTINGS, json={"services": {"report_interval": 60}})
    assert answer.status_code == 200
    said = answer.json()
    assert said["services"].pop("report_interval") == 60
    assert factory["services"].pop("report_interval") == 30
    assert said == factory


async def test_6_1_put_changes_what_is_given(client: httpx.AsyncClient) -> None:
    """6.1: PUT updates selected fields, also deep ones; the rest stays."""
    before = (await client.get(SETTINGS)).json()
    said = await put(client, SETTINGS, {"services": {"sd": {"frequency": 60}}})
    assert said["services"]["sd"] == {"enable": False, "frequency": 60, "recorder_mode": False}
    said["services"]["sd"]["frequency"] = 15
    assert said == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 8000]
)
async def test_6_1_what_is_no_object_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    """6.1: 400 bad request."""
    for path in (SETTINGS, METER, MQTT, WIFI, ETH):
        for method in ("PUT", "POST"):
            answer = await client.request(method, path, content=body)
            assert answer.status_code == 400, (path, body[:10])


async def test_6_1_fields_nobody_knows_change_nothing(client: httpx.AsyncClient) -> None:
    """6.2: "Not described fields are not currently supported": newer clients may send them."""
    before = (await client.get(SETTINGS)).json()
    assert await put(client, SETTINGS, {"system": {"shoe_size": 43}, "next": {}}) == before


async def test_4_a_body_is_json_whatever_its_content_type_says(client: httpx.AsyncClient) -> None:
    """Appendix B: `curl -d` sends JSON as a form."""
    answer = await client.put(
        SETTINGS,
        content=b'{"system": {"name": "x"}}',
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.json()["system"]["name"] == "x"


async def test_4_more_than_8_kb_is_refused(client: httpx.AsyncClient) -> None:
    """4: "The maximum size of the set JSON cannot exceed 8 kB"."""
    body = b'{"enable": true' + b" " * 8200 + b"}"
    answer = await client.put(MQTT, content=body)
    assert (answer.status_code, "8192" in answer.text) == (400, True)
    assert (await client.put(MQTT, content=body[:15] + b" " * 8176 + b"}")).status_code == 200


# ------------------------------------------------------------------ 6.2


async def test_6_2_the_example_has_no_field_that_ours_has_not(
    client: httpx.AsyncClient, corpus: Path
) -> None:
    """6.2, example response; and the newer firmware's."""
    (example,) = examples(corpus, "6.2.")
    ours = (await client.get(SETTINGS)).json()
    newer = captured(corpus, "whatwatt-docs-settings-1.json").popitem()[1]
    assert missing(example, ours) == missing(newer, ours) == set()
    assert missing(ours, newer) == set()


async def test_6_2_published_changes_are_taken(client: httpx.AsyncClient, corpus: Path) -> None:
    """The newer firmware's settings page: each example is answered with what it set."""
    for name, given in captured(corpus, "whatwatt-docs-settings-[2-6].json").items():
        said = await put(client, SETTINGS, given)
        shown = json.loads(json.dumps(given))
        password = shown.get("system", {}).pop("password", None)
        assert missing(shown, said) == set(), name
        if password:
            assert said["system"]["password_len"] == len(password)


async def test_6_2_the_example_can_be_sent_back(client: httpx.AsyncClient, corpus: Path) -> None:
    """4: "send the same object as you received"."""
    for given in (*examples(corpus, "6.2."), (await client.get(SETTINGS)).json()):
        answer = await client.post(SETTINGS, json=given)
        assert answer.status_code == 200
        assert missing(given, answer.json()) == set()


async def test_6_2_the_host_name_is_the_end_of_the_id(client: httpx.AsyncClient) -> None:
    """6.2, `.system.host_name`: also after an empty one."""
    assert (await client.get(SETTINGS)).json()["system"]["host_name"] == "whatwatt_9F8124"
    said = await put(client, SETTINGS, {"system": {"host_name": "meter-cellar"}})
    assert said["system"]["host_name"] == "meter-cellar"
    said = await put(client, SETTINGS, {"system": {"host_name": ""}})
    assert said["system"]["host_name"] == "whatwatt_9F8124"


async def test_6_2_the_password_is_never_shown(
    client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """6.2, `.system.password`: "not returned"; its length is, while there is one."""
    assert "password_len" not in (await client.get(SETTINGS)).json()["system"]
    said = await put(client, SETTINGS, {"system": {"password": "öffne dich"}})
    assert said["system"]["password_len"] == 10
    assert "öffne" not in (await client.get(SETTINGS)).text
    assert configuration.settings.system.password == "öffne dich"
    said = await put(client, SETTINGS, {"system": {"password": None}})
    assert "password_len" not in said["system"]


@pytest.mark.parametrize(
    "given, field",
    [
        ({"system": {"name": "n" * 32}}, "system.name"),
        ({"system": {"host_name": "h" * 32}}, "system.host_name"),
        ({"system": {"host_name": "no spaces"}}, "system.host_name"),
        ({"system": {"host_name": "line\n"}}, "system.host_name"),
        ({"system": {"host_name": '"'}}, "system.host_name"),
        ({"system": {"password": "p" * 32}}, "system.password"),
        ({"system": {"protection": 1}}, "system.protection"),
        ({"system": {"protection": None}}, "system.protection"),
        ({"system": []}, "system"),
        ({"services": {"report_interval": 0}}, "services.report_interval"),
        ({"services": {"report_interval": 3601}}, "services.report_interval"),
        ({"services": {"report_interval": 1.5}}, "services.report_interval"),
        ({"services": {"report_interval": "30"}}, "services.report_interval"),
        ({"services": {"report_interval": True}}, "services.report_interval"),
        ({"services": {"sd": {"frequency": 0}}}, "services.sd.frequency"),
        ({"services": {"sd": {"frequency": 1441}}}, "services.sd.frequency"),
        ({"services": {"modbus": {"port": 0}}}, "services.modbus.port"),
        ({"services": {"modbus": {"port": 65536}}}, "services.modbus.port"),
        ({"services": {"berry": {"run_delay": 59}}}, "services.berry.run_delay"),
        ({"services": {"cloud": {"mystrom": "yes"}}}, "services.cloud.mystrom"),
    ],
)
async def test_6_2_what_is_out_of_range_is_refused_by_name(
    client: httpx.AsyncClient, given: dict[str, Any], field: str
) -> None:
    """6.2, column Range; 6.1: 400."""
    assert (await refused(client, SETTINGS, given)).startswith(f"{field}:")


async def test_6_2_ranges_include_their_ends(client: httpx.AsyncClient) -> None:
    """6.2, column Range: 1..1440, 1..65535, 0..31."""
    for frequency, port, name in ((1, 1, ""), (1440, 65535, "n" * 31)):
        given = {
            "system": {"name": name, "password": name},
            "services": {"sd": {"frequency": frequency}, "modbus": {"port": port}},
        }
        said = await put(client, SETTINGS, given)
        assert said["services"]["sd"]["frequency"] == frequency
        assert said["services"]["modbus"]["port"] == port


async def test_a_whole_number_may_come_with_a_fraction_of_zero(client: httpx.AsyncClient) -> None:
    """RFC 8259, 6: JSON has one kind of number; JavaScript and Lua write 30 as they like."""
    answer = await client.put(SETTINGS, content=b'{"services": {"report_interval": 45.0}}')
    assert '"report_interval":45,' in answer.text


# ------------------------------------------------------------------ 6.3


async def test_6_3_the_defaults_are_those_of_the_example(
    client: httpx.AsyncClient, corpus: Path
) -> None:
    """6.3 (its example is cut by a table), as the newer firmware publishes it; both names of the
    set of scalers."""
    ours = (await client.get(METER)).json()
    newer = captured(corpus, "whatwatt-docs-meter-settings-1.json").popitem()[1]
    assert ours.pop("scalars_set") == "default"
    assert ours == newer


async def test_6_3_published_changes_are_taken(client: httpx.AsyncClient, corpus: Path) -> None:
    """The newer firmware's meter page: each example is answered with what it set."""
    for given in captured(corpus, "whatwatt-docs-meter-settings-*.json").values():
        said = await put(client, METER, given)
        for name, value in given.items():
            assert said.get(name, value) == value or name.endswith("_key")


async def test_6_3_both_names_of_the_set_of_scalers_are_one(client: httpx.AsyncClient) -> None:
    """6.3 `scalars_set`, newer firmware `scalers_set`: an object sent back with one changed."""
    for name, other in (("scalars_set", "scalers_set"), ("scalers_set", "scalars_set")):
        for chosen in ("lge570", "custom", "default"):
            sent_back = {**(await client.get(METER)).json(), name: chosen}
            said = (await client.post(METER, json=sent_back)).json()
            assert said[name] == said[other] == chosen
    both = {"scalars_set": "lge570", "scalers_set": "custom"}
    assert "scal" in await refused(client, METER, both)


async def test_6_3_keys_are_write_only_and_go_with_zeros(
    client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """6.3, `.encryption_key`: not returned; "set the field to 32 zeros" to reset it."""
    keys = {"encryption_key": KEY, "authentication_key": KEY.lower()}
    said = await put(client, METER, {"encryption": True, **keys})
    assert (said["encryption_key_len"], said["authentication_key_len"]) == (32, 32)
    assert not keys.keys() & said.keys()
    said = await put(client, METER, {"encryption_key": "0" * 32, "authentication_key": None})
    assert not {"encryption_key_len", "authentication_key_len"} & said.keys()
    assert configuration.meter.encryption_key == ""


@pytest.mark.parametrize(
    "name, value",
    [
        ("baudrate", 299),
        ("baudrate", 115201),
        ("parity", "mark"),
        ("stop_bits", "3"),
        ("stop_bits", 1),
        ("buffer_size", 0),
        ("buffer_size", 129),
        ("method", "Active Pull"),
        ("encryption_key", "00"),
        ("encryption_key", "g" * 32),
        ("encryption_key", KEY + "\n"),
        ("authentication_key", KEY + "0"),
        ("if_type", "P1"),
        ("protocol", "dlms"),
        ("if_mode", "both"),
        ("conv_factor", 0),
        ("conv_factor", -1),
        ("conv_factor", 10000.5),
        ("time_offset", 2**31),
        ("time_offset", -(2**31) - 1),
        ("time_offset", 0.5),
        ("scalars_set", "lge450"),
    ],
)
async def test_6_3_what_is_out_of_range_is_refused_by_name(
    client: httpx.AsyncClient, name: str, value: object
) -> None:
    """6.3, column Range; 6.1: 400."""
    assert (await refused(client, METER, {name: value})).startswith(f"{name}:")


@pytest.mark.parametrize("factor", [0.001, 0.5, 1, 40, 10000])
async def test_6_3_the_factor_is_a_number_and_whole_ones_look_so(
    client: httpx.AsyncClient, factor: float
) -> None:
    """6.3, `.conv_factor` (whole from 1 to 10000) and the newer firmware's (0.001 to 1000)."""
    answer = await client.put(METER, json={"conv_factor": factor})
    assert f'"conv_factor":{factor},' in answer.text


# ------------------------------------------------------------------ 4 and 5


async def test_4_the_example_is_answered_as_it_is_sent(
    client: httpx.AsyncClient, corpus: Path
) -> None:
    """4, example response: the same object, sent back, is taken and shown again, byte for byte."""
    given = [
        *examples(corpus, "4."),
        *captured(corpus, "whatwatt-docs-mqtt-settings.json").values(),
    ]
    assert given
    for example in given:
        answer = await client.post(MQTT, json=example)
        assert answer.status_code == 200
        assert answer.json() == example
        assert (await client.get(MQTT)).json() == example


async def test_5_8_the_provisioning_request_is_answered_200_with_json(
    client: httpx.AsyncClient, configuration: Configuration, corpus: Path
) -> None:
    """5.8 and 5.9: the script calls `r.json()` on the answer; the key is not in it."""
    requests = [
        *examples(corpus, "5.8."),
        *captured(corpus, "whatwatt-docs-mqtt-tls-payload.json").values(),
    ]
    assert len(requests) == 2
    for given in requests:
        answer = await client.post(MQTT, json=given)
        assert answer.status_code == 200
        said = answer.json()
        assert said["broker"]["certificate"] == given["broker"]["certificate"]
        assert said["client"] == {
            "certificate": given["client"]["certificate"],
            "key_len": len(given["client"]["key"]),
            "key_password_len": 0,
        }
        assert configuration.mqtt.client.key == given["client"]["key"]


async def test_4_put_keeps_the_password_and_post_does_not(client: httpx.AsyncClient) -> None:
    """4: "use the PUT method (then the password will not be deleted)"."""
    await put(client, MQTT, {"username": "u", "password": "secret"})
    assert (await put(client, MQTT, {"username": "v"}))["password_len"] == 6
    assert (await client.post(MQTT, json={"username": "v"})).json()["password_len"] == 0


async def test_4_null_deletes_certificate_key_and_key_password(
    client: httpx.AsyncClient, configuration: Configuration
) -> None:
    """4: "set the field value to null in JSON"."""
    pair = {"certificate": PEM, "key": PEM_KEY, "key_password": "pw"}
    said = await put(client, MQTT, {"broker": {"certificate": PEM}, "client": pair})
    assert said["client"]["key_password_len"] == 2
    said = await put(client, MQTT, {"client": {"key_password": None}})
    assert said["client"]["key_password_len"] == 0
    said = await put(client, MQTT, {"client": {"certificate": None, "key": None}})
    assert "client" not in said
    assert said["broker"] == {"certificate": PEM}
    assert "broker" not in await put(client, MQTT, {"broker": {"certificate": None}})
    await put(client, MQTT, {"client": pair})
    assert "client" not in await put(client, MQTT, {"client": None})
    assert configuration.mqtt.client.key is None


@pytest.mark.parametrize(
    "given, field",
    [
        ({"url": "http://host"}, "url"),
        ({"url": "mqtt://"}, "url"),
        ({"url": "mqtt://" + "h" * 121}, "url"),
        ({"username": "u" * 128}, "username"),
        ({"password": "p" * 128}, "password"),
        ({"client_id": "c" * 64}, "client_id"),
        ({"publish": {"topic": "t" * 128}}, "publish.topic"),
        ({"publish": {"topic": "a/#"}}, "publish.topic"),
        ({"publish": {"template": "t" * 1024}}, "publish.template"),
        ({"publish": {"template": None}, "enable": "on"}, "enable"),
        ({"broker": {"certificate": "ca.crt"}}, "broker.certificate"),
        ({"client": {"key": PEM_KEY}}, "client"),
        ({"client": {"certificate": PEM}}, "client"),
        ({"client": {"key_password": "p" * 256}}, "client.key_password"),
    ],
)
async def test_4_what_is_out_of_range_is_refused_by_name(
    client: httpx.AsyncClient, given: dict[str, Any], field: str
) -> None:
    """4, columns Range and Remarks; 6.1: 400."""
    assert (await refused(client, MQTT, given)).startswith(f"{field}:")


# ------------------------------------------------------------------ 6.5


async def test_6_5_the_scalers_are_given_back(client: httpx.AsyncClient, corpus: Path) -> None:
    """6.5: "the same JSON format must be used"; 255 is every E."""
    for given in (*examples(corpus, "6.5."), [{"obis": "1.8.255", "scaler": 3}], []):
        answer = await client.post(SCALERS, json=given)
        assert (answer.status_code, answer.json()) == (200, given)
        assert (await client.get(SCALERS)).json() == given
    for sets in captured(corpus, "whatwatt-docs-scalers-default-*.json").values():
        assert (await client.post(SCALERS, json=sets)).json() == sets


@pytest.mark.parametrize(
    "given",
    [
        [{"obis": "1.7.0", "scaler": 7}],
        [{"obis": "1.7.0", "scaler": -7}],
        [{"obis": "255.7.0", "scaler": 0}],
        [{"obis": "1.7.256", "scaler": 0}],
        [{"obis": "1-0:1.7.0", "scaler": 0}],
        [{"obis": "1.7", "scaler": 0}],
        [{"obis": "1.7.0"}],
        [{"scaler": 0}],
        [{"obis": "1.7.0", "scaler": 0}, {"obis": "1.7.0", "scaler": 1}],
        [7],
        {"obis": "1.7.0", "scaler": 0},
    ],
)
async def test_6_5_what_is_out_of_range_is_refused(
    client: httpx.AsyncClient, given: object
) -> None:
    """6.5, column Range: 0..254.0..254.0..255, -6..6."""
    assert (await client.post(SCALERS, json=given)).status_code == 400
    assert (await client.get(SCALERS)).json() == []


# ------------------------------------------------------------------ 6.7 and 6.10


async def test_6_7_the_example_is_answered_as_it_is_sent(
    client: httpx.AsyncClient, network: TestNetwork, corpus: Path
) -> None:
    """6.7, example response; the network is given it before it is kept."""
    (example,) = examples(corpus, "6.7.")
    answer = await client.post(WIFI, json=example)
    assert (answer.status_code, answer.json()) == (200, example)
    assert isinstance(network.used[-1], WifiSta)
    assert network.used[-1].name == example["name"]


async def test_6_7_both_names_of_the_transmission_power_are_taken(
    client: httpx.AsyncClient,
) -> None:
    """6.7, table `max_power`, example `max_tx_power`; resolution 0.5."""
    assert (await put(client, WIFI, {"max_power": 10.5}))["max_tx_power"] == 10.5
    assert (await put(client, WIFI, {"max_tx_power": 12.2}))["max_tx_power"] == 12


async def test_6_7_delete_forgets_the_network(
    client: httpx.AsyncClient, network: TestNetwork
) -> None:
    """6.7: "erases all Wi-Fi configuration and shuts down the client"."""
    given = {"enable": True, "name": "cellar", "password": "12345678"}
    assert (await put(client, WIFI, given))["password_len"] == 8
    answer = await client.delete(WIFI)
    assert (answer.status_code, answer.content) == (204, b"")
    assert network.used[-1] == WifiSta()
    said = (await client.get(WIFI)).json()
    assert (said["enable"], said["name"], "password_len" in said) == (False, "", False)


async def test_6_10_published_examples_are_answered_as_they_are_sent(
    client: httpx.AsyncClient, network: TestNetwork, corpus: Path
) -> None:
    """6.10 and the newer firmware's Ethernet page."""
    given = [*examples(corpus, "6.10."), *captured(corpus, "whatwatt-docs-eth-*.json").values()]
    assert len(given) == 7
    for example in given:
        answer = await client.post(ETH, json=example)
        assert (answer.status_code, answer.json()) == (200, example)
    assert isinstance(network.used[-1], Ethernet)


@pytest.mark.parametrize(
    "path, given, field",
    [
        (WIFI, {"name": "n" * 33}, "name"),
        (WIFI, {"enable": True, "name": ""}, "name"),
        (WIFI, {"password": "1234567"}, "password"),
        (WIFI, {"password": "1" * 65}, "password"),
        (WIFI, {"max_tx_power": 21.5}, "max_tx_power"),
        (WIFI, {"max_power": -0.5}, "max_tx_power"),
        (ETH, {"ip": "192.168.1"}, "ip"),
        (ETH, {"ip": "192.168.1.256"}, "ip"),
        (ETH, {"netmask": "255.255.255.0\n"}, "netmask"),
        (ETH, {"static_ip": True}, "ip"),
        (ETH, {"static_ip": True, "ip": "10.0.0.2", "netmask": "255.0.0.0"}, "gateway"),
    ],
)
async def test_6_7_and_6_10_what_cannot_be_is_refused_by_name(
    client: httpx.AsyncClient, network: TestNetwork, path: str, given: dict[str, Any], field: str
) -> None:
    """6.7 and 6.10, columns Range and Remarks; 6.1: 400."""
    assert (await refused(client, path, given)).startswith(field)
    assert network.used == []


async def test_a_machine_whose_network_cannot_be_set_says_so(configuration: Configuration) -> None:
    """6.1: 503 service unavailable; what is wrong in itself is still 400."""
    async with served(SettingsApi(configuration, NoNetwork()).routes()) as api:
        for path in (WIFI, ETH):
            assert (await api.client.get(path)).status_code == 200
            for method in ("POST", "PUT"):
                answer = await api.client.request(method, path, json={"static_ip": False})
                assert (answer.status_code, "NetworkManager" in answer.text) == (503, True)
                answer = await api.client.request(method, path, json={"static_ip": 7})
                assert answer.status_code == 400
        assert (await api.client.delete(WIFI)).status_code == 503
