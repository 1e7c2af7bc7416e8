"""Two of a program's own listeners never want one address."""

from pathlib import Path

import pytest

from ohmstead.errors import BadInput
from ohmstead.settings.address import Address
from ohmstead.settings.broker import External
from ohmstead.settings.cloud import CloudOptions
from ohmstead.settings.push import push_options


@pytest.mark.parametrize(
    "one, other, collides",
    [
        ("127.0.0.1:8000", "127.0.0.1:8000", True),
        ("127.0.0.1:8000", "127.0.0.1:8001", False),
        ("127.0.0.1:8000", "127.0.0.2:8000", False),
        ("0.0.0.0:8000", "127.0.0.1:8000", True),
        ("127.0.0.1:8000", "[::]:8000", True),
        ("LOCALHOST:8000", "127.0.0.1:8000", True),
        ("[::1]:8000", "[0:0::1]:8000", True),
        ("127.0.0.1:0", "127.0.0.1:0", False),
    ],
)
def test_addresses_that_exclude_each_other(one: str, other: str, collides: bool) -> None:
    """Source: ip(7), INADDR_ANY; RFC 4291, section 2.2; port 0 is one that the kernel chooses."""
    first, second = Address.parse(one), Address.parse(other)
    assert first.collides(second) is second.collides(first) is collides


def test_a_cloud_says_which_of_its_options_want_one_port() -> None:
    """Source: docs/commands.md, `ohmstead cloud`."""
    at = Address.parse("127.0.0.1:9000")
    with pytest.raises(BadInput, match=r"--https 127.0.0.1:9000 is taken by --http"):
        CloudOptions(Path("data"), http=at, https=at).check_listeners()
    with pytest.raises(BadInput, match=r"--mqtts 127.0.0.1:9000 is taken by --https"):
        CloudOptions(Path("data"), https=at, mqtts=at).check_listeners()
    with pytest.raises(BadInput, match=r"--push 0.0.0.0:8000 is taken by --http"):
        CloudOptions(Path("data"), push=push_options("0.0.0.0:8000", None, 0)).check_listeners()
    with pytest.raises(BadInput, match=r"--sql-listen 127.0.0.1:8883 is taken by --mqtts"):
        CloudOptions(Path("data"), sql_listen=Address.parse("127.0.0.1:8883")).check_listeners()
    CloudOptions(Path("data")).check_listeners()


def test_the_port_of_a_broker_elsewhere_is_free_here() -> None:
    """Source: docs/broker.md: with a cluster of one's own, no MQTT service is opened here."""
    there = External(("nats://broker:4222",), "mqtts://broker:8883", Path("keys.json"))
    CloudOptions(
        Path("data"), broker=there, push=push_options("0.0.0.0:8883", None, 0)
    ).check_listeners()
