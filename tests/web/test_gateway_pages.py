"""The gateway's own pages in a real browser, with a real gateway and a simulated meter behind."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from tests.house.program import WAIT_S
from tests.web.conftest import Visitor
from tests.web.gateways import AXE, RULES, Gateway, gateway

from ohmstead.gateway.pages_api import PATHS

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(pages: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway at a Belgian meter with solar panels, gas and water."""
    async with gateway(tmp_path_factory.mktemp("home") / "data", "p1-be") as running:
        yield running


@pytest.fixture
def guest(browser: Browser, home: Gateway) -> Visitor:
    """Somebody at that gateway."""
    return Visitor(browser, home.url)


async def settled(page: Page) -> None:
    """Waits until the page has what it asked for."""
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)


async def coloured(page: Page, mode: str) -> None:
    """Changes the colours, and waits until no element is on its way to them."""
    await page.emulate_media(color_scheme=mode, reduced_motion="reduce")
    await page.evaluate(
        """async () => {
             await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
             await Promise.allSettled(document.getAnimations().map(each => each.finished));
           }"""
    )


async def complaints(page: Page) -> list[str]:
    """What axe finds, a line each."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("rules => axe.run({runOnly: rules})", list(RULES))
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_is_accessible_fits_a_phone_and_asks_nobody_else(
    guest: Visitor, path: str
) -> None:
    """Axe finds nothing in light and dark, nothing scrolls sideways at 360 px, and no other host
    is asked (WCAG 2.2, 1.4.10; the pages work without the internet).
    """
    async with guest.opens(path, width=360, locale="de-DE", refused=True) as page:
        await settled(page)
        for details in await page.locator("summary").all():
            await details.click()
        for mode in ("light", "dark"):
            await coloured(page, mode)
            assert await complaints(page) == [], mode
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        cut = await page.evaluate(
            """[...document.querySelectorAll('main *')].filter(each =>
                 each.clientWidth > 1 && each.getBoundingClientRect().right > 361
               ).map(each => each.outerHTML.slice(0, 120))"""
        )
        assert cut == []
        asked = await page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        assert asked
        assert [url for url in asked if not url.startswith(guest.url)] == []
        assert await page.evaluate("document.documentElement.lang") == "de"


class Listener:
    """A client of the live stream that counts its events."""

    def __init__(self) -> None:
        self.events = 0
        self.came = asyncio.Condition()

    async def listen(self, url: str) -> None:
        """Counts until the stream ends."""
        async with (
            httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client,
            client.stream("GET", "/api/v1/live") as stream,
        ):
            async for line in stream.aiter_lines():
                async with self.came:
                    self.events += line == "event: live"
                    self.came.notify_all()

    async def more(self) -> None:
        """Waits for two further events."""
        wanted = self.events + 2
        async with asyncio.timeout(WAIT_S), self.came:
            await self.came.wait_for(lambda: self.events >= wanted)


async def test_live_values_do_not_take_the_stream_from_another_client(
    home: Gateway, guest: Visitor
) -> None:
    """REST/MQTT 2.0, 3.2: "only one connection"; a page left open must not close it."""
    listener = Listener()
    listening = asyncio.create_task(listener.listen(home.url), name="listener")
    try:
        await listener.more()
        async with guest.opens("/") as page:
            net = page.get_by_test_id("everything").locator('[data-obis="16.7.0"]')
            await expect(net).to_have_attribute("data-value", re.compile(r"\d"))
            before = await net.get_attribute("data-value")
            await expect(net).not_to_have_attribute("data-value", before or "")
            await listener.more()
            assert not listening.done()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def test_the_big_number_has_its_direction_and_the_rest_its_place(guest: Visitor) -> None:
    """web/README.md, 1 and 3; counters in full, gas and water behind the meter."""
    async with guest.opens("/") as page:
        word = page.get_by_test_id("hero").locator(".word")
        await expect(word).to_have_text(re.compile("^(to|from) the grid$"))
        await expect(page.get_by_test_id("counter")).to_have_count(2)
        await expect(page.get_by_test_id("channel")).to_have_count(2)
        await expect(page.get_by_test_id("status")).to_have_count(0)
        await expect(page.get_by_test_id("claim")).to_have_count(0)


async def test_a_value_out_of_range_is_said_at_its_field_and_not_sent(
    home: Gateway, guest: Visitor
) -> None:
    """REST/MQTT 2.0, 6.2: `report_interval` is 1 to 3600; the range stands next to the field."""
    async with guest.opens("/mqtt.html") as page:
        field = page.get_by_label("Between two messages")
        await expect(field).to_have_value("30")
        hint = field.locator("xpath=../../p")
        await expect(hint).to_contain_text("From 1\u202fs to 3,600\u202fs.")
        form = page.locator("form").filter(has=field)
        await field.fill("4000")
        await form.get_by_role("button", name="Save").click()
        await expect(form.get_by_text("can be at most 3,600")).to_be_visible()
        await expect(field).to_be_focused()
        await field.fill("45")
        await form.get_by_role("button", name="Save").click()
        await page.get_by_text("Saved.").wait_for()
    assert (await home.get("/api/v1/settings"))["services"]["report_interval"] == 45


async def test_what_only_the_gateway_finds_wrong_stands_at_the_field_it_names(
    guest: Visitor,
) -> None:
    """REST/MQTT 2.0, 6.10: a fixed address needs its parts; the 400 names the first missing."""
    async with guest.opens("/network.html", refused=True) as page:
        form = page.locator("section", has=page.get_by_role("heading", name="Ethernet"))
        await form.get_by_role("switch", name="Fixed address").check()
        await form.get_by_role("button", name="Save").click()
        wrong = form.get_by_label("Address", exact=True)
        await expect(wrong).to_have_attribute("aria-invalid", "true")
        await expect(form.get_by_text("must not be 0.0.0.0")).to_be_visible()


async def test_a_machine_without_network_settings_says_so(home: Gateway, guest: Visitor) -> None:
    """503 of `wifi/scan` is shown in the gateway's own words, and the page goes on."""
    async with httpx.AsyncClient(base_url=home.url, timeout=WAIT_S) as client:
        answer = await client.get("/api/v1/wifi/scan")
    assert answer.status_code == 503
    async with guest.opens("/network.html", refused=True) as page:
        await page.get_by_role("button", name="Look for networks").click()
        await page.get_by_text(answer.json()["message"]).wait_for()
        await expect(page.get_by_role("button", name="Look for networks")).to_be_enabled()


