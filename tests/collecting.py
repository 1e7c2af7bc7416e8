"""In what order tests run: the long ones first.  And doctests, where there are some."""

import gc
import os
from collections.abc import Generator
from itertools import groupby
from pathlib import Path

import pytest
from _pytest.doctest import DoctestModule

LONG = ("whole", "web")
"""Rooms with servers and browsers: begun last, one of their tests would keep a machine waiting."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """No looking for garbage among thousands of tests, neither while they are found nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path,
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """No looking for examples, object by object, in files that have none."""
    found = yield
    if (
        any(isinstance(each, DoctestModule) for each in found)
        and b">>>" not in file_path.read_bytes()
    ):
        return [each for each in found if not isinstance(each, DoctestModule)]
    return found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several workers: the files of long tests are dealt out, and each begins with its own."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = dealt(items, workers)


def dealt(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Those of each worker after those of the one before, as xdist's `worksteal` hands them out."""
    long = [each for each in items if each.path.parent.name in LONG]
    short = [each for each in items if each.path.parent.name not in LONG]
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for _, file in groupby(long, key=lambda each: each.path):
        min(hands, key=len).extend(file)
    order: list[pytest.Item] = []
    for number, hand in enumerate(hands):
        missing = (number + 1) * len(items) // workers - len(order) - len(hand)
        order += [*hand, *short[: max(missing, 0)]]
        del short[: max(missing, 0)]
    return order + short
