"""The relay: one report in, one message for each integration out, nothing lost on the way."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ohmstead.clock import SetClock
from ohmstead.errors import Unavailable
from ohmstead.integrations import relay as relays
from ohmstead.integrations.outlet import Outgoing
from ohmstead.integrations.relay import RECENT, Relay
from ohmstead.store.integration_devices import Progress, Route
from ohmstead.surfaces import report

NOW = datetime(2026, 3, 1, tzinfo=UTC)
MAC = "A842E39F8124"
OTHER = "A842E39F8125"


@dataclass(frozen=True)
class Report:
    """A device's message."""

    topic: str
    payload: bytes
    received_at: datetime = NOW + timedelta(hours=1)


def said(second: float, power_kw: float = 0.5, mac: str = MAC) -> Report:
    """A report of a moment of the hour."""
    power = {"active": {"positive": {"total": power_kw}}}
    stamp = NOW.timestamp() + second
    body = {"report": {"timestamp": stamp, "instantaneous_power": power}}
    return Report(f"up/{mac}", json.dumps(body).encode())


def way(integration: str, mac: str = MAC, **more: Any) -> Route:
    given = {"template": None, "interval_s": 30.0, "zero": False, "retain": False, **more}
    given = {"zone": ZoneInfo("UTC"), "last_at": None, **given}
    return Route(integration=integration, mac=mac, **given)


class Store:
    """Routes and progress in memory."""

    def __init__(self, *routes: Route) -> None:
        self.all = list(routes)
        self.kept: list[Progress] = []
        self.away = 0

    async def routes(self) -> Mapping[str, list[Route]]:
        found: dict[str, list[Route]] = {}
        for each in self.all:
            found.setdefault(each.mac, []).append(each)
        return found

    async def keep(self, progress: Progress) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("the database is away")
        self.kept.append(progress)


class Out:
    """A broker that takes everything, after failing a few times."""

    def __init__(self, failures: int = 0) -> None:
        self.taken: list[Outgoing] = []
        self.failures = failures

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("unforeseen")
        self.taken += messages

    @property
    def powers(self) -> list[tuple[str, float]]:
        """Topic and power of each message."""
        return [
            (m.topic, json.loads(m.payload)["InstantaneousPower"]["Active"]["Positive"])
            for m in self.taken
        ]


@dataclass
class Batch:
    """Reports that are delivered once."""

    messages: Sequence[Report]
    finished: list[int] = field(default_factory=list)

    async def done(self) -> None:
        self.finished.append(len(self.messages))


async def delivered(*batches: Batch) -> AsyncIterator[Batch]:
    for each in batches:
        yield each


