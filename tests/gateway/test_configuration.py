"""Settings objects: declared once, written whole, told on.  Source: REST/MQTT 2.0, 6.1."""

import asyncio
import subprocess
import sys
import tempfile
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmstead.errors import BadInput, Unavailable
from ohmstead.gateway.configuration import Configuration, Name, Undo
from ohmstead.gateway.kept import Kept
from ohmstead.settings import form
from ohmstead.settings.device import Settings
from ohmstead.settings.meter_port import CustomScaler, MeterPort
from ohmstead.settings.mqtt import MqttSettings
from ohmstead.settings.network import Ethernet, WifiSta

ID = "A842E39F8124"
WAIT_S = 10

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="+#\x00"), max_size=31)
ADDRESS = st.ip_addresses(v=4, network="10.0.0.0/8").map(str)
PEM = st.just("-----BEGIN X-----\n")


def addressed(within: int, bits: int, also: dict[str, Any]) -> dict[str, Any]:
    """Addresses of one network, the gateway's first."""
    network = IPv4Network((within, bits), strict=False)
    if network[0].is_loopback:
        network = IPv4Network((0x0A000000, bits))
    at = {"ip": str(network[2]), "gateway": str(network[1]), "netmask": str(network.netmask)}
    return {**at, **also}


OBJECTS: dict[Name, st.SearchStrategy[dict[str, Any]]] = {
    "settings": st.fixed_dictionaries(
        {},
        optional={
            "system": st.fixed_dictionaries(
                {},
                optional={
                    "name": TEXT,
                    "host_name": st.from_regex(
                        "[a-z0-9]([a-z0-9_-]{0,29}[a-z0-9])?", fullmatch=True
                    ),
                    "protection": st.booleans(),
                    "password": TEXT,
                },
            ),
            "services": st.fixed_dictionaries(
                {},
                optional={
                    "report_interval": st.integers(1, 3600),
                    "sd": st.fixed_dictionaries(
                        {}, optional={"enable": st.booleans(), "frequency": st.integers(1, 1440)}
                    ),
                    "modbus": st.fixed_dictionaries(
                        {}, optional={"enable": st.booleans(), "port": st.integers(1, 65535)}
                    ),
                },
            ),
        },
    ),
    "meter": st.fixed_dictionaries(
        {},
        optional={
            "baudrate": st.integers(300, 115200),
            "parity": st.sampled_from(["none", "odd", "even"]),
            "stop_bits": st.sampled_from(["1", "1.5", "2"]),
            "encryption_key": st.from_regex("[0-9A-F]{31}[1-9]", fullmatch=True),
            "conv_factor": st.floats(0.001, 10_000) | st.integers(1, 10_000),
            "time_offset": st.integers(-(2**31), 2**31 - 1),
            "scalars_set": st.sampled_from(["default", "lge570", "custom"]),
            "if_type": st.sampled_from(["auto", "p1", "mbus", "ttl", "mep"]),
        },
    ),
    "mqtt": st.fixed_dictionaries(
        {},
        optional={
            "enable": st.booleans(),
            "url": st.sampled_from(["", "mqtt://a", "mqtts://b:8883"]),
            "password": TEXT,
            "publish": st.fixed_dictionaries({}, optional={"topic": TEXT, "template": TEXT}),
            "client": st.fixed_dictionaries(
                {"certificate": PEM, "key": PEM}, optional={"key_password": TEXT}
            ),
        },
    ),
    "wifi_sta": st.fixed_dictionaries(
        {"name": st.text("abc", min_size=1, max_size=32)},
        optional={
            "enable": st.booleans(),
            "password": st.text("abc", min_size=8, max_size=64),
            "max_tx_power": st.integers(0, 42).map(lambda halves: halves / 2),
        },
    ),
    "eth": st.builds(
        addressed,
        st.integers(0x0A000000, 0xDFFFFFFF),
        st.integers(8, 29),
        st.fixed_dictionaries(
            {"dns": ADDRESS}, optional={"enable": st.booleans(), "static_ip": st.booleans()}
        ),
    ),
}


def as_shown(kind: type[form.Form], given: dict[str, Any]) -> dict[str, Any]:
    """What is to be seen of what was given: a secret by its length."""
    answer: dict[str, Any] = {}
    for field, notes in form.fields_of(kind):
        if field.name not in given:
            continue
        value, part = given[field.name], form.part_of(field)
        if notes.get("secret"):
            if value or notes.get("empty"):
                answer[f"{field.name}_len"] = len(value)
        else:
            answer[field.name] = as_shown(part, value) if part else value
    return answer


def within(part: Any, whole: Any) -> bool:
    """Whether all of a nested object stands in another."""
    if not isinstance(part, dict):
        return bool(part == whole)
    return isinstance(whole, dict) and all(within(part[name], whole.get(name)) for name in part)


