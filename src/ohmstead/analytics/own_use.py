"""What a site makes of its own production.  docs/questions.md has the formulas."""

from dataclasses import dataclass

import numpy as np

from ohmstead.analytics.energy import Floats

DIGITS = 9


@dataclass(frozen=True, slots=True, eq=False)
class OwnUse:
    """Float64 [n] each, kWh, NaN where it is not known; the last two are shares of 0 to 1."""

    own_use: Floats
    consumption: Floats
    self_consumption: Floats
    autarky: Floats


def own_use(imported: Floats, exported: Floats, produced: Floats) -> OwnUse:
    """Own use = production - export, consumption = import + own use.

    Self-consumption = own use / production, autarky = own use / consumption; NaN where that is
    nothing by nothing.  More export than production (from a battery) is no own use.

    >>> found = own_use(np.array([6.0]), np.array([1.0]), np.array([5.0]))
    >>> [float(each[0]) for each in (found.own_use, found.self_consumption, found.autarky)]
    [4.0, 0.8, 0.4]
    """
    used: Floats = np.maximum(produced - exported, 0.0).round(DIGITS)
    consumed: Floats = (imported + used).round(DIGITS)
    return OwnUse(used, consumed, _share(used, produced), _share(used, consumed))


def _share(part: Floats, whole: Floats) -> Floats:
    some = whole > 0
    share = np.where(some, part / np.where(some, whole, 1.0), np.nan)
    return np.minimum(share, 1.0).round(6).astype(np.float64)
