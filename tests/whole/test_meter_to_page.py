"""The whole way with real parts: a meter's bytes on a socket become the number on the page."""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import expect
from tests.whole.conftest import MAC, Cloud
from tests.whole.programs import Wire, browser, running

from ohmstead.reading.units import kept
from ohmstead.simulate import Simulated
from ohmstead.wire.recognise import Recogniser
from ohmstead.wire.telegram import Telegram

RECORDED = ("dlms/aidon-6534-1", "dlms/aidon-6534-2", "dsmr/kaifa-dsmr42-1", "dsmr/fluvius-emucs-2")
SHOWN_MS = 30_000


async def _repeated(wire: Wire, telegram: bytes) -> None:
    """A meter that says the same every second."""
    await wire.connected.wait()
    while True:
        await wire.send(telegram)
        await asyncio.sleep(1)


async def _seen_on_the_page(
    cloud: Cloud, place: Path, chromium: Path, telegram: bytes, obis: str, value: float
) -> None:
    async with cloud.up() as program, Wire() as wire:
        link = (await program.says(r"(http://\S+/sign-in/\S+)"))[1]
        uplink = await cloud.with_device(place)
        meter = asyncio.create_task(_repeated(wire, telegram), name="meter")
        arguments = ["--source", wire.url, "--http", "127.0.0.1:0", "--uplink", uplink]
        try:
            async with (
                running("gateway", *arguments, "--data", place / "gateway"),
                browser(chromium) as page,
            ):
                await page.goto(link)
                await page.wait_for_url(lambda url: "sign-in" not in url)
                await page.goto(f"{link.split('/sign-in')[0]}/meters/{MAC}")
                shown = page.locator(f'[data-meter="{MAC}"][data-obis="{obis}"]').first
                written = repr(value).removesuffix(".0")
                await expect(shown).to_have_attribute("data-value", written, timeout=SHOWN_MS)
        finally:
            meter.cancel()
            with suppress(asyncio.CancelledError):
                await meter


async def test_a_simulated_telegram_is_the_number_on_the_page(
    cloud: Cloud, place: Path, chromium: Path
) -> None:
    """Socket, gateway, TLS, NATS, PostgreSQL, API, Chromium: the import counter is unchanged."""
    telegram = Simulated("hdlc-aidon", 7).telegram(datetime(2025, 6, 1, 12, 0, 10, tzinfo=UTC))
    found = next(each for each in Recogniser().feed(telegram) if isinstance(each, Telegram))
    said = found.values["1.8.0"]
    assert not isinstance(said.value, str)
    value, _ = kept(said.value, said.unit)
    await _seen_on_the_page(cloud, place, chromium, telegram, "1.8.0", value)


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_telegram_is_the_number_on_the_page(
    cloud: Cloud, place: Path, chromium: Path, corpus: Path, name: str
) -> None:
    """The number in the page equals what the corpus expects of a real meter's telegram."""
    recorded = json.loads((corpus / "telegrams" / f"{name}.json").read_text())
    obis = "1.8.0" if "1.8.0" in recorded["expected"] else "1.8.1"
    expected = recorded["expected"][obis]
    value, _ = kept(expected["value"], expected["unit"])
    raw = bytes.fromhex(recorded["raw_hex"])
    await _seen_on_the_page(cloud, place, chromium, raw, obis, value)
