"""Ports, keys and doubts in a whole gateway.  Source: REST/MQTT 2.0, 2.3 and 6.3."""

import asyncio
import os
import pty
import termios
import tty
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from tests.house.program import MEMORY_KB, WAIT_S, program, report_of
from tests.wire.telegrams import KEYS, LINES, ROWS, hdlc, notification, p1, sealed

from ohmstead.errors import BadInput
from ohmstead.house import gateway as house
from ohmstead.settings.gateway import GatewayOptions, Secret


async def test_a_serial_meter_under_a_key_is_found_and_the_key_is_in_no_log(tmp_path: Path) -> None:
    """Ports and Security: a program on a (pseudo-terminal) serial line, its setting searched, its
    key from the environment, which no log shows."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    pushing = hdlc(b"\xe6\xe7\x00" + sealed(notification(ROWS)[3:]))
    over = asyncio.Event()

    async def push() -> None:
        while not over.is_set():
            if termios.tcgetattr(master)[4] == termios.B2400:
                os.write(master, pushing)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.1)

    meter = asyncio.create_task(push())
    assert KEYS.authentication
    secrets = {
        "OHMSTEAD_KEY": KEYS.encryption.hex(),
        "OHMSTEAD_AUTH_KEY": KEYS.authentication.hex(),
    }
    (tmp_path / "gw").mkdir()
    (tmp_path / "gw" / "line").write_text(
        '{"baudrate": 2400, "parity": "even", "stopbits": 1, "databits": 8}'
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in secrets.items():
            patch.setenv(name, value)
        source = f"serial:{os.ttyname(slave)}"
        async with program(tmp_path / "gw", "--source", source) as gateway:
            report = await report_of(await gateway.url())
            log, resident_kb = gateway.said(), gateway.resident_kb()
    over.set()
    await meter
    os.close(slave)
    os.close(master)
    assert report["meter"]["status"] == "OK"
    assert report["report"]["instantaneous_power"]["active"]["positive"]["total"] == 1.234
    assert resident_kb < MEMORY_KB
    assert not [value for value in secrets.values() if value.lower() in log.lower()]


@pytest.mark.parametrize(
    "given",
    [
        {"key": Secret("00112233445566778899AABBCCDDEEFX")},
        {"key": Secret("00112233445566778899AABBCCDDEE")},
        {"authentication_key": Secret("00112233445566778899AABBCCDDEEFF")},
    ],
)
def test_a_key_that_is_wrong_is_explained_and_not_shown(given: dict[str, Secret]) -> None:
    """Security: "Keys never appear in a log, an error or a repr"."""
    told = GatewayOptions(source="tcp://127.0.0.1:1", data=Path("x"), **given)
    with pytest.raises(BadInput, match="key") as found:
        house.keys(told)
    assert "00112233" not in str(found.value) + repr(found.value) + repr(told)
    assert found.value.__cause__ is None


async def test_what_is_not_plausible_is_warned_of_once(tmp_path: Path) -> None:
    """A wrong scaler: one line in the log, and the value with its limits under /api/v1/system."""
    file = tmp_path / "meter.bin"
    file.write_bytes(p1([*LINES, "1-0:52.7.0(2357.0*V)"]))
    async with program(tmp_path / "gw", "--source", f"replay:{file}?interval=0.01") as gateway:
        url = await gateway.url()
        await report_of(url, at_least=3)
        async with httpx.AsyncClient(timeout=WAIT_S) as client:
            system = (await client.get(f"{url}/api/v1/system")).json()
        log = gateway.said()
    assert system["meter"]["implausible"] == [
        {"obis": "52.7.0", "value": 2357, "expected": "80 to 300 V"}
    ]
    assert "16.7.0" in system["meter"]["derived"]
    assert log.count("not plausible") == 1
