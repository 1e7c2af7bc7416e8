"""Real gateways behind the page tests: processes with simulated meters, and what they say."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.house.program import WAIT_S, Program, program
from tests.web.conftest import HOUSE

AXE = HOUSE / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
KEY = "000102030405060708090A0B0C0D0E0F"
"""Of the simulated meters that encrypt; `ohmstead simulate --list` prints it."""
CLAIM = "KITE-7Q4M"
NOWHERE = "unix:path=/nonexistent/bus"
"""A machine whose network is not the gateway's to set: tests must not touch this one's."""


@dataclass
class Gateway:
    """A running gateway."""

    url: str
    process: Program

    async def get(self, path: str) -> Any:
        """What it answers, as JSON."""
        async with httpx.AsyncClient(base_url=self.url, timeout=WAIT_S) as client:
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            return answer.json()

    async def put(self, path: str, given: object) -> None:
        """Changes settings."""
        async with httpx.AsyncClient(base_url=self.url, timeout=WAIT_S) as client:
            answer = await client.put(path, json=given)
            assert answer.status_code == 200, answer.text


@asynccontextmanager
async def gateway(folder: Path, model: str, *more: str) -> AsyncIterator[Gateway]:
    """A gateway that reads a simulated meter of this model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", NOWHERE)
        started = program(folder, "--source", f"simulate:{model}", *more)
        async with started as process:
            yield Gateway(await process.url(), process)


def uplink_with_claim(folder: Path) -> Path:
    """A cloud that cannot be reached, with a code to take the device over."""
    file = folder / "uplink.json"
    file.write_text(
        json.dumps(
            {
                "id": "A842E39F8124",
                "uri": "mqtts://127.0.0.1:1",
                "username": "A842E39F8124",
                "password": "made-up",
                "topic": "up/A842E39F8124",
                "certificate": "",
                "claim": CLAIM,
            }
        )
    )
    return file
