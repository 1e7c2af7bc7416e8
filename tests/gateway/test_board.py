"""The board.  Source: design, style 10: post the latest and wait for nobody."""

import asyncio
from datetime import UTC, datetime

import pytest

from ohmstead.gateway.board import KEPT, Board
from ohmstead.reading.reading import Reading


def a_reading(number: int) -> Reading:
    return Reading("m", datetime(2025, 1, 1, tzinfo=UTC), {}, number=number)


async def test_whoever_waits_gets_the_next_reading() -> None:
    """`next(after)` is the one that is not `after`, at once if it hangs there already."""
    board, first, second = Board(), a_reading(1), a_reading(2)
    waiting = asyncio.create_task(board.next(None, 5))
    await asyncio.sleep(0)
    board.post(first)
    assert await waiting is first
    assert await board.next(None, 5) is first
    waiting = asyncio.create_task(board.next(first, 5))
    await asyncio.sleep(0)
    board.post(second)
    assert await waiting is second


async def test_who_comes_late_gets_the_latest_only() -> None:
    """A slow reader misses readings and delays none."""
    board = Board()
    for number in range(5):
        board.post(a_reading(number))
    latest = await board.next(a_reading(0), 5)
    assert latest is not None
    assert latest.number == 4


async def test_who_follows_gets_every_reading() -> None:
    """3.2: an event as often as the meter reports, also when several telegrams come at once."""
    board = Board()
    waiting = asyncio.create_task(board.further(0, 5))
    await asyncio.sleep(0)
    for number in (1, 2, 3):
        board.post(a_reading(number))
    further = await waiting
    assert further is not None
    seen, readings = further
    assert (seen, [one.number for one in readings]) == (3, [1, 2, 3])
    board.post(a_reading(4))
    assert await board.further(seen, 5) == (4, (a_reading(4),))


async def test_who_follows_too_slowly_gets_the_latest_ones() -> None:
    """Style 10: every queue is bounded, and drops the oldest."""
    board = Board()
    for number in range(KEPT + 10):
        board.post(a_reading(number))
    further = await board.further(0, 5)
    assert further is not None
    assert [one.number for one in further[1]] == list(range(10, KEPT + 10))


async def test_a_wait_has_an_end() -> None:
    """Style 10: every wait has a timeout."""
    with pytest.raises(TimeoutError):
        await Board().next(None, 0.001)
    with pytest.raises(TimeoutError):
        await Board().further(0, 0.001)


async def test_a_closed_board_lets_everybody_go() -> None:
    """The end of the program: streams end by themselves."""
    board = Board()
    waiting = asyncio.create_task(board.next(None, 5))
    following = asyncio.create_task(board.further(0, 5))
    await asyncio.sleep(0)
    board.close()
    assert await waiting is None
    assert await following is None
    assert await board.next(None, 5) is None
