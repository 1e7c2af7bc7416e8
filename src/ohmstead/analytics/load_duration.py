"""Load duration: for how many hours the power was how high.  docs/questions.md has the rules."""

from dataclasses import dataclass

import numpy as np

from ohmstead.analytics.energy import Floats

PERCENTS = (0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
BASE_PERCENT = 10
"""The base load is the power below which it is for a tenth of the time."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadDuration:
    """`power` descending, float64 [n]; `hours` [n] for how long it was at least that high."""

    power: Floats
    hours: Floats

    @property
    def known_hours(self) -> float:
        """How long the power is known."""
        return float(self.hours[-1]) if len(self.hours) else 0.0

    def percentile(self, percent: float) -> float | None:
        """The power below which it was for `percent` of the time; None where nothing is known.

        Between two powers it is read off a straight line; of intervals of equal length this is
        what numpy's `percentile` gives.

        >>> load_duration(np.array([1.0, 3.0, 2.0]), np.ones(3)).percentile(50)
        2.0
        """
        if not len(self.power):
            return None
        rising, lengths = self.power[::-1], np.diff(self.hours, prepend=0.0)[::-1]
        begins = np.cumsum(lengths) - lengths
        last = begins[-1] or 1.0
        return float(np.interp(percent / 100, begins / last, rising))

    def hours_at_least(self, power: float) -> float:
        """For how many hours it was `power` or more.

        >>> load_duration(np.array([1.0, 3.0, 2.0]), np.ones(3)).hours_at_least(2.0)
        2.0
        """
        count = int(np.searchsorted(-self.power, -power, side="right"))
        return float(self.hours[count - 1]) if count else 0.0

    def thinned(self, points: int) -> "LoadDuration":
        """At most about `points` of its points, the first and the last among them."""
        if len(self.power) <= points:
            return self
        kept = np.unique(np.linspace(0, len(self.power) - 1, points).round().astype(np.int64))
        return LoadDuration(self.power[kept], self.hours[kept])


def load_duration(power: Floats, hours: Floats) -> LoadDuration:
    """The curve of `power` [n] that lasted `hours` [n] each; NaN is left out."""
    known = ~np.isnan(power)
    power, hours = power[known], hours[known]
    order = np.argsort(-power, kind="stable")
    return LoadDuration(power[order], np.cumsum(hours[order]))
