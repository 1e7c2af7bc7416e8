"""Chance that repeats itself: numbers that look random and follow from their keys alone.

Python's own `random` would do for one stream of numbers; here any number must be had without the
ones before it, because a meter may be asked about any moment.  The mixing is that of SplitMix64
(Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
"""

_64 = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_ONE = float(1 << 64)


def mixed(*keys: int) -> int:
    """64 bits that change completely with every bit of every key.

    >>> mixed(1, 2) == mixed(1, 2), mixed(1, 2) == mixed(2, 1)
    (True, False)
    """
    state = 0
    for key in keys:
        state = (state + key * _STEP + _STEP) & _64
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _64
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _64
        state ^= state >> 31
    return state


def unit(*keys: int) -> float:
    """A number in [0, 1) for these keys."""
    return mixed(*keys) / _ONE


def wave(at_s: float, step_s: int, *keys: int) -> float:
    """A smooth line through chance values in [-1, 1), one every `step_s` seconds.

    >>> wave(0, 60, 7) == wave(0.0, 60, 7), -1 <= wave(31, 60, 7) < 1
    (True, True)
    """
    step, into = divmod(at_s, step_s)
    here, there = unit(*keys, int(step)), unit(*keys, int(step) + 1)
    return 2 * (here + (there - here) * into / step_s) - 1


class Draws:
    """One number after the other for one purpose, the same ones whenever the keys are the same."""

    def __init__(self, *keys: int) -> None:
        self._state = mixed(*keys)

    def unit(self) -> float:
        """The next number in [0, 1)."""
        self._state = state = (self._state + _STEP) & _64
        state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & _64
        state = ((state ^ state >> 27) * 0x94D049BB133111EB) & _64
        return (state ^ state >> 31) / _ONE

    def between(self, low: float, high: float) -> float:
        """The next number in [low, high)."""
        return low + (high - low) * self.unit()

    def often(self, mean: float) -> int:
        """A whole number with this mean: the one below or above it."""
        return int(mean + self.unit())
