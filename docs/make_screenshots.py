"""Pictures of the pages for the documents, taken in Chromium from a demo with live values.

    .venv/bin/python docs/make_screenshots.py                  starts a demo of its own, and ends it
    .venv/bin/python docs/make_screenshots.py --link URL       uses a running demo's sign-in link

They go to docs/build, which is not committed: they are made, like the pages themselves.  Only
the one that README.md shows is copied beside this file.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_urlsafe
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).resolve().parent
OUTPUT = DOCS / "build"
SHOWN, SHOWN_AS = "meter-desk-light", DOCS / "screenshot.png"
SHOWN_METER = "solar"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
LINK = re.compile(r"https?://\S+/sign-in/\S+")
DEMO_READY_TIMEOUT_S = 600
PAGE_TIMEOUT_S = 30
DESK, PHONE = {"width": 1280, "height": 1240}, {"width": 390, "height": 844}


@contextmanager
def demo(data: Path, port_base: int) -> Iterator[str]:
    """A demo of our own; gives the sign-in link it prints, and ends it afterwards."""
    command = [sys.executable, "-m", "ohmstead", "demo"]
    command += ["--data", str(data), "--port-base", str(port_base)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "200"}
    ) as process:
        try:
            yield link_in(process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def link_in(process: subprocess.Popen[str]) -> str:
    """The sign-in link in what the demo prints."""
    until = time.monotonic() + DEMO_READY_TIMEOUT_S
    for line in process.stdout or ():
        print(line, end="")
        if found := LINK.search(line):
            return found[0]
        if time.monotonic() > until:
            break
    raise SystemExit("the demo printed no sign-in link")


def chromium() -> str:
    """The machine's Chromium; the browser that Playwright would download is not used."""
    found = os.environ.get("OHMSTEAD_CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if not found:
        raise SystemExit("no Chromium on this machine; install the package 'chromium'")
    return found


def signed_in(browser: Browser, link: str) -> dict[str, object]:
    """Signs in and chooses a password, so that no page asks for one; what the browser keeps."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PAGE_TIMEOUT_S * 1000)
    page.goto(link)
    page.wait_for_url(lambda url: "/sign-in" not in url)
    chosen = page.request.put(urljoin(link, "/api/account"), data={"password": token_urlsafe()})
    assert chosen.ok, chosen.text()
    return dict(context.storage_state())


def take(page: Page, name: str) -> None:
    """One picture, once the charts are drawn."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(2500)  # charts fade in
    page.screenshot(path=OUTPUT / f"{name}.png")
    print(f"docs/build/{name}.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--link", help="sign-in link of a running demo")
    parser.add_argument("--data", type=Path, default=OUTPUT / "demo", help="folder of the own demo")
    parser.add_argument("--port-base", type=int, default=18000, help="ports of the own demo")
    asked = parser.parse_args()
    OUTPUT.mkdir(exist_ok=True)
    if asked.link:
        pictures(asked.link)
    else:
        shutil.rmtree(asked.data, ignore_errors=True)
        with demo(asked.data, asked.port_base) as link:
            pictures(link)


def pictures(link: str) -> None:
    """All pictures: the list and one meter, light and dark, desk and phone."""
    address = urlsplit(link)
    start = f"{address.scheme}://{address.netloc}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        kept = signed_in(browser, link)
        for scheme in ("light", "dark"):
            for device, size in (("desk", DESK), ("phone", PHONE)):
                context = browser.new_context(
                    storage_state=kept,  # type: ignore[arg-type]
                    color_scheme=scheme,
                    viewport=size,  # type: ignore[arg-type]
                    locale="en-GB",
                )
                page = context.new_page()
                page.set_default_timeout(PAGE_TIMEOUT_S * 1000)
                page.goto(start)
                meters = page.locator("main a[href*='meter']")
                meters.first.wait_for()
                take(page, f"meters-{device}-{scheme}")
                shown = meters.filter(has_text=SHOWN_METER)
                (shown if shown.count() else meters).first.click()
                page.locator("canvas").first.wait_for()
                take(page, f"meter-{device}-{scheme}")
                context.close()
        browser.close()
    shutil.copyfile(OUTPUT / f"{SHOWN}.png", SHOWN_AS)


if __name__ == "__main__":
    main()
