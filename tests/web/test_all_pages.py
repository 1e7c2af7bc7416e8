"""What holds for every page: accessible, on every width, in both languages and modes, and light."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.web.conftest import HOUSE as CHECKOUT
from tests.web.conftest import Visitor
from tests.web.made_up import GAS, HOUSE
from tests.web.stand_in import StandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = CHECKOUT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PATHS = (
    "/sign-in",
    "/",
    f"/meters/{HOUSE.id}?compare=day",
    f"/meters/{GAS.id}",
    "/account",
    "/people",
    "/organisations",
    "/audit",
    "/mail",
    "/nowhere",
)
OPEN_PATHS = ("/sign-in", "/password", "/sign-up", "/join/invited", "/reset/forgotten")
FIRST_PAGE_KB = 170
"""Code and style of the first page, before compression."""


async def settled(page: Page) -> None:
    """Waits until the page has what it asked for and its charts are drawn."""
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    for chart in await page.locator("[data-points]").all():
        await chart.locator("canvas").wait_for()


async def complaints(page: Page) -> list[str]:
    """What axe finds, a line each."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("rules => axe.run({runOnly: rules})", list(RULES))
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("path", [*PATHS, *OPEN_PATHS[1:]])
async def test_axe_finds_nothing(cloud: StandIn, visitor: Visitor, path: str, mode: str) -> None:
    """No violation of WCAG 2.2 A and AA that can be found by machine (WCAG 2.2)."""
    cloud.signed_in = path not in OPEN_PATHS
    cloud.has_password = mode == "dark"
    async with visitor.opens(path, color_scheme=mode) as page:
        await settled(page)
        for details in await page.locator("summary").all():
            await details.click()
        assert await complaints(page) == []


@pytest.mark.parametrize("locale", ["de-DE", "en-GB"])
@pytest.mark.parametrize("path", [*PATHS, *OPEN_PATHS[1:]])
async def test_nothing_scrolls_sideways_on_a_phone(
    cloud: StandIn, visitor: Visitor, path: str, locale: str
) -> None:
    """At 360 px, which is also 1440 px at 400 % zoom, all fits the width (WCAG 2.2, 1.4.10)."""
    cloud.signed_in = path not in OPEN_PATHS
    cloud.has_password = False
    async with visitor.opens(path, width=360, locale=locale) as page:
        await settled(page)
        for details in await page.locator("summary").all():
            await details.click()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360
        cut = await page.evaluate(
            """[...document.querySelectorAll('main *')].filter(each =>
                 each.clientWidth > 1 && each.getBoundingClientRect().right > 361
               ).map(each => each.outerHTML.slice(0, 120))"""
        )
        assert cut == []


async def test_the_first_page_is_small_and_charts_come_later(visitor: Visitor, pages: Path) -> None:
    """The chart library is loaded with the first chart, not with the list (web/README.md)."""
    asked: list[str] = []
    async with visitor.opens("/") as page:
        page.on("request", lambda request: asked.append(request.url))
        loaded = await page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
        names = {match[0] for url in loaded if (match := re.search(r"assets/[^/]+$", url))}
        assert not [name for name in names if name.startswith("assets/draw-")]
        assert sum((pages / name).stat().st_size for name in names) < FIRST_PAGE_KB * 1000
        await page.get_by_role("link", name="Flat 3").click()
        await page.get_by_test_id("power-chart").locator("canvas").wait_for()
        assert [url for url in asked if "assets/draw-" in url]
