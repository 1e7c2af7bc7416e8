"""The highest demands: which windows count, where they overlap, and exactly when."""

from collections.abc import Iterable

import numpy as np

from ohmstead.analytics.energy import Floats, Steps, demand_kw


def apart(found: Iterable[tuple[float, float]], window_s: float, count: int) -> list[int]:
    """Which of `found` (end in epoch seconds, demand; highest first) are the `count` highest.

    Windows that overlap are one peak, the highest of them.

    >>> apart([(900.0, 9.0), (1800.0, 8.0), (3600.0, 7.0)], 1800.0, 2)
    [0, 2]
    """
    kept: list[tuple[int, float]] = []
    for n, (end, _) in enumerate(found):
        if len(kept) == count:
            break
        if all(abs(end - other) >= window_s for _, other in kept):
            kept.append((n, end))
    return [n for n, _ in kept]


def highest_end(steps: Steps, first: float, last: float, window_s: float) -> float | None:
    """When the window of the highest mean power that ends from `first` to `last` does end.

    None where no window was measured whole.  It begins or ends with a reading.
    """
    turns = np.concatenate([steps.start, steps.end])
    ends: Floats = np.unique(np.concatenate([turns, turns + window_s, [first, last]]))
    ends = ends[(ends >= first) & (ends <= last)]
    found = demand_kw(steps, ends, window_s)
    if np.isnan(found).all():
        return None
    return float(ends[np.nanargmax(found)])
