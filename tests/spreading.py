"""In which order tests run when several workers share them.

Each worker begins with a stretch of the list and steals from the end of another's when it is done
(`--dist worksteal`).  What is dear to start (a cloud, a browser, a database server) should be
started by one worker only, so the files that do so are dealt out whole, to be run first; what is
stolen at the end is then cheap.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

HERE = Path(__file__).parent

SECONDS = {
    "whole": 12.0,
    "web": 4.0,
    "gateway/outside": 8.0,
    "house": 1.5,
    "store/test_server.py": 2.5,
    "broker": 0.8,
    "gateway/test_network_manager": 0.5,
    "cli/test_simulate.py": 0.8,
    "dashboard": 0.3,
    "alerts": 0.5,
    "store": 0.4,
}
"""How a path begins -> about how long one of its tests takes; the first that fits, else nothing."""


def cost(path: Path) -> float:
    """Seconds of one test in a file, 0 for those of which there are thousands."""
    name = path.relative_to(HERE).as_posix() if path.is_relative_to(HERE) else ""
    return next((seconds for start, seconds in SECONDS.items() if name.startswith(start)), 0.0)


def spread(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests, so ordered that each of the equal stretches begins with its share of the dear
    ones, a file never being parted."""
    files: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.path].append(item)
    dear = sorted(
        ((cost(path) * len(tests), tests) for path, tests in files.items() if cost(path)),
        key=lambda one: -one[0],
    )
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    taken = [0.0] * workers
    for seconds, tests in dear:
        least = taken.index(min(taken))
        shares[least] += tests
        taken[least] += seconds
    cheap = iter([item for path, tests in files.items() if not cost(path) for item in tests])
    ordered: list[pytest.Item] = []
    for number, share in enumerate(shares):
        size = (len(items) - len(ordered)) // (workers - number)
        ordered += [*share, *islice(cheap, max(0, size - len(share)))]
    return [*ordered, *cheap]
