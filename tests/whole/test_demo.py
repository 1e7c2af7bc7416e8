"""The demo, as `make demo` runs it."""

import socket
from pathlib import Path

from playwright.async_api import Page, expect
from tests.whole.programs import Program, alive, browser, free_ports, running


async def _signed_in(page: Page, demo: Program) -> str:
    link = (await demo.says(r"(http://\S+/sign-in/\S+)"))[1]
    base = link.split("/sign-in")[0]
    await page.goto(link)
    await page.wait_for_url(f"{base}/")
    return base


async def _moves(page: Page, base: str) -> None:
    """Wait until the live power of a meter has another value than at first."""
    await page.goto(f"{base}/meters/home")
    live = page.locator('[data-meter="home"][data-obis="1.7.0"]').first
    await live.wait_for()
    first = await live.get_attribute("data-value")
    assert first is not None
    await expect(live).not_to_have_attribute("data-value", first, timeout=60_000)


async def test_the_demo_moves_ends_whole_and_finds_its_data_again(
    place: Path, chromium: Path
) -> None:
    """Five meters with a past; Ctrl-C leaves nothing running; a second start goes on."""
    base_port = free_ports(1)[0]
    arguments = ["demo", "--data", place / "demo", "--port-base", str(base_port), "--days", "3"]
    async with running(*arguments) as demo:
        async with browser(chromium) as page:
            base = await _signed_in(page, demo)
            await expect(page.get_by_role("link", name="House with a solar roof")).to_be_visible()
            await _moves(page, base)
        children = demo.children()
        assert len(children) >= 2  # the broker and the database
        assert await demo.stop() == 0, demo.text
        assert not alive(children), demo.text
    async with running(*arguments) as demo, browser(chromium) as page:
        base = await _signed_in(page, demo)
        await _moves(page, base)
        answer = await page.request.get(f"{base}/api/meters/home/energy")
        days = [day["import"] for day in (await answer.json())["days"]]
        assert sum(energy is not None for energy in days) >= 3, days


async def test_a_taken_port_is_a_clear_message(place: Path) -> None:
    """The demo says which port is taken and ends, leaving nothing behind."""
    base_port = free_ports(1)[0]
    arguments = ["demo", "--data", place / "demo", "--port-base", str(base_port), "--days", "1"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base_port))
        taken.listen()
        async with running(*arguments) as demo:
            await demo.says(rf"cannot listen on 127\.0\.0\.1:{base_port}")
            assert await demo.stop() != 0
    assert not (place / "demo").exists() or not any((place / "demo").iterdir())
