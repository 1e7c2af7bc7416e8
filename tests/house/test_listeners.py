"""Where the cloud listens, and how clients reach it; docs/commands.md, cloud."""

from pathlib import Path

import pytest

from ohmstead.errors import BadInput, Unavailable
from ohmstead.house import listeners
from ohmstead.settings.address import Address
from ohmstead.settings.cloud import CloudOptions
from ohmstead.settings.push import PushOptions

HERE = Address("127.0.0.1", 0)
EVERYWHERE = Address("0.0.0.0", 8883)


def options(data: Path, **more: object) -> CloudOptions:
    """A cloud on any free ports of this machine."""
    given = {"http": HERE, "https": HERE, "mqtts": EVERYWHERE} | more
    return CloudOptions(data=data, **given)  # type: ignore[arg-type]


def test_addresses_are_said_with_the_ports_that_were_had(tmp_path: Path) -> None:
    """docs/commands.md, cloud: port 0 is any free one."""
    push = PushOptions(https=Address("0.0.0.0", 0), http=HERE)
    said = options(tmp_path, names=("meters.example",), push=push)
    with listeners.held(said) as at:
        ports = [sock.getsockname()[1] for sock in (at.http, at.https, *at.push)]
        assert at.sql is None
        assert at.urls() == [f"http://127.0.0.1:{ports[0]}", f"https://127.0.0.1:{ports[1]}"]
        assert at.push_urls() == (
            f"https://meters.example:{ports[2]}",
            f"http://127.0.0.1:{ports[3]}",
        )
    assert at.http.fileno() == at.push[1].fileno() == -1


def test_a_taken_address_is_refused_and_nothing_held(tmp_path: Path) -> None:
    """docs/commands.md, cloud: it says which listener cannot have its port."""
    with listeners.held(options(tmp_path)) as at:
        taken = Address("127.0.0.1", at.http.getsockname()[1])
        at.http.listen()
        with (
            pytest.raises(Unavailable, match=r"the pages \(https\) cannot listen"),
            listeners.held(options(tmp_path, https=taken)),
        ):
            pass


def test_a_database_of_ones_own_has_no_listener_of_ours(tmp_path: Path) -> None:
    """docs/reporting.md: `--sql-listen` is for our own PostgreSQL."""
    own = options(tmp_path, database="postgresql://db/ohmstead", sql_listen=HERE)
    with pytest.raises(BadInput, match="--sql-listen"), listeners.held(own):
        pass


def test_the_broker_is_reached_by_name_from_outside_and_by_loopback_from_here(
    tmp_path: Path,
) -> None:
    """docs/commands.md, cloud: `--name` is what clients reach it by."""
    said = options(tmp_path, names=("meters.example",))
    assert listeners.mqtt_uri(said) == "mqtts://meters.example:8883"
    assert listeners.mqtt_uri(options(tmp_path)) == "mqtts://localhost:8883"
    assert listeners.broker_at(said) == (("127.0.0.1", 8883),)
    assert listeners.certified(said) == ["meters.example", "127.0.0.1"]
