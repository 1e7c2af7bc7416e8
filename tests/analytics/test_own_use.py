"""Own use by hand."""

import numpy as np

from ohmstead.analytics.own_use import own_use


def test_own_use_by_hand() -> None:
    """docs/questions.md, self-consumption: the four formulas, night, battery, and the unknown."""
    found = own_use(
        np.array([6.0, 2.0, 1.0, np.nan]),
        np.array([1.0, 0.0, 3.0, 1.0]),
        np.array([5.0, 0.0, 2.0, 4.0]),
    )
    assert found.own_use.tolist()[:3] == [4.0, 0.0, 0.0]
    assert found.consumption.tolist()[:3] == [10.0, 2.0, 1.0]
    assert found.self_consumption[0] == 0.8
    assert np.isnan(found.self_consumption[1])
    assert found.autarky.tolist()[:3] == [0.4, 0.0, 0.0]
    assert np.isnan(found.consumption[3])
    assert np.isnan(found.autarky[3])
