"""The page of one meter: live value, charts, what stands in the address."""

from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, expect
from tests.web.conftest import Visitor
from tests.web.made_up import FLAT, HOUSE, ZONE
from tests.web.stand_in import StandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUMMER_NOON = datetime(2026, 6, 15, 13, 0, tzinfo=ZONE)
CLOCK_CHANGE = datetime(2026, 10, 26, 13, 0, tzinfo=ZONE)


def at(cloud: StandIn, moment: datetime) -> None:
    """Sets the cloud's clock; the pages follow it."""
    cloud.ahead = moment - datetime.now(tz=ZONE)


async def drawn(page: Page, chart: str) -> None:
    """Waits until a chart has been drawn."""
    await page.get_by_test_id(chart).locator("canvas").wait_for()


async def test_the_big_number_has_direction_unit_and_full_precision(
    cloud: StandIn, visitor: Visitor
) -> None:
    """At noon the panels export: a word, the quantity's code and its exact value
    (web/README.md, 1 and 3).
    """
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        power = page.get_by_test_id("power-now")
        await expect(page.get_by_test_id("hero")).to_contain_text("to the grid")
        await expect(power).to_have_attribute("data-obis", "2.7.0")
        await expect(power.locator(".unit")).to_have_text("\u202fkW")
        cloud.beat_s = None
        exported = cloud.told[HOUSE.id]["2.7.0"]
        await expect(power).to_have_attribute("data-value", f"{exported:g}")


async def test_every_value_can_be_read_by_its_code(cloud: StandIn, visitor: Visitor) -> None:
    """All values of the last reading stand in the table with code and full value
    (web/README.md, hooks).
    """
    async with visitor.opens(f"/meters/{FLAT.id}") as page:
        await page.locator("summary", has_text="All 18 values it sends").click()
        table = page.get_by_test_id("everything")
        await table.get_by_text("Voltage, phase L2").wait_for()
        voltage = table.locator('[data-obis="52.7.0"]')
        await expect(voltage).to_have_attribute("data-value", "231.3")
        await expect(voltage).to_have_text("231.3\u202fV")


async def test_a_chart_is_walked_by_keyboard_and_has_its_table(
    cloud: StandIn, visitor: Visitor
) -> None:
    """Arrow keys read out each value, a hole as a hole, and the table has the same rows
    (WCAG 2.2, 1.1.1).
    """
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        await drawn(page, "energy-chart")
        chart = page.get_by_test_id("energy-chart")
        slider = chart.get_by_role("slider")
        await slider.focus()
        await page.keyboard.press("End")
        await expect(slider).to_have_attribute(
            "aria-valuetext", r := await slider.get_attribute("aria-valuetext") or ""
        )
        assert r.startswith("Today, Import ")
        assert "Export " in r
        await page.keyboard.press("Home")
        said = [await slider.get_attribute("aria-valuetext")]
        for _ in range(13):
            await page.keyboard.press("ArrowRight")
            said.append(await slider.get_attribute("aria-valuetext"))
        assert [text for text in said if text and "Nothing measured" in text]
        await chart.get_by_role("button", name="Table").click()
        assert await chart.get_by_role("row").count() == 15
        assert await chart.get_by_role("cell", name="–").count() > 0


async def test_a_day_is_chosen_and_stands_in_the_address(cloud: StandIn, visitor: Visitor) -> None:
    """Going back a day changes the address, a reload keeps it, today takes it away
    (web/README.md, 4).
    """
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        chart = page.get_by_test_id("power-chart")
        await drawn(page, "power-chart")
        await chart.get_by_role("button", name="Day before", exact=True).click()
        await expect(chart.get_by_role("heading")).to_have_text("Power on Sun 14 Jun")
        assert "day=2026-06-14" in page.url
        await page.reload()
        await expect(chart.get_by_role("heading")).to_have_text("Power on Sun 14 Jun")
        await chart.get_by_role("button", name="choose another day").click()
        await page.get_by_label("Day", exact=True).fill("2026-07-01")
        await page.get_by_role("button", name="Show day").click()
        await page.get_by_text("This day has not begun yet").wait_for()
        await page.keyboard.press("Escape")
        await chart.get_by_role("button", name="Day after").click()
        await expect(chart.get_by_role("heading")).to_have_text("Power today")
        assert "day=" not in page.url


async def test_dragging_looks_closer_and_a_double_click_goes_back(
    cloud: StandIn, visitor: Visitor
) -> None:
    """A dragged span is asked for and drawn, and stands in the address (web/README.md, 4)."""
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        await drawn(page, "power-chart")
        plot = page.get_by_test_id("power-chart").get_by_role("slider")
        box = await plot.bounding_box()
        assert box
        middle = box["y"] + box["height"] / 2
        await page.mouse.move(box["x"] + box["width"] * 0.3, middle)
        await page.mouse.down()
        await page.mouse.move(box["x"] + box["width"] * 0.5, middle, steps=5)
        await page.mouse.up()
        await page.wait_for_url("**from=2026-06-15T0*")
        heading = page.get_by_test_id("power-chart").get_by_role("heading")
        await expect(heading).to_contain_text("Power, 0")
        await plot.dblclick()
        await expect(heading).to_have_text("Power today")


