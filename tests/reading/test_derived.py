"""What follows from what a meter says.  Sources: Ensor example of REST/MQTT 2.0, 3.1; 4.1.1."""

from hypothesis import given
from hypothesis import strategies as st

from ohmstead.reading.derived import with_derived

THOUSANDTHS = st.integers(0, 10**9)


def test_a_total_is_the_sum_of_its_tariffs() -> None:
    """3.1, Ensor: total 68.092, t1 44.258, t2 23.834; a DSMR telegram has the tariffs only."""
    assert with_derived({"1.8.1": 44.258, "1.8.2": 23.834})["1.8.0"] == 68.092
    assert with_derived({"2.8.1": 0.0, "2.8.2": 0.0})["2.8.0"] == 0


def test_a_total_that_the_meter_says_stays() -> None:
    """3.1, Landis+Gyr: total 8.965 beside t1 7.868 and t2 1.097 that need not add up to it."""
    assert with_derived({"1.8.0": 9.0, "1.8.1": 7.868, "1.8.2": 1.097})["1.8.0"] == 9.0


def test_one_tariff_alone_is_no_total() -> None:
    """Style 5: absent is not 0."""
    assert "1.8.0" not in with_derived({"1.8.1": 44.258})


@given(THOUSANDTHS, THOUSANDTHS)
def test_sums_and_nets_have_the_meters_precision(a: int, b: int) -> None:
    """A meter counts in thousandths: no sum of two such numbers has binary noise."""
    found = with_derived(
        {"1.8.1": a / 1000, "1.8.2": b / 1000, "1.7.0": a / 1000, "2.7.0": b / 1000}
    )
    assert found["1.8.0"] == (a + b) / 1000
    assert found["16.7.0"] == (a - b) / 1000


def test_nets_are_import_minus_export_in_total_and_by_phase() -> None:
    """Catalogue: 16.7.0 and 36.7.0 are net power, s3.7.0 and s63.7.0 net reactive power."""
    found = with_derived({
        "1.7.0": 0.338, "2.7.0": 0.1, "21.7.0": 0.0, "22.7.0": 0.5,
        "3.7.0": 1.0, "4.7.0": 0.25, "63.7.0": 0.0, "64.7.0": 0.125,
    })  # fmt: skip
    nets = {k: found[k] for k in ("16.7.0", "36.7.0", "s3.7.0", "s63.7.0")}
    assert nets == {"16.7.0": 0.238, "36.7.0": -0.5, "s3.7.0": 0.75, "s63.7.0": -0.125}
    assert "56.7.0" not in found


def test_a_current_is_negative_while_its_phase_exports() -> None:
    """4.1.1, `s31_7.0`: "Signed instantaneous current (I) in phase L1"."""
    found = with_derived({
        "21.7.0": 0.0, "22.7.0": 0.5, "31.7.0": 2.2, "41.7.0": 0.1, "42.7.0": 0.0, "51.7.0": 0.4,
        "71.7.0": 0.7,
    })  # fmt: skip
    assert (found["s31.7.0"], found["s51.7.0"]) == (-2.2, 0.4)
    assert "s71.7.0" not in found
    assert with_derived({"71.7.0": -5.2})["s71.7.0"] == -5.2


@given(st.integers(-(10**9), 10**9))
def test_a_net_power_alone_has_a_part_on_one_side(thousandths: int) -> None:
    """SML meters that say 16.7.0 only: import is its positive part, export its negative one."""
    net = thousandths / 1000
    found = with_derived({"16.7.0": net, "36.7.0": -net})
    assert (found["1.7.0"], found["2.7.0"]) == (max(net, 0), max(-net, 0))
    assert (found["21.7.0"], found["22.7.0"]) == (found["2.7.0"], found["1.7.0"])
    assert found["16.7.0"] == net


def test_what_the_meter_says_of_one_side_stays_alone() -> None:
    """Style 5: a meter that says its import and its net is not told what it exports."""
    assert with_derived({"16.7.0": 1.0, "1.7.0": 2.0}) == {"16.7.0": 1.0, "1.7.0": 2.0}
