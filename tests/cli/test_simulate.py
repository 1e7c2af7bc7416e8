"""`ohmstead simulate`, as people call it: its list, its errors, its meters read from outside."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.simulate.listening import recogniser
from tests.simulate.living import EARLY, living

from ohmstead.clock import Clock, SystemClock
from ohmstead.house.simulate import SimulateOptions
from ohmstead.simulate import MODELS, Simulated
from ohmstead.simulate.ports import port as port_of
from ohmstead.simulate.pulls import Pull
from ohmstead.wire.cipher import Keys
from ohmstead.wire.telegram import ENCRYPTION_KEY, Telegram

COMMAND = [sys.executable, "-m", "ohmstead"]
TIMEOUT_S = 60.0
KEY, AUTH_KEY = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("OHMSTEAD_")}
    return subprocess.run(
        [*COMMAND, "simulate", *words],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=env | environment,
        check=False,
    )


@contextmanager
def running(*words: str, **environment: str) -> Iterator[str]:
    """Where a meter can be read; Ctrl-C ends it cleanly at the end of the block."""
    with subprocess.Popen(
        [*COMMAND, "simulate", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
            process.send_signal(signal.SIGINT)
            assert process.wait(TIMEOUT_S) == 0
            assert process.stderr
            said = process.stderr.read()
            assert "Traceback" not in said
            assert all(secret not in said.lower() for secret in (KEY, AUTH_KEY))
        finally:
            process.kill()


def first(name: str, line: int, keys: Keys | None, clock: Clock | None = None) -> Telegram:
    """The first telegram that comes through an open file, after asking for it where one must."""
    model = MODELS[name]
    if isinstance(model.speech, Pull):
        on = Simulated(name, 1, keys).occasion((clock or SystemClock()).now())
        for question in model.speech.usual(on):
            os.write(line, question)
    listening, end_s = recogniser(name, keys), time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        ready, _, _ = select.select([line], [], [], TIMEOUT_S)
        assert ready, f"{name} says nothing"
        for found in listening.feed(os.read(line, 512)):
            if isinstance(found, Telegram):
                return found
    raise AssertionError(f"{name} is not understood: {listening.status}")


@contextmanager
def opened(where: str) -> Iterator[int]:
    """An open file on what the command has printed: a pseudo-terminal or an address."""
    if not where.startswith("listen://"):
        line = os.open(where, os.O_RDWR | os.O_NOCTTY)
        try:
            yield line
        finally:
            os.close(line)
        return
    host, _, number = where.removeprefix("listen://").rpartition(":")
    with socket.create_connection((host, int(number)), TIMEOUT_S) as connection:
        yield connection.fileno()


PORTS = ("pty", "listen://127.0.0.1:0")
TURNS = [(name, PORTS[turn % 2]) for turn, name in enumerate(MODELS)]


def speed_of(name: str) -> float:
    """Twenty telegrams a second."""
    return MODELS[name].interval_s / 0.05


@pytest.mark.parametrize("name, port", TURNS)
def test_every_meter_is_read_on_a_port(name: str, port: str) -> None:
    """`ohmstead simulate`, every model end to end, by turns on a pseudo-terminal and over TCP."""
    with (
        living(SimulateOptions(name, port_of(port), speed=speed_of(name))) as where,
        opened(where) as line,
    ):
        assert first(name, line, MODELS[name].keys, EARLY).protocol == MODELS[name].protocol


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("name", ["p1-lu", "mbus", "sml"])
def test_a_meter_is_read_through_the_command(name: str, port: str) -> None:
    """The same through the program itself: one that ciphers, one that is asked, one that pushes."""
    words = ("--port", port, "--speed", str(speed_of(name)))
    with running(name, *words) as where, opened(where) as line:
        assert first(name, line, MODELS[name].keys).protocol == MODELS[name].protocol


@pytest.mark.parametrize(
    "name, by",
    [("p1-lu", "environment"), ("hdlc-kamstrup-sealed", "option"), ("mbus-sealed", "environment")],
)
def test_a_meter_takes_a_key(name: str, by: str) -> None:
    """`--key`, `--auth-key`, OHMSTEAD_KEY, OHMSTEAD_AUTH_KEY; the model's own key is then wrong."""
    words, environment = ["--key", KEY, "--auth-key", AUTH_KEY], {}
    if by == "environment":
        words, environment = [], {"OHMSTEAD_KEY": KEY, "OHMSTEAD_AUTH_KEY": AUTH_KEY}
    keys = Keys(bytes.fromhex(KEY), bytes.fromhex(AUTH_KEY))
    port = ("--port", "listen://127.0.0.1:0", "--speed", "200")
    with running(name, *port, *words, **environment) as where:
        with opened(where) as line:
            sent = first(name, line, keys).raw
        wrong = recogniser(name, MODELS[name].keys)
        assert not [found for found in wrong.feed(sent) if isinstance(found, Telegram)]
        assert wrong.status == ENCRYPTION_KEY


