"""The push API while the database's disk is full: 503 until there is room, and nothing lost.

`make test-kills` runs it where it may mount a small disk: as root, on Linux.
Source: docs/push.md, "Answers"; ARCHITECTURE.md, "From a sender to the store".
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, admin, free_ports, running
from tests.whole.test_push_kills import stored, written

SIZE = "256m"
BEFORE, REFUSALS, AFTER, MOST = 20, 3, 20, 200_000
WAIT_S = 120.0


@pytest.fixture
def small_disk(cloud: Cloud) -> Iterator[Path]:
    """A disk of its own under the cloud's folder."""
    cloud.data.mkdir(mode=0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(cloud.data)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    yield cloud.data
    subprocess.run(["umount", "--lazy", str(cloud.data)], check=True)


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    file = disk / "filler"
    with file.open("wb", buffering=0) as filler, suppress(OSError):  # when it is full
        while filler.write(bytes(65_536)):
            pass
    return file


@asynccontextmanager
async def up(cloud: Cloud, push: str) -> AsyncIterator[Program]:
    async with running(*cloud.arguments, "--push-http", push) as program:
        await program.says(r"^CA certificate")
        yield program


@pytest.mark.kills
@pytest.mark.timeout(900)
async def test_a_full_disk_is_503_and_nothing_acknowledged_is_lost(
    cloud: Cloud, small_disk: Path
) -> None:
    """docs/push.md, Answers: 503 with Retry-After while nothing can be kept, then on as before."""
    (port,) = free_ports(1)
    async with up(cloud, f"127.0.0.1:{port}"):
        site = await cloud.site()
        options = ["--site", site, "--type", "electricity", "--interval", "1s"]
        await admin(cloud.data, "meter", "add", "m", *options, "--reading", "cumulative")
        made = await admin(cloud.data, "credential", "add", "--scope", f"site:{site}")
        login = made["username"], made["password"]
        url = f"http://127.0.0.1:{port}/measurements/v2/unifiedjson/"
        taken: list[int] = []
        async with httpx.AsyncClient(auth=login, timeout=WAIT_S) as client:

            async def sent(n: int) -> httpx.Response:
                # wide packets, so that room is used up soon
                packet = {"id": "m", "tsISO8601": written(n), "pC_1": n, "filler": "x" * 60_000}
                return await client.post(url, json=packet)

            for n in range(BEFORE):
                assert (await sent(n)).status_code == 200
                taken.append(n)
            filler, n, refusals = fill(small_disk), BEFORE, 0
            while refusals < REFUSALS and n < MOST:
                answer = await sent(n)
                if answer.status_code == 200:
                    taken.append(n)
                    n += 1
                    continue
                assert answer.status_code == 503, answer.text
                assert int(answer.headers["retry-after"]) > 0
                refusals += 1
            assert refusals == REFUSALS, "the disk was never full"
            filler.unlink()
            async with asyncio.timeout(WAIT_S):
                last = n + AFTER
                while n < last:
                    if (await sent(n)).status_code == 200:
                        taken.append(n)
                        n += 1
                    else:
                        await asyncio.sleep(0.2)
        found = (await stored(cloud))["m"]
    assert sorted(found) == sorted(set(found))
    assert set(taken) <= set(found)
    print(f"{len(taken)} packets acknowledged, {len(found)} there, {refusals} refusals")
