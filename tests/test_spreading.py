"""The order of tests for several workers.  Source: `--dist worksteal` of pytest-xdist."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.spreading import HERE, cost, spread


@dataclass(frozen=True)
class Item:
    """What is asked of a test."""

    path: Path
    number: int


def some(file: str, count: int) -> list[Item]:
    return [Item(HERE / file, number) for number in range(count)]


ITEMS = [
    *some("access/test_a.py", 40),
    *some("house/test_b.py", 7),
    *some("web/test_c.py", 5),
    *some("whole/test_d.py", 3),
    *some("whole/test_e.py", 2),
    *some("wire/test_f.py", 60),
]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7])
def test_each_stretch_begins_with_whole_files_that_are_dear(workers: int) -> None:
    """A server that a file shares is started by one worker."""
    ordered = spread(ITEMS, workers)  # type: ignore[arg-type, var-annotated]
    assert sorted(ordered, key=str) == sorted(ITEMS, key=str)  # type: ignore[comparison-overlap]
    left, stretches = list(ordered), []
    for number in range(workers):
        size = len(left) // (workers - number)
        stretches.append(left[:size])
        del left[:size]
    for stretch in stretches:
        dear = [bool(cost(item.path)) for item in stretch]
        assert dear == sorted(dear, reverse=True)
    for file in {item.path for item in ITEMS if cost(item.path)}:
        assert sum(file in {item.path for item in stretch} for stretch in stretches) == 1


def test_what_has_no_folder_here_costs_nothing() -> None:
    """Examples in docstrings are tests too."""
    assert cost(HERE.parent / "src" / "ohmstead" / "clock.py") == 0
