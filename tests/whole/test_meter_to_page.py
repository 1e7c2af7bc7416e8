"""The whole way with real parts: a meter's bytes on a socket become the number on the page."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from tests import memory
from tests.whole.conftest import Cloud
from tests.whole.programs import Wire, browser, free_ports, running

from ohmstead.reading.units import kept
from ohmstead.simulate import Simulated
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

pytestmark = pytest.mark.asyncio(loop_scope="module")

RECORDED = ("dlms/aidon-6534-1", "dlms/aidon-6534-2", "dsmr/kaifa-dsmr42-1", "dsmr/fluvius-emucs-2")
SHOWN_MS = 30_000


async def _repeated(wire: Wire, telegram: bytes) -> None:
    """A meter that says the same every second."""
    await wire.connected.wait()
    while True:
        await wire.send(telegram)
        await asyncio.sleep(1)


@dataclass
class Stage:
    """A running cloud, a browser that is signed in to it, and room for gateways."""

    cloud: Cloud
    page: Page
    url: str
    place: Path
    site: str
    macs: Iterator[str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(chromium: Path) -> AsyncIterator[Stage]:
    """Started once: it is what comes in that differs."""
    with memory.folder() as place:
        http, https, mqtts = free_ports(3)
        cloud = Cloud(place / "cloud", (http, https, mqtts))
        async with cloud.up() as program, browser(chromium) as page:
            link = (await program.says(r"(http://\S+/sign-in/\S+)"))[1]
            await page.goto(link)
            await page.wait_for_url(lambda url: "sign-in" not in url)
            macs = (f"024F4800{number:04X}" for number in count(1))
            url = link.split("/sign-in")[0]
            yield Stage(cloud, page, url, place, await cloud.site(), macs)


async def _seen_on_the_page(stage: Stage, telegram: bytes, obis: str, value: float) -> None:
    mac = next(stage.macs)
    uplink = await stage.cloud.device(stage.place, stage.site, mac)
    async with Wire() as wire:
        meter = asyncio.create_task(_repeated(wire, telegram), name="meter")
        arguments = ["--source", wire.url, "--http", "127.0.0.1:0", "--uplink", uplink]
        try:
            async with running("gateway", *arguments, "--data", stage.place / mac):
                await stage.page.goto(f"{stage.url}/meters/{mac}")
                shown = stage.page.locator(f'[data-meter="{mac}"][data-obis="{obis}"]').first
                written = repr(value).removesuffix(".0")
                await expect(shown).to_have_attribute("data-value", written, timeout=SHOWN_MS)
        finally:
            meter.cancel()
            with suppress(asyncio.CancelledError):
                await meter


async def test_a_simulated_telegram_is_the_number_on_the_page(
    stage: Stage,
) -> None:
    """Socket, gateway, TLS, NATS, PostgreSQL, API, Chromium: the import counter is unchanged."""
    telegram = Simulated("hdlc-aidon", 7).telegram(datetime(2025, 6, 1, 12, 0, 10, tzinfo=UTC))
    found = next(each for each in Recogniser().feed(telegram) if isinstance(each, Telegram))
    said = found.values["1.8.0"]
    assert not isinstance(said.value, str)
    value, _ = kept(said.value, said.unit)
    await _seen_on_the_page(stage, telegram, "1.8.0", value)


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_telegram_is_the_number_on_the_page(
    stage: Stage, corpus: Path, name: str
) -> None:
    """The number in the page equals what the corpus expects of a real meter's telegram."""
    recorded = json.loads((corpus / "telegrams" / f"{name}.json").read_text())
    obis = "1.8.0" if "1.8.0" in recorded["expected"] else "1.8.1"
    expected = recorded["expected"][obis]
    value, _ = kept(expected["value"], expected["unit"])
    raw = bytes.fromhex(recorded["raw_hex"])
    await _seen_on_the_page(stage, raw, obis, value)
