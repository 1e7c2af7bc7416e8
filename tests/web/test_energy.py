"""The page "Where did the energy go?": its numbers, its charts, and how they are reached."""

import re

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
        parts = page.get_by_test_id("breakdown")
        await parts.get_by_text("Untracked").wait_for()
        await expect(parts.get_by_role("list").last).to_contain_text(
            "Bakery"
        )  # apart from the tree
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


async def test_what_it_costs(cloud: StandIn, visitor: Visitor) -> None:
    """On a phone: no tariff, one from a document that is refused first, given to the meter; then a
    bill that says what of it is not known, and a day without cost is a gap (docs/tariffs.md).
    """
    cloud.costs.contracts.clear()
    path = f"/meters/{FLAT.id}/energy"
    async with visitor.opens(path, width=360, locale="de-DE", refused=True) as page:
        costs, dialog = page.get_by_test_id("costs"), page.get_by_role("dialog")
        await costs.get_by_text("gilt für diesen Zähler kein Tarif").wait_for()
        assert not [path for _, path, _ in cloud.asked if path.endswith("/costs")]
        await costs.get_by_role("button", name="Tarif zuweisen").click()
        document = dialog.get_by_label("Tarif (JSON)")
        right = await document.input_value()
        for wrong, told in (
            ("[]", "kein JSON-Objekt"),
            (right.replace("charges", "x"), "are none"),
        ):
            await document.fill(wrong)
            await dialog.get_by_role("button", name="Tarif hinzufügen").click()
            await dialog.get_by_text(told).wait_for()
            await expect(document).to_be_focused()
        assert await complaints(page) == []
        await document.fill(right)
        await dialog.get_by_role("button", name="Tarif hinzufügen").click()
        await dialog.get_by_label("Bis").fill("2099-01-01")
        await dialog.get_by_role("button", name="Tarif zuweisen").click()
        await costs.get_by_text("Summe bisher").wait_for()
        (given,) = [
            body for method, path, body in cloud.asked if "POST /api/meters" in f"{method} {path}"
        ]
        assert (given["tariff"], given["to"]) == (1, "2099-01-01")
        for text in ("Es wurde keine Energie gemessen", "haben keinen Preis", "MwSt. 8,1"):
            await costs.get_by_text(text).wait_for()
        await expect(costs.locator("summary [data-value]")).to_have_text("113,90\u00a0CHF")
        chart = page.get_by_test_id("cost-chart")
        await settled(page)
        await chart.get_by_role("slider").focus()
        for _ in range(4):
            await page.keyboard.press("ArrowRight")
        await expect(chart.get_by_role("slider")).to_have_attribute(
            "aria-valuetext", re.compile("Kosten nicht bekannt")
        )
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        assert await complaints(page) == []
