"""Standard load profiles, against demandlib's own computation of them."""

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest

from ohmstead.simulate.profiles import profile

YEAR = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]

ORACLE = """
import json, warnings
warnings.simplefilter = lambda *a, **k: None  # demandlib makes every warning of pandas an error
from demandlib import bdew
frame = bdew.ElecSlp(2025).get_profiles("h0_dyn", "g0", "l0")
print(json.dumps({name: list(frame[name]) for name in frame}))
"""


@pytest.fixture(scope="module")
def oracle() -> dict[str, list[float]]:
    """A year of each profile, quarter by quarter, its sum 1, as demandlib computes it."""
    command = [sys.executable, "-W", "ignore", "-c", ORACLE]
    answer = subprocess.run(command, check=True, capture_output=True, timeout=90)
    return dict(json.loads(answer.stdout))


@pytest.mark.parametrize("ours, theirs", [("h0", "h0_dyn"), ("g0", "g0"), ("l0", "l0")])
def test_a_year_is_what_demandlib_computes(
    oracle: dict[str, list[float]], ours: str, theirs: str
) -> None:
    """BDEW load profiles, h0 with its factor for the day of the year."""
    powers = [power for day in YEAR for power in profile(ours).powers(day)]
    total = sum(powers)
    worst = max(abs(p / total / o - 1) for p, o in zip(powers, oracle[theirs], strict=True))
    assert worst < 0.005


@pytest.mark.parametrize("name", ["h0", "g0", "l0"])
def test_a_year_of_a_profile_is_a_thousand_kilowatt_hours(name: str) -> None:
    """BDEW: normalised to 1000 kWh a year; public holidays are taken as working days here."""
    total = sum(sum(profile(name).powers(day)) / 4 for day in YEAR)
    assert total == pytest.approx(1000, rel=0.02)


def test_a_home_uses_most_in_the_evening_and_a_business_at_noon() -> None:
    """BDEW profiles h0 and g0 on a winter working day."""
    day = date(2025, 1, 15)
    home, business = profile("h0").powers(day), profile("g0").powers(day)
    assert 17 * 4 <= home.index(max(home)) < 21 * 4
    assert 10 * 4 <= business.index(max(business)) < 13 * 4


def test_an_unknown_profile_is_refused() -> None:
    """BDEW knows h0, g0 to g6 and l0 to l2."""
    with pytest.raises(KeyError):
        profile("x9")


def test_no_data_frame_enters_the_process() -> None:
    """A gateway stays under 90 MB: its simulated meter brings neither pandas nor numpy."""
    code = (
        "import sys; from datetime import UTC, datetime;"
        "from ohmstead.simulate import Simulated;"
        "Simulated('hdlc-aidon').telegram(datetime(2026, 7, 1, tzinfo=UTC));"
        "print(sorted({'pandas', 'numpy', 'demandlib'} & sys.modules.keys()));"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, timeout=60, text=True
    )
    modules, kilobytes = answer.stdout.split("\n", 1)
    assert modules == "[]"
    assert int(kilobytes) < 40_000
