"""A running cloud for page tests: two devices, an admin and a manager, each signed in once."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Browser, Page, StorageState
from tests import memory
from tests.web.conftest import Visitor
from tests.whole.conftest import Cloud
from tests.whole.programs import admin, free_ports
from tests.whole.service import WAIT_S, client

MACS = ("024F48000021", "024F48000022")
ADMIN, MANAGER = "root@example.org", "ann@example.org"


@dataclass
class RealCloud:
    """A cloud and the people who are signed in to it."""

    cloud: Cloud
    visitor: Visitor
    devices: list[dict[str, Any]]
    signed_in: dict[str, StorageState]
    reports: int = 0

    def opens(self, path: str, who: str = MANAGER, **how: Any) -> AbstractAsyncContextManager[Page]:
        """A page as somebody sees it."""
        return self.visitor.opens(path, storage_state=self.signed_in[who], **how)

    async def active(self, name: str, *macs: str) -> dict[str, Any]:
        """An integration of the manager that is active and has a password."""
        data = self.cloud.data
        made: dict[str, Any] = await admin(
            data, "integration", "add", "--owner", MANAGER, "--name", name
        )
        for mac in macs:
            await admin(data, "integration", "attach", name, mac)
        return made

    async def send(self, power_kw: float, number: int = 0) -> None:
        """One report of a device, a minute after the one before, acknowledged."""
        self.reports += 1
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=self.reports)
        power = {"active": {"positive": {"total": power_kw}}}
        report = {"report": {"timestamp": at.timestamp(), "instantaneous_power": power}}
        device = self.devices[number]
        async with client(device) as publisher:
            await publisher.publish(
                device["topic"], json.dumps(report).encode(), qos=1, timeout=WAIT_S
            )


@asynccontextmanager
async def running_cloud(browser: Browser) -> AsyncIterator[RealCloud]:
    """A cloud of its own until the block ends."""
    with memory.folder() as path:
        http, https, mqtts = free_ports(3)
        cloud = Cloud(path / "cloud", (http, https, mqtts))
        async with cloud.up():
            data, url = cloud.data, f"http://127.0.0.1:{http}"
            await admin(data, "org", "add", "Works")
            zone = ("--timezone", "Europe/Zurich")
            await admin(data, "site", "add", "House", "--org", "1", *zone)
            devices = [await admin(data, "device", "add", mac, "--site", "1") for mac in MACS]
            roles = {ADMIN: ("admin",), MANAGER: ("manager", "--org", "1")}
            signed_in = {}
            for who, role in roles.items():
                made = await admin(data, "user", "add", who, "--role", *role)
                signed_in[who] = await _signed_in(browser, url, made["link"])
            yield RealCloud(cloud, Visitor(browser, url), devices, signed_in)


async def _signed_in(browser: Browser, url: str, link: str) -> StorageState:
    """What a browser keeps of somebody who followed a sign-in link."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{url}/sign-in/{link.rpartition('/')[2]}")
    await page.wait_for_url(f"{url}/")
    kept = await context.storage_state()
    await context.close()
    return kept