def names(folder: Path) -> list[str]:
    """Of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", list(OBJECTS))
def test_what_is_posted_is_read_again_also_after_a_restart(name: Name) -> None:
    """6.1: POST and GET; whatever an object holds within its ranges."""

    @settings(max_examples=60, deadline=None)
    @given(OBJECTS[name])
    def each(given: dict[str, Any]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            configuration = Configuration(Path(folder), ID)
            said = asyncio.run(configuration.post(name, given))
            assert within(as_shown(configuration.kind(name), given), said)
            assert configuration.shown(name) == said
            assert Configuration(Path(folder), ID).shown(name) == said
            assert asyncio.run(configuration.put(name, {})) == said
            assert asyncio.run(configuration.put(name, given)) == said

    each()


@pytest.mark.parametrize("kind", [Settings, MeterPort, MqttSettings, WifiSta, Ethernet])
def test_every_factory_setting_is_within_its_own_range(kind: type[form.Form]) -> None:
    """6.1: what a device comes with can be sent back to it."""
    factory = kind()
    assert form.replaced(factory, form.shown(factory), factory) == factory
    described = form.schema(kind)
    assert described["properties"].keys() >= form.shown(factory).keys()


async def test_a_setting_takes_effect_at_once_and_is_told(tmp_path: Path) -> None:
    """6.2, dynamic apply: features read at the moment of use, wait, or are called."""
    configuration = Configuration(tmp_path, ID)
    told: list[str] = []
    forget = configuration.watch(told.append)
    waiting = asyncio.create_task(configuration.changed(configuration.version))
    await configuration.put("settings", {"services": {"report_interval": 7}})
    async with asyncio.timeout(WAIT_S):
        assert await waiting == configuration.version == 1
    assert configuration.settings.services.report_interval == 7
    await configuration.put("settings", {"services": {"report_interval": 7}})
    await configuration.set_scalers([{"obis": "1.8.255", "scaler": 3}])
    assert (told, configuration.scalers) == (["settings", "scalers"], (CustomScaler("1.8.255", 3),))
    forget()
    await configuration.reset()
    assert told == ["settings", "scalers"]


async def test_a_reset_goes_back_to_what_the_gateway_was_started_with(tmp_path: Path) -> None:
    """6.12: factory settings; of the meter those of the command line."""
    factory = MeterPort(conv_factor=40)
    started = (CustomScaler("1.7.0", -1),)
    configuration = Configuration(tmp_path, ID, meter=factory, scalers=started)
    await configuration.put("meter", {"conv_factor": 2, "baudrate": 9600})
    await configuration.set_scalers([])
    assert Configuration(tmp_path, ID, meter=factory, scalers=started).scalers == ()
    await configuration.reset()
    assert configuration.meter == factory
    assert configuration.scalers == started
    assert names(tmp_path) == []


async def test_a_file_that_cannot_be_understood_is_set_aside(tmp_path: Path) -> None:
    """A damaged card must not keep the gateway from starting, nor lose what was there."""
    for name in ("settings", "meter", "scalers"):
        (tmp_path / f"{name}.json").write_bytes(b'{"baudrate": "fast"}\xff')
    configuration = Configuration(tmp_path, ID)
    assert configuration.meter == MeterPort()
    assert names(tmp_path) == [
        f"{name}.json.unreadable" for name in ("meter", "scalers", "settings")
    ]


async def test_a_disk_that_takes_nothing_changes_nothing(tmp_path: Path) -> None:
    """6.1, 503: and the setting stays as it was."""
    configuration = Configuration(tmp_path / "settings", ID)
    (tmp_path / "settings").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        await configuration.put("settings", {"system": {"name": "x"}})
    assert configuration.settings.system.name == ""
    assert configuration.version == 0


async def test_a_machine_may_refuse_a_setting(tmp_path: Path) -> None:
    """Newer firmware: power_save is refused while Ethernet is up."""

    def check(new: object) -> None:
        if isinstance(new, Settings) and new.system.power_save:
            raise BadInput("system.power_save: Ethernet is up")

    configuration = Configuration(tmp_path, ID, check=check)
    with pytest.raises(BadInput, match="Ethernet"):
        await configuration.put("settings", {"system": {"power_save": True}})
    assert not configuration.settings.system.power_save


async def test_what_was_applied_and_cannot_be_kept_is_undone(tmp_path: Path) -> None:
    """A 200 means kept: what `apply` gives takes it back when the disk does not take the file."""
    configuration = Configuration(tmp_path / "settings", ID)
    (tmp_path / "settings").write_text("in the way")
    undone: list[str] = []

    async def undo() -> None:
        undone.append("undone")

    async def apply(new: object) -> Undo:
        return undo

    with pytest.raises(Unavailable):
        await configuration.put("eth", {"dns": "8.8.8.8"}, apply)
    assert undone == ["undone"]


async def test_a_setting_that_failed_is_taken_back_unless_it_changed(tmp_path: Path) -> None:
    """What came after a change that failed is somebody's wish, and stays."""
    configuration = Configuration(tmp_path, ID)
    former = configuration.eth
    await configuration.put("eth", {"dns": "8.8.8.8"})
    failed = configuration.eth
    await configuration.take_back("eth", failed, former)
    assert configuration.eth == Configuration(tmp_path, ID).eth == former
    assert configuration.is_factory("eth")
    await configuration.put("eth", {"dns": "9.9.9.9"})
    await configuration.take_back("eth", failed, former)
    assert configuration.eth.dns == "9.9.9.9"


KILLED = """
import os, sys
from pathlib import Path
from ohmstead.gateway.kept import Kept

left = int(sys.argv[2])

def killed_before(module, name):
    real = getattr(module, name)
    def call(*given, **named):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return real(*given, **named)
    setattr(module, name, call)

for name in ("open", "fsync", "replace", "rename", "close"):
    killed_before(os, name)
killed_before(Path, "replace")
Kept(Path(sys.argv[1])).write(b"new" * 1000)
"""


def test_a_kill_at_any_write_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """A power cut at any step: the file is whole, and the next write still works."""
    file = tmp_path / "settings.json"
    seen = set()
    for step in range(20):
        Kept(file).write(b"old")
        ended = subprocess.run([sys.executable, "-c", KILLED, str(file), str(step)], check=False)
        content = Kept(file).read()
        assert content in (b"old", b"new" * 1000)
        seen.add((ended.returncode, content))
        if ended.returncode == 0:
            break
    assert {code for code, _ in seen} == {0, 9}
    assert {content for code, content in seen if code == 9} == {b"old", b"new" * 1000}
    assert file.stat().st_mode & 0o777 == 0o600
