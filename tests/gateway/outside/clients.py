"""Clients of other people's, at our gateway.  Runs in .venv-clients, alone: it imports nothing of
ours.

As a program it takes a JSON list of `{"client": NAME, ...}` on standard input, does one after the
other, and prints a JSON list of what each saw.  What a client prints gets onto standard error.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

WAIT_S = 90.0
Saw = Any


async def sgr(eid: str, properties: dict[str, str], messages: bool = False) -> Saw:
    """Every data point of a SmartGridready description: `{profile: {point: value}}`.

    With `messages` it waits until each has had one.
    """
    from sgr_commhandler.device_builder import DeviceBuilder

    device = DeviceBuilder().eid_path(eid).properties(properties).build()
    await device.connect_async()
    try:
        points = {
            (profile.name(), point.name()[1]): point
            for profile in device.get_functional_profiles().values()
            for point in profile.get_data_points().values()
        }
        found: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + WAIT_S
        for (profile, name), point in points.items():
            value = await _value(point)
            while messages and value is None and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
                value = await _value(point)
            found.setdefault(profile, {})[name] = value
        return found
    finally:
        await device.disconnect_async()


async def _value(point: Any) -> Any:
    """The point as its user gets it; a date-time, which this client never converts and then holds
    for invalid, as it came."""
    from sgr_commhandler.api.data_types import DataTypes

    if point.data_type() == DataTypes.DATE_TIME:
        return await point._protocol.get_val()
    try:
        return await point.get_value_async()
    except Exception as error:  # no message yet, or not what the description promises
        return None if "None" in str(error) else str(error)


async def home_assistant(url: str, events: int) -> Saw:
    """Events of the live stream as an aiohttp client reads them, line by line."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_read=WAIT_S)
    found: list[dict[str, str]] = []
    event: dict[str, str] = {}
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, headers={"Accept": "text/event-stream"}) as response,
    ):
        response.raise_for_status()
        async for line in response.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            found.append(event)
            event = {}
            if len(found) == events:
                break
        return {"type": response.content_type, "events": found}


async def digest(url: str, password: str, times: int) -> Saw:
    """A session of `requests` with Digest: its statuses, its user name is empty."""
    import requests
    from requests.auth import HTTPDigestAuth

    def ask() -> list[int]:
        with requests.Session() as session:
            session.auth = HTTPDigestAuth("", password)
            return [session.get(url, timeout=WAIT_S).status_code for _ in range(times)]

    return await asyncio.to_thread(ask)


async def read_yaml(file: str) -> Saw:
    """A YAML document, as a program that follows a description reads it."""
    import yaml

    return await asyncio.to_thread(lambda: yaml.safe_load(Path(file).read_text()))


CLIENTS: dict[str, Callable[..., Awaitable[Saw]]] = {
    "sgr": sgr,
    "home_assistant": home_assistant,
    "digest": digest,
    "read_yaml": read_yaml,
}


async def main() -> None:
    """Does what standard input says."""
    wanted = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        saw = [await CLIENTS[one.pop("client")](**one) for one in wanted]
    print(json.dumps(saw))


if __name__ == "__main__":
    asyncio.run(main())
