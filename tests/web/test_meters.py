"""The list of meters."""

import pytest
from playwright.async_api import expect
from tests.web.conftest import Visitor
from tests.web.made_up import FLAT, GAS, HOUSE
from tests.web.stand_in import StandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_live_values_move_and_are_what_the_server_says(
    cloud: StandIn, visitor: Visitor
) -> None:
    """The number in the list is the last live reading, in full in data-value
    (web/README.md, hooks).
    """
    async with visitor.opens("/") as page:
        counter = page.locator(f'[data-meter="{FLAT.id}"][data-obis="1.8.0"]')
        before = await counter.get_attribute("data-value")
        await expect(counter).not_to_have_attribute("data-value", before or "")
        cloud.beat_s = None
        power = page.locator(f'[data-meter="{HOUSE.id}"][data-testid="power"]')
        told = cloud.told[HOUSE.id]
        obis = "2.7.0" if told["2.7.0"] else "1.7.0"
        await expect(power).to_have_attribute("data-obis", obis)
        await expect(power).to_have_attribute("data-value", f"{told[obis]:g}")


async def test_a_meter_that_counts_no_power_shows_its_counter(visitor: Visitor) -> None:
    """A gas meter shows cubic metres in full, in its locale (web/README.md, 1)."""
    async with visitor.opens("/", locale="de-DE") as page:
        counter = page.locator(f'[data-meter="{GAS.id}"][data-obis="value"]')
        await expect(counter).to_have_text("1.873,412\u202fm³")


async def test_an_installation_without_meters_says_the_next_step(
    cloud: StandIn, visitor: Visitor
) -> None:
    """An empty list says what it will show, and how to begin (web/README.md, 5)."""
    cloud.empty = True
    async with visitor.opens("/") as page:
        await page.get_by_role("heading", name="No meters yet").wait_for()
        await page.get_by_text("ohmstead admin meter add").wait_for()


async def test_a_row_is_opened_by_keyboard(cloud: StandIn, visitor: Visitor) -> None:
    """The link of a row is focused and followed by keyboard; the new title is focused
    (WCAG 2.2, 2.1.1).
    """
    async with visitor.opens("/") as page:
        await page.get_by_role("link", name="Flat 3").focus()
        await page.keyboard.press("Enter")
        await page.wait_for_url(cloud.url + f"/meters/{FLAT.id}")
        await expect(page.get_by_role("heading", level=1)).to_be_focused()
        await expect(page).to_have_title("Flat 3: How much power right now? · Ohmstead")


async def test_a_search_stands_in_the_address(visitor: Visitor) -> None:
    """The words of a search survive a reload, and finding nothing says so (web/README.md, 4)."""
    async with visitor.opens("/?find=linden") as page:
        await page.get_by_role("link", name="Heat pump").wait_for()
        assert await page.get_by_role("row").count() == 3  # the head and two of five
        await page.get_by_role("searchbox").fill("nowhere")
        await page.get_by_text("No meter is called “nowhere”").wait_for()
        assert page.url.endswith("?find=nowhere")


async def test_an_error_names_its_request_and_can_be_tried_again(
    cloud: StandIn, visitor: Visitor
) -> None:
    """A failed answer shows the request id and a way on (web/README.md, 5)."""
    cloud.fails["/api/meters"] = 500
    async with visitor.opens("/", refused=True) as page:
        await expect(page.get_by_role("alert")).to_contain_text("Request r-7")
        cloud.fails.clear()
        await page.get_by_role("button", name="Try again").click()
        await page.get_by_role("link", name="Flat 3").wait_for()


async def test_what_is_not_allowed_is_said(cloud: StandIn, visitor: Visitor) -> None:
    """A forbidden view says so, and not that something broke (web/README.md, 5)."""
    cloud.fails["/api/meters"] = 403
    async with visitor.opens("/", refused=True) as page:
        await page.get_by_role("heading", name="This is not for your role").wait_for()


async def test_without_a_connection_the_last_data_stay(visitor: Visitor) -> None:
    """Offline, the list stays and a banner tells since when; it goes with the connection
    (web/README.md, 5).
    """
    async with visitor.opens("/", refused=True) as page:
        await page.get_by_role("link", name="Flat 3").wait_for()
        await page.context.set_offline(True)
        await page.get_by_text("No connection to the server. You see what was known").wait_for()
        await page.get_by_role("link", name="Flat 3").wait_for()
        await page.context.set_offline(False)
        await expect(page.get_by_text("No connection to the server.")).to_have_count(0)


async def test_a_session_that_ended_leads_to_sign_in(cloud: StandIn, visitor: Visitor) -> None:
    """When the server no longer knows the session, sign-in says why (web/README.md, 5)."""
    async with visitor.opens("/", refused=True) as page:
        await page.get_by_role("link", name="Flat 3").wait_for()
        cloud.signed_in = False
        await page.get_by_role("link", name="Flat 3").click()
        await page.get_by_text("Your session has ended").wait_for()
