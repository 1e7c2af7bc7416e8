"""The board.  Source: design, style 10: post the latest and wait for nobody."""

import asyncio
from datetime import UTC, datetime

import pytest

from ohmstead.gateway.board import Board
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


async def test_a_wait_has_an_end() -> None:
    """Style 10: every wait has a timeout."""
    with pytest.raises(TimeoutError):
        await Board().next(None, 0.001)


async def test_a_closed_board_lets_everybody_go() -> None:
    """The end of the program: streams end by themselves."""
    board = Board()
    waiting = asyncio.create_task(board.next(None, 5))
    await asyncio.sleep(0)
    board.close()
    assert await waiting is None
    assert await board.next(None, 5) is None
