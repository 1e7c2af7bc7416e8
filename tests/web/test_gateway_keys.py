"""The pages of a gateway that lacks a key, has a password, is claimed, and starts anew."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from tests.web.conftest import Visitor
from tests.web.gateways import CLAIM, KEY, Gateway, gateway, uplink_with_claim

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse battery"  # made up
ID = "A842E39F8124"
SLOW_MS = 45_000
"""This meter sends every ten seconds."""


@pytest_asyncio.fixture(loop_scope="session")
async def sealed(pages: Path, tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway at an Austrian meter that encrypts, with an uplink that has a claim code."""
    uplink = uplink_with_claim(tmp_path)
    async with gateway(tmp_path / "data", "p1-at", "--uplink", str(uplink)) as running:
        yield running


async def test_a_meter_that_encrypts_asks_for_its_key_where_it_is_seen(
    sealed: Gateway, browser: Browser
) -> None:
    """`meter.status` KEY REQUIRED, then ENCRYPTION KEY, then OK: each with what to do, and the form
    right there (REST/MQTT 2.0, 2.3 and 6.3); the key is never shown again.  The claim code of the
    uplink file is shown, also as a picture to scan, and stands in no log.
    """
    async with Visitor(browser, sealed.url).opens("/") as page:
        status = page.get_by_test_id("status")
        await expect(status).to_have_attribute("data-status", "KEY REQUIRED", timeout=SLOW_MS)
        await expect(status.get_by_role("heading")).to_have_text("The meter needs a key")
        assert await status.get_by_role("listitem").count() == 3
        key = status.get_by_label("Encryption key")
        await key.fill("123")
        await status.get_by_role("button", name="Use these keys").click()
        await status.get_by_text("does not fit Encryption key").wait_for()
        await key.fill("F" * 32)
        await status.get_by_role("button", name="Use these keys").click()
        await expect(status).to_have_attribute("data-status", "ENCRYPTION KEY", timeout=SLOW_MS)
        await status.get_by_text("Set: 32 characters.").wait_for()
        await key.fill(KEY)
        await status.get_by_role("button", name="Use these keys").click()
        await expect(status).to_have_count(0, timeout=SLOW_MS)
        power = page.get_by_test_id("power-now")
        await expect(power).to_have_attribute("data-obis", re.compile(r"^(1|2|16)\.7\.0$"))
        await expect(page.get_by_test_id("claim")).to_have_text(CLAIM)
        await expect(page.get_by_role("img", name="QR code of this device")).to_be_visible()
        assert KEY not in await page.content()
        await page.goto(f"{sealed.url}/logs.html")
        await expect(page.get_by_test_id("logs")).to_contain_text("gateway runs")
        assert CLAIM not in await page.content()
    port = await sealed.get("/api/v1/meter/settings")
    assert (port["encryption"], port["encryption_key_len"]) == (True, 32)
    log = sealed.process.said()
    assert KEY not in log
    assert CLAIM not in log


async def test_the_pages_work_behind_the_password(sealed: Gateway, browser: Browser) -> None:
    """Interop 1.3: Digest MD5-sess with an empty user name, as the browser's own dialogue does it;
    the pages themselves are behind the door too.
    """
    await sealed.put("/api/v1/settings", {"system": {"protection": True, "password": PASSWORD}})
    visitor = Visitor(browser, sealed.url)
    credentials = {"username": "", "password": PASSWORD}
    async with visitor.opens("/device.html", refused=True, http_credentials=credentials) as page:
        await expect(page.get_by_role("switch", name="Ask for the password")).to_be_checked()
        await page.get_by_label("Name", exact=True).fill("Cellar")
        form = page.locator("form").filter(has=page.get_by_label("Host name"))
        await form.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved.").wait_for()
    context = await browser.new_context()
    answer = await context.request.get(f"{sealed.url}/")
    assert answer.status == 401
    assert "Digest" in answer.headers["www-authenticate"]
    await context.close()


async def test_a_restart_is_waited_for_and_a_reset_wants_its_word(
    sealed: Gateway, browser: Browser
) -> None:
    """REST/MQTT 2.0, 6.11 and 6.12: a restart is seen to the end, a reset asks for the id's."""
    await sealed.put("/api/v1/settings", {"system": {"name": "Cellar"}})
    async with Visitor(browser, sealed.url).opens("/device.html", refused=True) as page:
        await page.get_by_role("button", name="Restart").click()
        await page.get_by_role("dialog").get_by_role("button", name="Restart").click()
        await page.get_by_text("The gateway runs again.").wait_for(timeout=30_000)
        await page.get_by_role("button", name="Factory reset").click()
        dialog = page.get_by_role("dialog")
        word = dialog.get_by_label(f"Type {ID[-6:]} to go on")
        await word.fill("yes")
        await dialog.get_by_role("button", name="Reset everything").click()
        await dialog.get_by_text(f"That is not {ID[-6:]}").wait_for()
        assert (await sealed.get("/api/v1/settings"))["system"]["name"] == "Cellar"
        await word.fill(ID[-6:])
        async with page.expect_navigation(timeout=30_000):
            await dialog.get_by_role("button", name="Reset everything").click()
        await expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert (await sealed.get("/api/v1/settings"))["system"]["name"] == ""
