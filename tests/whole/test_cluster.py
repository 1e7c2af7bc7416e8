"""Three NATS servers of somebody's own, one killed while gateways send.  Source: docs/broker.md."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.broker.cluster import Cluster
from tests.whole.conftest import Cloud
from tests.whole.programs import Program, running
from tests.whole.senders import WAIT_S, Sender, grow, stored, talking, uplinks

from ohmstead.clock import SystemClock
from ohmstead.house.authority import Authority
from ohmstead.house.broker import configuration

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@asynccontextmanager
async def up(cloud: Cloud, cluster: Cluster) -> AsyncIterator[Program]:
    arguments = [*cloud.arguments, "--broker-mqtts", cluster.mqtts]
    for url in cluster.urls:
        arguments += ["--broker", url]
    async with running(*arguments) as program:
        await program.says(r"^CA certificate")
        yield program


async def test_one_of_three_servers_is_killed_and_nothing_acknowledged_is_lost(
    cloud: Cloud, place: Path
) -> None:
    """docs/broker.md: three replicas; each server in turn is killed, and comes back."""
    files = Authority(cloud.data / "pki", SystemClock()).ensure()
    cluster = Cluster(place / "nodes", configuration(cloud.data), files, 3)
    async with cluster, up(cloud, cluster) as program:
        told = await uplinks(cloud)
        assert len(told[0].addresses) == 3
        senders = [Sender(place / each.id, each) for each in told]
        async with AsyncExitStack() as stack:
            for sender in senders:
                await stack.enter_async_context(talking(sender))
            await grow(senders, 50)
            for node in cluster.nodes:
                await node.kill()
                await grow(senders, 50)  # on the two others
                await node.start()
                async with asyncio.timeout(WAIT_S):
                    await node.ready.wait()
                await grow(senders, 20)
            acknowledged = {sender.id: sender.acknowledged for sender in senders}
        rows = await stored(cloud, acknowledged)
        assert program.process.returncode is None, program.text
    for mac, (count, lowest, highest, distinct) in rows.items():
        assert count == distinct, f"{mac}: a report was stored twice"
        assert (lowest, highest) == (1, count), f"{mac}: a report is missing"
        assert count >= acknowledged[mac]
