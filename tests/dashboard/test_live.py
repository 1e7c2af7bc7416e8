"""The hub: posting waits for nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmstead.dashboard.live import Hub, Reading
from ohmstead.errors import TooMany, Unavailable

AT = datetime(2025, 11, 21, tzinfo=UTC)


async def test_a_watcher_is_told_of_its_own_meters() -> None:
    """What others say does not reach it."""
    hub = Hub()
    with hub.watched({"a", "b"}, b"me") as watcher:
        hub.post("a", AT, {"1.7.0": 1.0})
        hub.post("c", AT, {"1.7.0": 2.0})
        hub.post("b", AT, {}, 7.5)
        assert await watcher.take(1) == [
            Reading("a", AT, {"1.7.0": 1.0}),
            Reading("b", AT, {}, 7.5),
        ]
        assert await watcher.take(0) == []


async def test_a_slow_watcher_skips_and_stays_small() -> None:
    """At most one reading a meter waits: the newest, however many were posted."""
    hub = Hub()
    with hub.watched({"a", "b"}, b"me") as watcher:
        for number in range(10_000):
            hub.post("ab"[number % 2], AT + timedelta(seconds=number), {"1.7.0": float(number)})
        taken = await watcher.take(1)
    assert sorted(reading.values["1.7.0"] for reading in taken) == [9998, 9999]
    assert watcher.skipped == 9998


@given(st.lists(st.sampled_from("ab") | st.none(), max_size=40))
async def test_the_newest_always_arrives(steps: list[str | None]) -> None:
    """Whenever it takes (None here), a watcher ends with the last reading of each meter."""
    hub, last, seen = Hub(), dict[str, float](), dict[str, float]()
    with hub.watched({"a", "b"}, b"me") as watcher:
        for number, meter in enumerate([*steps, None]):
            if meter is None:
                for reading in await watcher.take(0.001 if last == seen else 1):
                    assert reading.values["n"] > seen.get(reading.meter, -1)
                    seen[reading.meter] = reading.values["n"]
            else:
                last[meter] = float(number)
                hub.post(meter, AT, {"n": float(number)})
    assert seen == last


async def test_there_is_a_most_of_watchers() -> None:
    """Too many in all are Unavailable (503), too many of one session TooMany (429)."""
    hub = Hub(most=3, most_of_one=2)
    with hub.watched({"a"}, b"me"), hub.watched({"a"}, b"me"):
        with pytest.raises(TooMany), hub.watched({"a"}, b"me"):
            pass
        with (
            hub.watched({"a"}, b"you"),
            pytest.raises(Unavailable),
            hub.watched({"a"}, b"they"),
        ):
            pass
    assert hub.watchers == 0


async def test_watching_ends() -> None:
    """`end` is for one session, `close` for all; a waiting watcher is woken."""
    hub = Hub()
    with hub.watched({"a"}, b"me") as mine, hub.watched({"a"}, b"you") as yours:
        hub.post("a", AT, {})
        hub.end(b"me")
        assert await mine.take(10) == []
        assert (mine.ended, yours.ended) == (True, False)
        hub.close()
        assert yours.ended
