"""Processes that take packets: two of them, one stream, and one of them killed meanwhile."""

import asyncio
import os
import random
import signal
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.house.pushing import KEY, PATH, WAIT_S, furnished

from ohmstead.clock import SystemClock
from ohmstead.collector.intake import Stored
from ohmstead.dashboard.live import Hub
from ohmstead.errors import BadInput
from ohmstead.house.authority import Authority
from ohmstead.house.http import listen
from ohmstead.house.push_worker import Told
from ohmstead.house.push_workers import Workers
from ohmstead.settings.push import push_options
from ohmstead.store.database import Database

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PACKETS, SENDERS = 120, 6


@pytest.fixture
def address() -> Any:
    """An address that two processes will share, held until the end."""
    held = listen("127.0.0.1", 0, "test", shared=True)
    yield held
    held.close()


async def _push(client: httpx.AsyncClient, packet: dict[str, Any]) -> str:
    """Send until it is 200, as senders do; what became of it."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                answer = await client.post(PATH, json=packet)
            except httpx.TransportError:  # its process was killed
                continue
            if answer.status_code == 200:
                return str(answer.json()["result"])


async def test_two_workers_keep_one_order_and_lose_nothing(
    database: Database, database_url: str, address: socket.socket, tmp_path: Path
) -> None:
    """The push API: two workers, one stream, shuffled, kill -9: each 200 is there, once."""
    logins = await furnished(database)
    files = Authority(tmp_path, SystemClock()).ensure()
    host, port = address.getsockname()
    told = Told(database_url, KEY, (("http", host, port),), str(files.certificate), str(files.key))
    hub, shown = Hub(), list[Stored]()
    order = list(range(PACKETS))
    random.Random(7).shuffle(order)
    left = iter(order)
    fates: dict[int, str] = {}
    limits = httpx.Limits(max_keepalive_connections=0)  # a connection a packet, dealt to either
    login = httpx.BasicAuth(*logins["org:1"])

    with hub.watched({"m1"}, b"somebody"):
        async with Workers(2, told, hub, shown.extend) as workers:
            first = workers.pids

            async def send() -> None:
                at = f"http://{host}:{port}"
                async with httpx.AsyncClient(base_url=at, auth=login, limits=limits) as client:
                    for n in left:
                        when = BEGIN + timedelta(seconds=n)
                        packet = {"id": "m1", "tsISO8601": when.isoformat(), "value": n}
                        fates[n] = await _push(client, packet)
                        if len(fates) == PACKETS // 3:
                            os.kill(workers.pids[0], signal.SIGKILL)

            await asyncio.gather(*(send() for _ in range(SENDERS)))
            async with asyncio.timeout(WAIT_S):
                while len(workers.pids) < 2 or workers.pids[0] == first[0]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
    rows = await database.rows("SELECT at, received_at FROM readings ORDER BY at")
    stored = [round((row["at"] - BEGIN).total_seconds()) for row in rows]
    assert len(set(stored)) == len(stored)
    assert set(fates) == set(order)
    taken = {n for n, fate in fates.items() if fate in ("stored", "known")}
    assert taken <= set(stored)
    assert set(stored) - taken <= {n for n, fate in fates.items() if fate == "discarded"}
    assert max(stored) == PACKETS - 1
    assert fates[PACKETS - 1] in ("stored", "known")
    assert shown


def test_workers_need_addresses_of_their_own() -> None:
    """docs/push.md: --workers take packets at --push and --push-http."""
    with pytest.raises(BadInput, match="add --push"):
        push_options(None, None, 2)
    with pytest.raises(BadInput):
        push_options("nowhere", None, 0)
    made = push_options("127.0.0.1:8444", "127.0.0.1:8080", 2)
    assert [scheme for scheme, _ in made.addresses] == ["https", "http"]
