"""The push API's parts killed at random under load: every 200 is in the database, exactly once.

`make test-kills SECONDS=300`.  One worker killed once is in `make test` (tests/house).
Source: docs/push.md, "Answers"; ARCHITECTURE.md, "From a sender to the store".
"""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, admin, free_ports, running

from ohmstead.store.server import running as database_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SENDERS, LINES = 6, 40
BETWEEN_S = (1.0, 5.0)
PARTS = ("postgres", "worker", "cloud")
WAIT_S = 120.0
COUNT = """
    SELECT m.id, array_agg(r.at ORDER BY r.at) AS at FROM readings r JOIN meters m USING (stream)
    GROUP BY m.id
"""


def written(n: int) -> str:
    return (BEGIN + timedelta(seconds=n)).isoformat()


class Load:
    """Senders that send until they get 200, and write down what they got it for."""

    def __init__(self, url: str, login: tuple[str, str]) -> None:
        self._url, self._login = url, login
        self.taken: dict[str, set[int]] = {}
        self.statuses: dict[int, int] = {}
        self.over = asyncio.Event()

    async def _until_200(self, client: httpx.AsyncClient, path: str, body: bytes) -> httpx.Response:
        async with asyncio.timeout(WAIT_S):
            while True:
                with suppress(httpx.TransportError):
                    answer = await client.post(path, content=body)
                    self.statuses[answer.status_code] = self.statuses.get(answer.status_code, 0) + 1
                    if answer.status_code == 200:
                        return answer
                    assert answer.status_code == 503, answer.text
                await asyncio.sleep(0.05)

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._url, auth=self._login, timeout=30)

    async def packets(self, meter: str) -> None:
        """A meter's packets in order; each that is 200 is there, and none is discarded."""
        taken = self.taken.setdefault(meter, set())
        n = 0
        async with self._client() as client:
            while not self.over.is_set():
                body = {"id": meter, "tsISO8601": written(n), "pC_1": n}
                sent = json.dumps(body).encode()
                answer = await self._until_200(client, "/measurements/v2/unifiedjson/", sent)
                assert answer.json()["result"] in ("stored", "known")
                taken.add(n)
                n += 1

    async def batches(self, meter: str) -> None:
        """Batches of a meter, each in any order."""
        taken, n, chance = self.taken.setdefault(meter, set()), 0, random.Random(1)
        async with self._client() as client:
            while not self.over.is_set():
                numbers = list(range(n, n + LINES))
                chance.shuffle(numbers)
                lines = [{"id": meter, "tsISO8601": written(k), "pC_1": k} for k in numbers]
                body = b"\n".join(json.dumps(line).encode() for line in lines)
                answer = await self._until_200(client, "/measurements/v2/batch", body)
                results = [json.loads(line)["result"] for line in answer.text.splitlines()]
                assert len(results) == LINES
                assert set(results) <= {"stored", "known"}
                taken.update(numbers)
                n += LINES


class Victim:
    """The cloud with two workers, started again when it is killed."""

    def __init__(self, cloud: Cloud, push: str) -> None:
        self._command = [*cloud.arguments, "--push-http", push, "--workers", "2"]
        self.kills = dict.fromkeys(PARTS, 0)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Program]:
        async with running(*self._command) as program:
            await program.says(r"^CA certificate")
            yield program

    async def endure(self, seconds: float, chance: random.Random) -> None:
        """Kill parts for so long, each of them at least once; the cloud is up at the end.

        They come in rounds, shuffled, so that a short run meets all of them, too.
        """
        loop = asyncio.get_running_loop()
        end_at = loop.time() + seconds
        left: list[str] = []
        while True:
            async with self.up() as program:
                while loop.time() < end_at or not all(self.kills.values()):
                    left = left or chance.sample(PARTS, len(PARTS))
                    await asyncio.sleep(chance.uniform(*BETWEEN_S))
                    part = left.pop()
                    if part == "cloud":
                        await program.kill()
                    else:
                        await kill(program, part, chance)
                    self.kills[part] += 1
                    if part == "cloud":
                        break
                else:
                    return


async def kill(program: Program, part: str, chance: random.Random) -> None:
    """kill -9 of the database or of a worker, as soon as there is one."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if found := victims(program, part):
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(found), signal.SIGKILL)
                    return
            await asyncio.sleep(0.05)


def victims(program: Program, part: str) -> list[int]:
    """The database server, or the workers: those that run now."""
    if part == "postgres":
        return [pid for pid in program.children() if is_postmaster(pid)]
    return [pid for pid in program.children() if b"push_worker" in words_of(pid)]


def is_postmaster(pid: int) -> bool:
    """Whether a process is the server itself, and none that it made for a session."""
    program, _, rest = words_of(pid).partition(b"\0")
    return program.endswith(b"/postgres") and rest.startswith(b"-D\0")


def words_of(pid: int) -> bytes:
    """The command line of a process, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def stored(cloud: Cloud) -> dict[str, list[int]]:
    """The numbers of the packets that are there, by meter."""
    url = str(database_of(cloud.data))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        rows: list[Any] = await (await connection.execute(COUNT)).fetchall()
    return {id: [round((at - BEGIN).total_seconds()) for at in times] for id, times in rows}


@pytest.mark.kills
@pytest.mark.timeout(3600)
async def test_every_200_is_there_once_whatever_is_killed(cloud: Cloud) -> None:
    """docs/push.md, Answers: kill -9 of workers, of the database, of the cloud, at random."""
    seconds = float(os.environ.get("OHMSTEAD_KILL_SECONDS", "300"))
    seed = int(os.environ.get("OHMSTEAD_KILL_SEED", random.randrange(2**32)))
    print(f"OHMSTEAD_KILL_SEED={seed}")
    (port,) = free_ports(1)
    victim = Victim(cloud, f"127.0.0.1:{port}")
    meters = [f"m{n}" for n in range(SENDERS + 1)]
    async with victim.up():
        site = await cloud.site()
        options = ["--site", site, "--type", "electricity", "--interval", "1s"]
        for meter in meters:
            await admin(cloud.data, "meter", "add", meter, *options, "--reading", "cumulative")
        made = await admin(cloud.data, "credential", "add", "--scope", f"site:{site}")
    load = Load(f"http://127.0.0.1:{port}", (made["username"], made["password"]))
    senders = [asyncio.create_task(load.packets(meter)) for meter in meters[:-1]]
    senders.append(asyncio.create_task(load.batches(meters[-1])))
    try:
        await victim.endure(seconds, random.Random(seed))
        load.over.set()
        async with victim.up(), asyncio.timeout(WAIT_S):
            await asyncio.gather(*senders)
            found = await stored(cloud)
    finally:
        for sender in senders:
            sender.cancel()
    for meter, taken in load.taken.items():
        assert len(found[meter]) == len(set(found[meter])), f"{meter}: stored twice"
        assert taken <= set(found[meter]), f"{meter}: {sorted(taken - set(found[meter]))[:5]} lost"
    packets = sum(map(len, load.taken.values()))
    print(f"killed {victim.kills}; answers {load.statuses}; packets {packets}")