async def passed_on(store: Store, *batches: Sequence[Report], out: Out | None = None) -> Out:
    """What a relay makes of batches."""
    out = out or Out()
    sent = [Batch(each) for each in batches]
    async with asyncio.timeout(20):
        await Relay(store, out, SetClock(NOW), report.parse).run(delivered(*sent))
    assert all(each.finished == [len(each.messages)] for each in sent)
    return out


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again soon."""
    monkeypatch.setattr(relays, "_RETRY_S", (0.001, 0.01))


async def test_each_integration_has_its_own_interval_and_template() -> None:
    """A device may be in several integrations, each with its own template and interval."""
    store = Store(way("slow1x"), way("fast1x", interval_s=10.0, template="${1_7_0}", retain=True))
    reports = [said(second, power) for power, second in enumerate(range(0, 60, 5))]
    out = await passed_on(store, reports)
    slow = [m for m in out.taken if m.topic == f"ext/slow1x/{MAC}"]
    fast = [m for m in out.taken if m.topic == f"ext/fast1x/{MAC}"]
    assert [json.loads(m.payload)["Timestamp"] - NOW.timestamp() for m in slow] == [0, 30]
    assert [m.payload for m in fast] == [b"0", b"2", b"4", b"6", b"8", b"10"]
    assert {m.retain for m in fast} == {True}
    counts = store.kept[0].counts
    assert (counts["slow1x"].published, counts["slow1x"].skipped) == (2, 10)
    assert (counts["fast1x"].published, counts["fast1x"].skipped) == (6, 6)


async def test_the_interval_holds_across_batches_and_restarts() -> None:
    """The last report that was passed on is kept with its time."""
    store = Store(way("abcdef"))
    out = await passed_on(store, [said(0, 1)], [said(10, 2)], [said(30, 3)])
    assert out.powers == [(f"ext/abcdef/{MAC}", 1), (f"ext/abcdef/{MAC}", 3)]
    key = ("abcdef", MAC)
    last_at = store.kept[-1].passed[key]
    after = await passed_on(Store(way("abcdef", last_at=last_at)), [said(40, 4), said(60, 5)])
    assert after.powers == [(f"ext/abcdef/{MAC}", 5)]


async def test_a_batch_that_comes_again_makes_the_same_choice() -> None:
    """Killed after publishing and before the acknowledgement: the same reports go out again."""
    batch = [said(second, second) for second in range(0, 95, 5)]
    first = await passed_on(Store(way("abcdef")), batch)
    again = await passed_on(Store(way("abcdef")), batch)
    assert first.taken == again.taken
    assert [power for _, power in first.powers] == [0, 30, 60, 90]
    kept = Store(way("abcdef", last_at=NOW + timedelta(seconds=90)))
    assert [power for _, power in (await passed_on(kept, batch)).powers] == [90]


async def test_a_failure_of_ours_is_tried_again_whole() -> None:
    """Nothing that was chosen is skipped because the first try failed."""
    batch = [said(second, second) for second in range(0, 95, 5)]
    out = await passed_on(Store(way("abcdef")), batch, out=Out(failures=2))
    assert [power for _, power in out.powers] == [0, 30, 60, 90]


async def test_one_integration_that_fails_does_not_hold_up_the_others() -> None:
    """Its message would be too large: it is counted, with the reason, and the rest goes out."""
    long = "${meter.id}" * 500 + "y" * 10_000
    store = Store(way("toolarge", template=long), way("inorder"))
    body = json.loads(said(0).payload)
    body["meter"] = {"id": "x" * 120}
    out = await passed_on(store, [Report(f"up/{MAC}", json.dumps(body).encode())])
    assert [m.topic for m in out.taken] == [f"ext/inorder/{MAC}"]
    counts = store.kept[0].counts["toolarge"]
    assert counts.failed == 1
    assert "bytes" in (counts.last_failure or "")


async def test_what_is_nobodys_or_unreadable_is_only_acknowledged() -> None:
    """The collector keeps what cannot be read; the relay does not stop at it."""
    store = Store(way("abcdef"))
    bad = [Report(f"up/{MAC}", b"{"), Report("up/x", b""), said(0, 1, OTHER), said(1, 2)]
    out = await passed_on(store, bad)
    assert out.powers == [(f"ext/abcdef/{MAC}", 2)]


async def test_a_database_that_is_away_is_waited_for() -> None:
    """What was published is kept as soon as the database is back."""
    store = Store(way("abcdef"))
    store.away = 3
    await passed_on(store, [said(0)])
    assert len(store.kept) == 1


async def test_a_change_counts_for_the_next_report() -> None:
    """Adding a device takes effect on what comes next."""
    store, out = Store(), Out()
    relay = Relay(store, out, SetClock(NOW), report.parse)

    async def changing() -> AsyncIterator[Batch]:
        yield Batch([said(0, 1)])
        store.all.append(way("abcdef"))
        relay.changed()
        yield Batch([said(1, 2)])
        store.all.clear()
        relay.changed()
        yield Batch([said(60, 3)])

    await relay.run(changing())
    assert out.powers == [(f"ext/abcdef/{MAC}", 2)]


async def test_the_last_messages_are_shown() -> None:
    """The Test button shows the last messages, the newest first, and no more than a few."""
    store, out = Store(way("abcdef", interval_s=0.0, template="${1_7_0}")), Out()
    relay = Relay(store, out, SetClock(NOW), report.parse)
    await relay.run(delivered(Batch([said(second, second) for second in range(RECENT + 5)])))
    await relay.send("abcdef", [Outgoing("ext/abcdef/test", b"hello")])
    shown = relay.recent("abcdef")
    assert len(shown) == RECENT
    assert (shown[0].payload, shown[0].test) == ("hello", True)
    assert (shown[1].payload, shown[1].test) == (str(RECENT + 4), False)
    assert relay.recent("nobody") == ()
