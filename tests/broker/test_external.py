"""An external broker: keys, configuration, and the same service.  Source: docs/broker.md."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.broker.cluster import Cluster
from tests.broker.conftest import QUICK, Field, Pki, authorise

from ohmstead.broker import binary, child
from ohmstead.broker.callout import Callout
from ohmstead.broker.configuration import CALLOUT_USER, CONSUMER_USER, SYSTEM_USER, shared
from ohmstead.broker.connections import kick
from ohmstead.broker.external import Credentials, ExternalBroker, ExternalOptions
from ohmstead.broker.messages import Messages
from ohmstead.clock import SystemClock
from ohmstead.errors import BadInput, NotFound, Unavailable
from ohmstead.integrations.outlet import Endpoint
from ohmstead.settings.broker import external

CLOCK = SystemClock()


def printed(credentials: Credentials) -> str:
    """What `ohmstead admin broker configuration` prints."""
    users = {u: credentials.public(u) for u in (SYSTEM_USER, CALLOUT_USER, CONSUMER_USER)}
    return shared("ohmstead.conf", users, credentials.key.public)


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    return Credentials.kept(tmp_path / "kept" / "external.json")


@pytest.fixture
async def cluster(tmp_path: Path, pki: Pki, credentials: Credentials) -> AsyncIterator[Cluster]:
    async with Cluster(tmp_path / "nodes", printed(credentials), pki.files, 1) as running:
        yield running


async def test_the_configuration_is_one_and_holds_no_secret(
    tmp_path: Path, credentials: Credentials
) -> None:
    """docs/broker.md: only public keys; `nats-server -t` takes it."""
    text = printed(credentials)
    assert not any(seed in text for seed in (*credentials.seeds.values(), credentials.account))
    file = tmp_path / "nats.conf"
    file.write_text(text)
    program = await binary.find(None)
    checking = await child.start([program, "-t", "-c", file])
    assert checking.stdout is not None
    said = await checking.stdout.read()
    assert await checking.wait() == 0, said


def test_credentials_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    """docs/broker.md: the file holds the private keys."""
    file = tmp_path / "nats" / "external.json"
    with pytest.raises(NotFound, match="admin broker configuration"):
        Credentials.read(file)
    made = Credentials.kept(file)
    assert Credentials.kept(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.account not in repr(made)
    file.write_text('{"system": "SUxx"}')
    with pytest.raises(BadInput, match=r"external\.json"):
        Credentials.read(file)


async def test_devices_publish_to_it_and_are_stored(
    tmp_path: Path, pki: Pki, credentials: Credentials, cluster: Cluster
) -> None:
    """docs/broker.md: nothing else changes: the callout, permissions, the stream, kicking."""
    limits = QUICK
    options = ExternalOptions(cluster.urls, tmp_path / "kept" / "external.json", limits=limits)
    async with (
        ExternalBroker(options, CLOCK) as broker,
        Callout(broker.link, broker.key, CLOCK, authorise),
        Messages(broker.link, CLOCK, limits) as messages,
    ):
        field = Field(cluster.nodes[0].mqtt, pki.ca)
        async with field.client("GW1") as device:
            await device.publish("up/GW1", b"one", qos=1)
            batch = await anext(aiter(messages))
            assert [m.payload for m in batch.messages] == [b"one"]
            await batch.done()
            assert await kick(broker.link, "GW1") == 1
    async with ExternalBroker(options, CLOCK), Messages(broker.link, CLOCK, limits):
        pass  # what is there already is taken as it is


async def test_one_that_is_not_there_is_said(tmp_path: Path, credentials: Credentials) -> None:
    """docs/broker.md: the error names the address and what to look at."""
    options = ExternalOptions(
        ("nats://127.0.0.1:1",), tmp_path / "kept" / "external.json", ready_s=0.5
    )
    with pytest.raises(Unavailable, match="admin broker configuration"):
        async with ExternalBroker(options, CLOCK):
            pass


def test_options_name_what_is_wrong_with_an_address(tmp_path: Path) -> None:
    """docs/commands.md, `--broker`, `--broker-mqtts`: a list of either is taken apart."""
    found = external(
        ["nats://a:1, tls://b"], "mqtts://a:2,mqtts://b", tmp_path / "external.json", None, 3
    )
    assert found is not None
    assert found.urls == ("nats://a:1", "tls://b")
    assert found.addresses == (("a", 2), ("b", 8883))
    assert external((), None, tmp_path, None, 3) is None
    for urls, mqtts in (
        (["http://a"], "mqtts://a"),
        (["nats://a"], None),
        (["nats://a"], "mqtt://a"),
        (["nats://user:secret@a"], "mqtts://a"),
        (["nats://a:x"], "mqtts://a"),
        ([], "mqtts://a"),
    ):
        with pytest.raises(BadInput, match="--broker"):
            external(urls, mqtts, tmp_path, None, 3)


def test_an_outlet_goes_on_to_the_next_server() -> None:
    """docs/broker.md: the relay is a client like others, and finds a server that is there."""
    first = Endpoint("a", 1, "u", "p", None, (("b", 2), ("c", 3)))
    seen = [(to.host, to.port) for to in (first, first.next, first.next.next, first.next.next.next)]
    assert seen == [("a", 1), ("b", 2), ("c", 3), ("a", 1)]