@pytest.mark.parametrize(
    "name, port, query",
    [
        ("p1-be", "listen://127.0.0.1:0", ""),
        ("hdlc-segments-sealed", "listen://127.0.0.1:0", ""),
        ("sml", "pty", "?baudrate=9600&parity=none"),
        ("kmp", "pty", "?ask=kmp"),
    ],
)
def test_a_gateway_reads_a_virtual_meter(
    name: str, port: str, query: str, free_port: Callable[[], int], tmp_path: Path
) -> None:
    """`ohmstead gateway` at `ohmstead simulate`: what is shown is what the meter has counted.

    (Those that are asked are all read in tests/house/test_gateway_asks.py.)
    """
    http, keys = f"127.0.0.1:{free_port()}", MODELS[name].keys
    environment = {"OHMSTEAD_KEY": keys.encryption.hex()} if keys else {}
    with running(name, "--port", port, "--speed", "20") as where:
        source = where.replace("listen://", "tcp://") if "://" in where else f"serial:{where}"
        words = ["--source", source + query, "--http", http, "--data", str(tmp_path / name)]
        with subprocess.Popen(
            [*COMMAND, "gateway", *words],
            stderr=subprocess.DEVNULL,
            env=os.environ | environment,
        ) as gateway:
            try:
                report = reported(gateway, f"http://{http}/api/v1/report")
                assert report["meter"]["protocol"] in MODELS[name].protocol
                counted = report["report"]["energy"]["active"]["positive"]["total"]
                right = Simulated(name).moment(datetime.now(UTC)).values["1.8.0"]
                assert counted == pytest.approx(right, abs=20)
                gateway.send_signal(signal.SIGINT)
                assert gateway.wait(TIMEOUT_S) == 0
            finally:
                gateway.kill()


def reported(gateway: subprocess.Popen[bytes], url: str) -> dict[str, Any]:
    """The gateway's report, once its meter is understood."""
    end_s = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end_s:
        try:
            with urlopen(url, timeout=5) as answer:
                report = dict(json.load(answer))
                if report["meter"]["status"] == "OK" and "energy" in report["report"]:
                    return report
        except OSError:
            pass
        assert gateway.poll() is None, "the gateway has ended"
        select.select([], [], [], 0.1)
    raise AssertionError(f"{url} has no report of a meter")


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A port that nobody uses just now."""

    def free() -> int:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return int(sock.getsockname()[1])

    return free


def test_the_list_names_every_model() -> None:
    """For people: a line each, and the keys."""
    said = call("--list")
    assert said.returncode == 0
    for name, model in MODELS.items():
        assert name in said.stdout
        assert model.description in said.stdout
        if model.keys:
            assert model.keys.encryption.hex().upper() in said.stdout


def test_the_list_is_json_for_programs() -> None:
    """Names, descriptions, push or pull, keys."""
    said = json.loads(call("--list", "--json").stdout)
    assert [one["name"] for one in said] == list(MODELS)
    for one in said:
        model = MODELS[one["name"]]
        assert one["mode"] == ("pull" if model.asked else "push")
        assert one["encrypted"] == (one["key"] is not None) == (model.keys is not None)


@pytest.mark.parametrize(
    "words, status, why",
    [
        ([], 2, "--list"),
        (["p1-dsmr9"], 1, "there is no simulated meter 'p1-dsmr9'"),
        (["p1-se", "--key", KEY], 1, "takes no key"),
        (["p1-lu", "--key", "not a key"], 1, "--key is not hexadecimal"),
        (["p1-lu", "--key", "0011"], 1, "16 or 32 are needed"),
        (["p1-se", "--port", "com1"], 1, "listen://HOST:PORT"),
        (["p1-se", "--speed", "0"], 2, "--speed"),
        (["p1-se", "--port", "listen://192.0.2.1:2000"], 1, "cannot listen on 192.0.2.1:2000"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], status: int, why: str) -> None:
    """One line, without a traceback, and never with the key."""
    said = call(*words)
    assert (said.returncode, said.stdout) == (status, "")
    assert why in said.stderr
    assert "Traceback" not in said.stderr
    assert KEY not in said.stderr
    assert "not a key" not in said.stderr


def test_a_nes_meters_key_may_be_letters() -> None:
    """Utilities give 16 or 20 letters; a reader without them is told so."""
    port = ("--port", "listen://127.0.0.1:0")
    words = (*port, "--key", "AN INVENTED KEY 1234")
    with running("mep-keyed", *words) as where, opened(where) as line:
        key = Keys(b"AN INVENTED KEY ")
        assert first("mep-keyed", line, key).protocol == "MEP"
    assert "16 or 20" in call("mep-keyed", "--key", "SHORT").stderr


def test_a_key_in_the_environment_does_not_disturb_other_meters() -> None:
    """OHMSTEAD_KEY is everybody's; a meter in the clear does not look at it."""
    port = ("--port", "listen://127.0.0.1:0", "--speed", "100")
    with running("p1-se", *port, OHMSTEAD_KEY=KEY) as where, opened(where) as line:
        assert first("p1-se", line, None).protocol == "DSMR"
