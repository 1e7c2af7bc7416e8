"""A whole gateway at a meter that says everything, for clients of other people's."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.house.program import WAIT_S, Program, report_of
from tests.wire.telegrams import p1

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = ROOT / ".venv-clients" / "bin"
CLIENTS_S = 280.0
NOWHERE = "unix:path=/nonexistent/bus"
"""Whoever runs these tests keeps the network of their machine."""

SAYS: dict[str, float] = {
    "1.8.0": 5234.567, "1.8.1": 3234.567, "1.8.2": 2000.0,
    "2.8.0": 1011.25, "2.8.1": 11.25, "2.8.2": 1000.0,
    "3.8.0": 305.125, "3.8.1": 300.0, "3.8.2": 5.125,
    "4.8.0": 405.5, "4.8.1": 400.0, "4.8.2": 5.5,
    "1.7.0": 1.234, "2.7.0": 0.0, "3.7.0": 0.321, "4.7.0": 0.012,
    "21.7.0": 0.5, "41.7.0": 0.434, "61.7.0": 0.3,
    "22.7.0": 0.001, "42.7.0": 0.002, "62.7.0": 0.003,
    "23.7.0": 0.1, "43.7.0": 0.2, "63.7.0": 0.021,
    "24.7.0": 0.004, "44.7.0": 0.005, "64.7.0": 0.003,
    "32.7.0": 230.4, "52.7.0": 231.5, "72.7.0": 229.6,
    "31.7.0": 2.1, "51.7.0": 1.9, "71.7.0": 1.3,
}  # fmt: skip
"""What the meter says, in the units of its telegram."""
UNITS = {"8": ("kWh", "kvarh"), "7": ("kW", "kvar")}
MODEL = "TEST-METER"


def unit_of(obis: str) -> str:
    """The unit a P1 telegram has behind this code."""
    c, d, _ = obis.split(".")
    if c in ("32", "52", "72"):
        return "V"
    if c in ("31", "51", "71"):
        return "A"
    return UNITS[d][int(c) % 20 in (3, 4)]


def telegram() -> bytes:
    """A P1 telegram with all of `SAYS`."""
    lines = [f"1-0:{obis}({value:010.3f}*{unit_of(obis)})" for obis, value in SAYS.items()]
    return p1(
        ["1-3:0.2.8(50)", "0-0:1.0.0(250703141500S)",
         "0-0:96.1.1(4F484D3030303030303132333435)", "0-0:96.14.0(0002)", *lines],
    )  # fmt: skip


@dataclass(frozen=True)
class Gateway:
    """Where its API is."""

    program: Program
    url: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def get(self, what: str, **how: Any) -> httpx.Response:
        answer = httpx.get(f"{self.url}/api/v1/{what}", timeout=WAIT_S, **how)
        assert answer.status_code == 200, answer.text
        return answer

    def put(self, what: str, given: object) -> None:
        answer = httpx.put(f"{self.url}/api/v1/{what}", json=given, timeout=WAIT_S)
        assert answer.status_code == 200, answer.text


@contextmanager
def gateway(folder: Path, *arguments: str) -> Iterator[Gateway]:
    """It runs, and has heard its meter, which reports twice a second."""
    folder.mkdir(parents=True, exist_ok=True)
    recording = folder / "meter.p1"
    recording.write_bytes(telegram())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", NOWHERE)
        program = Program(
            folder / "gateway", "--source", f"replay:{recording}?interval=0.5", *arguments
        )
    try:
        url = asyncio.run(program.url())
        asyncio.run(report_of(url))
        yield Gateway(program, url)
    finally:
        program.process.kill()
        program.process.wait(timeout=WAIT_S)


def client_program(name: str) -> str:
    """A program of .venv-clients; skips where it was not made."""
    if not (CLIENTS / name).exists():
        pytest.skip("no .venv-clients; make it with `make clients`")
    return str(CLIENTS / name)


def saw(*wanted: dict[str, Any]) -> list[Any]:
    """What clients of `clients.py` saw, one after the other."""
    done = subprocess.run(
        [client_program("python"), str(Path(__file__).with_name("clients.py"))],
        check=False,
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=CLIENTS_S,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    sys.stderr.write(done.stderr)
    found: list[Any] = json.loads(done.stdout)
    return found
