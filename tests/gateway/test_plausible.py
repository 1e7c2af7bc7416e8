"""Values that cannot be right.  Source: findings on meters without scalers; REST/MQTT 2.0, 6.3."""

import pytest

from ohmstead.gateway.plausible import doubts

THREE_PHASES = {"32.7.0": 230.0, "52.7.0": 231.0, "72.7.0": 229.0}


@pytest.mark.parametrize(
    "values, doubted",
    [
        ({"32.7.0": 2357.0}, ["32.7.0"]),
        ({"32.7.0": 23.5, "52.7.0": 0.0}, ["32.7.0"]),
        ({"124.7.0": 400.0, "125.7.0": 40.0}, ["125.7.0"]),
        ({"14.7.0": 49.98, "13.7.0": 0.97}, []),
        ({"14.7.0": 4998.0, "13.7.0": 970.0}, ["14.7.0", "13.7.0"]),
        ({"1.8.0": 1e12, "81.7.4": 120.0}, []),
        ({"1.7.0": 200_000.0}, ["1.7.0"]),
        ({**THREE_PHASES, "31.7.0": 0.05, "51.7.0": 0.05, "71.7.0": 0.05, "1.7.0": 3.4}, ["1.7.0"]),
        ({**THREE_PHASES, "31.7.0": 5.0, "51.7.0": 5.0, "71.7.0": -5.0, "2.7.0": 3.4}, []),
        ({**THREE_PHASES, "31.7.0": 0.05, "1.7.0": 3.4}, []),
        ({"32.7.0": 230.0, "31.7.0": 0.0, "1.7.0": 0.4}, []),
        ({}, []),
    ],
    ids=["tenths", "tenfold", "between", "right", "thousandths", "unknown", "power", "amperes",
         "export", "some-currents", "standby", "nothing"],
)  # fmt: skip
def test_what_cannot_be_right_is_named(values: dict[str, float], doubted: list[str]) -> None:
    """A wrong scaler shows as 2357 V, or as a power that the currents cannot carry."""
    found = list(doubts(values))
    assert [doubt.obis for doubt in found] == doubted
    assert all(doubt.value == values[doubt.obis] for doubt in found)


def test_a_doubt_says_what_would_be_right() -> None:
    """Style 7: what happened, with which value, and what to do."""
    (found,) = doubts({"52.7.0": 2357.0})
    assert found.expected == "80 to 300 V"
