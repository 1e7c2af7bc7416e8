"""The page "Where did the energy go?": its numbers, its charts, and how they are reached."""

import pytest
from playwright.async_api import expect
from tests.web.conftest import Visitor
from tests.web.made_up import FLAT
from tests.web.stand_in import StandIn
from tests.web.test_all_pages import complaints, settled

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_where_the_energy_went(cloud: StandIn, visitor: Visitor) -> None:
    """On a phone in the dark: the answers in numbers and words, by keyboard too, and all of it fits
    (web/README.md, What holds; WCAG 2.2).
    """
    async with visitor.opens(f"/meters/{FLAT.id}", width=360, color_scheme="dark") as page:
        await page.get_by_role("link", name="Energy in detail").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Where did the energy go?")
        await page.get_by_text("20% more than: Period before").wait_for()
        await expect(page.get_by_test_id("compared-chart")).to_have_attribute("data-points", "31")
        await expect(page.get_by_test_id("peaks").locator("[data-value]")).to_have_count(2)
        base = page.get_by_test_id("load-duration").locator("[data-value]")
        await expect(base).to_have_attribute("data-value", "0.2")
        await page.get_by_test_id("breakdown").get_by_text("Untracked").wait_for()
        own = page.get_by_test_id("own-use").locator("[data-value]")
        await expect(own.first).to_have_text("80%")
        heat = page.get_by_test_id("heat-map").get_by_role("slider")
        await heat.focus()
        await page.keyboard.press("ArrowDown")
        await expect(heat).to_have_attribute("aria-valuetext", value := (
            await heat.get_attribute("aria-valuetext") or ""
        ))  # fmt: skip
        assert ", 01:00: " in value
        await settled(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await complaints(page) == []
        await page.get_by_role("radio", name="7 days").check()
        await expect(page.get_by_test_id("compared-chart")).to_have_attribute("data-points", "7")
        assert "span=week" in page.url