async def test_a_template_is_previewed_and_a_password_never_shown(
    home: Gateway, guest: Visitor
) -> None:
    """REST/MQTT 2.0, 4: `password_len` in the place of a password; 4.1.1 templates."""
    async with guest.opens("/mqtt.html") as page:
        template = page.get_by_label("Template", exact=True)
        await template.fill('{"meter": "${meter.status}", "v": ')
        await page.locator("summary").click()
        await page.get_by_role("button", name="Add 32_7_0 to the template").click()
        await expect(template).to_have_value('{"meter": "${meter.status}", "v": ${32_7_0}')
        await template.press_sequentially("}")
        shown = page.get_by_test_id("preview")
        await expect(shown.locator("pre")).to_have_text(re.compile(r'"meter": "OK", "v": 2\d\d'))
        await expect(shown).to_contain_text("This is valid JSON.")
        broker = page.locator("form").filter(has=page.get_by_label("User", exact=True))
        await broker.get_by_label("Password", exact=True).fill("correct horse")
        await broker.get_by_role("button", name="Save").click()
        await broker.get_by_text("Set: 13 characters.").wait_for()
        await expect(broker.get_by_label("Password", exact=True)).to_have_value("")
        await broker.get_by_role("button", name="Remove: Password").click()
        await broker.get_by_text("Not set.").wait_for()
    assert (await home.get("/api/v1/mqtt/settings"))["password_len"] == 0


async def test_the_register_map_shows_addresses_and_values(home: Gateway, guest: Visitor) -> None:
    """Interop 1.2: the voltage of L1 stands in 1, the active power in 65."""
    async with guest.opens("/modbus.html", refused=True) as page:
        row = page.get_by_test_id("registers").get_by_role("row").filter(has_text="32.7.0").first
        await expect(row.get_by_role("cell").first).to_have_text("1")
        await expect(row.get_by_role("cell").last).to_have_text(re.compile(r"^2\d\d"))
        await page.get_by_label("Blocks as JSON").fill('[{"start_address": 7, "registers": [1]}]')
        await page.get_by_role("button", name="Save").last.click()
        await page.get_by_text("[0].registers[0]").wait_for()
        own = '[{"start_address": 7, "registers": [{"id": "1.8.0", "scaler": 3}]}]'
        await page.get_by_label("Blocks as JSON").fill(own)
        await page.get_by_role("button", name="Save").last.click()
        await page.get_by_text("Saved.").wait_for()
        await expect(page.get_by_test_id("registers").get_by_role("row")).to_have_count(2)
        await page.get_by_role("button", name="Back to the factory’s map").click()
        await page.get_by_role("dialog").get_by_role("button", name="Back to").click()
        await page.get_by_text("Deleted.", exact=True).wait_for()