async def test_a_bar_leads_to_its_day(cloud: StandIn, visitor: Visitor) -> None:
    """Enter on a bar shows the power of that day (web/README.md, 7)."""
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        await drawn(page, "energy-chart")
        await page.get_by_test_id("energy-chart").get_by_role("slider").focus()
        await page.keyboard.press("Home")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**day=2026-06-02")


async def test_the_day_before_is_drawn_beside_today(cloud: StandIn, visitor: Visitor) -> None:
    """The comparison asks for the same span a day earlier, and its line has its own name
    (web/README.md, 4).
    """
    at(cloud, SUMMER_NOON)
    async with visitor.opens(f"/meters/{HOUSE.id}") as page:
        chart = page.get_by_test_id("power-chart")
        await drawn(page, "power-chart")
        await chart.get_by_role("button", name="Compare").click()
        await chart.get_by_text("Import, day before").wait_for()
        assert "compare=day" in page.url


async def test_a_day_of_25_hours_says_so(cloud: StandIn, visitor: Visitor) -> None:
    """The day the clock goes back is named with its hours (web/README.md, 9)."""
    at(cloud, CLOCK_CHANGE)
    async with visitor.opens(f"/meters/{FLAT.id}") as page:
        await drawn(page, "energy-chart")
        slider = page.get_by_test_id("energy-chart").get_by_role("slider")
        await slider.focus()
        await page.keyboard.press("End")
        await page.keyboard.press("ArrowLeft")
        await expect(slider).to_have_attribute(
            "aria-valuetext", (await slider.get_attribute("aria-valuetext")) or ""
        )
        assert "a day of 25 hours" in ((await slider.get_attribute("aria-valuetext")) or "")


async def test_another_time_zone_is_named(visitor: Visitor) -> None:
    """A viewer elsewhere is told whose times these are (web/README.md, 9)."""
    async with visitor.opens(f"/meters/{FLAT.id}", timezone_id="America/New_York") as page:
        await page.get_by_text("Times are the meter’s own: Europe/Zurich.").wait_for()


async def test_a_value_older_than_three_intervals_fades(cloud: StandIn, visitor: Visitor) -> None:
    """A silent meter keeps its last number, paler, with its age in words (web/README.md, 6)."""
    cloud.age_s, cloud.beat_s = 31.0, None
    async with visitor.opens(f"/meters/{FLAT.id}") as page:
        await page.get_by_text("No new value for a while; this one is from 3").wait_for()
        faded = page.get_by_test_id("hero").locator(".flow")
        assert float(await faded.evaluate("each => getComputedStyle(each).opacity")) < 1


async def test_a_meter_that_never_spoke_has_a_dash_and_its_reason(
    cloud: StandIn, visitor: Visitor
) -> None:
    """Without any reading there is no 0 but a dash that says why when focused
    (web/README.md, 2).
    """
    cloud.age_s, cloud.beat_s = None, None
    async with visitor.opens(f"/meters/{FLAT.id}") as page:
        dash = page.get_by_test_id("power-now")
        await expect(dash).to_contain_text("–")
        assert await dash.get_attribute("data-value") is None
        await dash.focus()
        await expect(dash.get_by_role("note")).to_be_visible()
        await page.get_by_role("heading", name="Nothing received yet").wait_for()


async def test_an_unknown_meter_is_said_by_name(visitor: Visitor) -> None:
    """An address of no meter names what was looked for (web/README.md, 5)."""
    async with visitor.opens("/meters/XX-1", refused=True) as page:
        title = page.get_by_role("heading", level=1)
        await expect(title).to_have_text("There is no meter XX-1")


async def test_a_lost_stream_says_so_and_comes_back(cloud: StandIn, visitor: Visitor) -> None:
    """An interrupted live stream is told, and is opened anew by itself (HTML standard, 9.2)."""
    cloud.fails["/api/live"] = 503
    async with visitor.opens(f"/meters/{FLAT.id}", refused=True) as page:
        await page.get_by_text("Live values are interrupted; trying again.").wait_for()
        cloud.fails.clear()
        await expect(page.locator(".page")).to_have_attribute("data-live", "on")


async def test_the_viewers_wrong_clock_does_not_age_the_values(
    cloud: StandIn, visitor: Visitor
) -> None:
    """A device an hour off still says seconds, for the server tells the age (web/README.md, 6)."""
    cloud.ahead = timedelta(hours=1)
    async with visitor.opens(f"/meters/{FLAT.id}") as page:
        await expect(page.get_by_test_id("age")).to_have_text("0 s ago")
