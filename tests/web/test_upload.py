"""Past readings on their page: a file is chosen, corrected, stored, and its energy is there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect
from tests.web.conftest import Visitor
from tests.web.test_all_pages import complaints, settled

from ohmstead.access import secrets
from ohmstead.access.roles import Role
from ohmstead.clock import SetClock
from ohmstead.dashboard.api import app
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.sessions import COOKIE, LIFE
from ohmstead.house.http import HttpServer, listen
from ohmstead.store.audit import By
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters
from ohmstead.store.people import People
from ohmstead.store.sessions import Sessions
from ohmstead.store.sites import Organisations, Sites

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEY = b"k" * 32
NOW = datetime(2035, 11, 21, 12, tzinfo=UTC)
"""Ahead of the machine, whose own time the database sweeps expired sessions by."""
QUARTERS = [f"{n // 4:02}:{n % 4 * 15:02}" for n in range(96)]
FILE = "Kunde;Muster AG\n\nDatum;Von;Bis;Verbrauch\n" + "".join(
    f"31.10.2035;{begin};{end};{'eins' if begin == '01:00' else '250,0'}\n"
    for begin, end in zip(QUARTERS, [*QUARTERS[1:], "00:00"], strict=True)
)
"""A day of a utility's portal, 250 Wh a quarter of an hour, one of which is no number."""


@asynccontextmanager
async def dashboard(database_url: str, pages: Path) -> AsyncIterator[tuple[str, str]]:
    """Our pages over a meter without readings; gives their address, and a manager's cookie."""
    clock, token = SetClock(NOW), secrets.new_token()
    async with Database(database_url) as database:
        of = await Organisations(database).add("Works")
        site = await Sites(database).add("House", of.id, "Europe/Zurich")
        given = {"type": "electricity", "interval_s": 900.0, "reading": "interval"}
        await Meters(database).add("m1", site.id, **given)  # type: ignore[arg-type]
        user = await People(database).add("ann@example.org", Role.MANAGER, of.id)
        digest = secrets.digest(KEY, token)
        await Sessions(database).begin(user, digest, NOW + LIFE, by=By(user.email, NOW))
        inside = app(database, Hub(), KEY, clock, pages=pages)
        async with HttpServer(inside, listen("127.0.0.1", 0, "the pages")) as server:
            yield f"http://127.0.0.1:{server.port}", token


async def choose(page: Page, name: str, data: bytes) -> None:
    """Choose a file, and wait until it was looked at."""
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": data}
    await page.locator("input[type=file]").set_input_files(file)
    await expect(page.locator("[data-stage=looked]")).to_be_visible()
    await settled(page)


async def test_past_readings_come_from_a_file(
    browser: Browser, database_url: str, pages: Path
) -> None:
    """docs/imports.md, "On the pages": chosen, corrected, stored, and what became of each line."""
    async with dashboard(database_url, pages) as (url, token):
        visitor = Visitor(browser, url)
        cookie = {"name": COOKIE, "value": token, "domain": "127.0.0.1", "path": "/"}
        kept = {"cookies": [cookie], "origins": list[str]()}
        async with visitor.opens("/meters/m1", storage_state=kept, accept_downloads=True) as page:
            await page.get_by_role("link", name="Add past readings").click()
            await choose(page, "book.xlsx", b"PK\x03\x04")
            await page.get_by_text("This is an Excel workbook").wait_for()
            await choose(page, "load.csv", FILE.encode("cp1252"))
            preview = page.get_by_test_id("preview")
            await preview.get_by_text("31/10/2035, 00:15 CET").wait_for()
            await preview.get_by_text("Verbrauch: this is no number").wait_for()
            group = page.get_by_role("group", name="Verbrauch")
            await group.get_by_label("Unit").select_option("Wh")
            await preview.get_by_text("0.25\u202fkWh").first.wait_for()
            await page.get_by_role("button", name="Store readings").click()
            await page.get_by_role("heading", name="95 readings are new").wait_for()
            await page.get_by_text("Line 8").wait_for()
            assert await complaints(page) == []
            async with page.expect_download() as found:
                await page.get_by_role("button", name="Download these lines").click()
            refused = await (await found.value).path()
            assert refused.read_text("utf-8-sig").splitlines()[1].startswith("8,")
            await page.get_by_role("link", name="See the energy of that time").click()
            await page.get_by_text("23.8\u202fkWh in this period").wait_for()
        dark = {"width": 360, "locale": "de-DE", "color_scheme": "dark", "storage_state": kept}
        async with visitor.opens("/meters/m1/upload", **dark) as page:  # type: ignore[arg-type]
            await choose(page, "Lastgang.csv", FILE.encode("utf-16"))
            await page.locator("summary").click()
            assert await complaints(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth") <= 360
