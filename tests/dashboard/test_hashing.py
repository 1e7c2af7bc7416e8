"""Passwords beside the event loop."""

import asyncio
import threading

import pytest

from ohmstead.access import passwords
from ohmstead.dashboard.hashing import Hashing
from ohmstead.dashboard.problems import Slower


async def test_one_at_a_time_and_few_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is computed the loop runs on, a bounded number wait, the rest are sent away."""
    started, go = threading.Event(), threading.Event()
    running = []

    def slow(password: str) -> str:
        running.append(password)
        started.set()
        assert go.wait(10)
        return password.upper()

    monkeypatch.setattr(passwords, "hashed", slow)
    hashing = Hashing(waiting_most=2)
    first = asyncio.create_task(hashing.hashed("a"))
    await asyncio.to_thread(started.wait, 10)
    waiting = [asyncio.create_task(hashing.hashed(each)) for each in "bc"]
    await asyncio.sleep(0)
    with pytest.raises(Slower):
        await hashing.hashed("d")
    assert running == ["a"]
    go.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(first, *waiting) == ["A", "B", "C"]


async def test_a_turn_that_is_given_up_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that goes away while it waits leaves its place."""
    go = threading.Event()
    monkeypatch.setattr(passwords, "matches", lambda _kept, _password: go.wait(10))
    hashing = Hashing(waiting_most=1)
    first = asyncio.create_task(hashing.matches("hash", "a"))
    await asyncio.sleep(0)
    second = asyncio.create_task(hashing.matches("hash", "b"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait({second}, timeout=10)
    third = asyncio.create_task(hashing.matches("hash", "c"))
    await asyncio.sleep(0)
    go.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(first, third) == [True, True]
