"""A browser, the built pages, and a cloud that is not there."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from tests.web.stand_in import StandIn, standing_in

HOUSE = Path(__file__).parents[2]
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def pages() -> Path:
    """The built pages; built now where they are missing or old."""
    made = subprocess.run(
        [sys.executable, HOUSE / "web" / "build.py"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    return HOUSE / "src" / "ohmstead" / "pages" / "cloud"


@pytest.fixture
def cloud(pages: Path) -> Iterator[StandIn]:
    """A made-up cloud, somebody signed in to it."""
    with standing_in(pages) as stand_in:
        yield stand_in


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """One Chromium for all page tests."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser
        await browser.close()


class Visitor:
    """Somebody with a browser; whatever the page says on the console is a fault."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self.url = url

    @asynccontextmanager
    async def opens(
        self,
        path: str,
        *,
        width: int = 1280,
        locale: str = "en-GB",
        refused: bool = False,
        **context: Any,
    ) -> AsyncIterator[Page]:
        """A page of its own, closed at the end.

        `refused` says that answers of 4xx and 5xx are meant, which the browser notes as errors.
        """
        settings: dict[str, Any] = {
            "viewport": {"width": width, "height": 800},
            "locale": locale,
            "timezone_id": "Europe/Zurich",
            **context,
        }
        opened = await self._browser.new_context(**settings)
        opened.set_default_timeout(PATIENCE_MS)
        page = await opened.new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "console",
            lambda note: said.append(note.text) if note.type in ("error", "warning") else None,
        )
        try:
            await page.goto(self.url + path)
            await page.get_by_role("heading", level=1).wait_for()
            yield page
            expected = ("Failed to load resource",) if refused else ()
            assert [each for each in said if not each.startswith(expected or ("\0",))] == []
        finally:
            await opened.close()


@pytest.fixture
def visitor(browser: Browser, cloud: StandIn) -> Visitor:
    """Somebody who visits the made-up cloud."""
    return Visitor(browser, cloud.url)