async def test_an_action_is_defined_tried_and_followed(guest: Visitor) -> None:
    """REST/MQTT 2.0, 6.6: a definition that is wrong says where; the outcome of a call is shown."""
    async with guest.opens("/actions.html", refused=True) as page:
        written = page.get_by_label("Actions as JSON")
        await written.fill("{")
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("This is not JSON:").wait_for()
        await written.fill('{"actions": [{"id": "x", "requests": [{}]}]}')
        await page.get_by_role("button", name="Save").click()
        await page.get_by_text("actions[0].requests[0]").wait_for()
        request = '{"http": {"url": "http://127.0.0.1:1/", "timeout": 2}}'
        await written.fill('{"actions": [{"id": "lamp", "requests": [%s]}]}' % request)  # noqa: UP031
        await page.get_by_role("button", name="Save").click()
        await page.get_by_role("button", name="Call lamp").click()
        said = page.get_by_test_id("outcome").locator("p")
        await expect(said).to_have_attribute("data-code", "-17")
        await expect(said).to_contain_text("No connection to the device.")


async def test_the_card_is_recorded_to_downloaded_from_and_cleared(
    home: Gateway, guest: Visitor
) -> None:
    """REST/MQTT 2.0, 6.13, at the address of the device's own page, `/sd.html`."""
    async with guest.opens("/sd.html", refused=True) as page:
        await page.get_by_role("heading", name="No card yet").wait_for()
        await page.get_by_label("Between two rows").fill("1")
        await page.get_by_role("switch", name="Record", exact=True).check()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_test_id("card-state")).to_contain_text("Recording, a file a day.")
        async with asyncio.timeout(WAIT_S):
            while not (await home.get("/sdcard/"))["files"]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        (file,) = (await home.get("/sdcard/"))["files"]
        await page.reload()
        async with page.expect_download() as download:
            await page.get_by_role("link", name=file["name"]).click()
        text = (await (await download.value).path()).read_text()
        assert text.startswith("RID,TIME,MID,")
        await page.get_by_role("switch", name="Record", exact=True).uncheck()
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_test_id("card-state")).to_contain_text("Nothing is being recorded")
        await page.get_by_role("button", name=f"Delete {file['name']}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        await page.get_by_role("heading", name="Nothing here yet").wait_for()
    assert (await home.get("/sdcard/"))["files"] == []


async def test_an_update_that_is_none_is_refused_in_the_gateways_words(
    guest: Visitor, tmp_path: Path
) -> None:
    """REST/MQTT 2.0, 6.14: multipart to /load; without a file nothing is sent."""
    file = tmp_path / "upgrade_file.bin"
    file.write_bytes(b"no release")
    async with guest.opens("/update.html", refused=True) as page:
        await page.get_by_role("button", name="Install").click()
        await page.get_by_text("Choose a file first.").wait_for()
        await page.get_by_label("Release bundle").set_input_files(file)
        await page.get_by_role("button", name="Install").click()
        said = page.get_by_test_id("update-said")
        await expect(said.get_by_role("alert")).not_to_be_empty()


async def test_the_log_shows_what_it_has_been_doing(guest: Visitor) -> None:
    """The newest first, warnings can be picked out; the same lines are in the program's log."""
    async with guest.opens("/logs.html") as page:
        await expect(page.get_by_test_id("logs")).to_contain_text("gateway runs")
        await page.get_by_role("radio", name="Warnings and errors").check()
        await expect(page.get_by_test_id("logs")).not_to_contain_text("gateway runs")


async def test_pages_are_gone_to_by_keyboard(guest: Visitor) -> None:
    """A link of the navigation is followed by Enter, and the new title has the focus
    (WCAG 2.2, 2.1.1 and 2.4.3).
    """
    async with guest.opens("/") as page:
        await page.get_by_role("link", name="Meter", exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Is the meter read?")
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        assert page.url.endswith("/meter.html")
