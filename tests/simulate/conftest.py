"""Simulated meters that tests share: each works out its past once."""

from collections.abc import Callable
from functools import lru_cache

import pytest

from ohmstead.simulate import Simulated


@pytest.fixture(scope="session")
def meters() -> Callable[[str], Simulated]:
    """A meter of a model, with seed 1, the same one for all tests."""
    return lru_cache(maxsize=None)(lambda model: Simulated(model, 1))
