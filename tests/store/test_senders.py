"""What is said of senders: their pace beside the meter's interval, fields nobody knows."""

from datetime import timedelta

import pytest
from tests.store.conftest import NOW, MakeMeter

from ohmstead.clock import SetClock
from ohmstead.errors import BadInput
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.meter_settings import MeterSettings
from ohmstead.store.packet_directory import PacketDirectory
from ohmstead.store.senders import Senders, Sending, duration


@pytest.mark.parametrize(
    "pace_s, interval_s, suggested_s",
    [
        (None, 300, None),
        (300, 300, None),
        (500, 300, None),
        (60, 300, None),
        (900, 300, 900),
        (907, 300, 900),
        (3500, 300, 3600),
        (10.4, 5, 10),
        (86_400 * 9, 3600, 86_400),
    ],
)
def test_the_interval_that_fits_a_slow_sender(
    pace_s: float | None, interval_s: float, suggested_s: float | None
) -> None:
    """Wattics 2019, Clarifications: registered for 5 minutes and pushing every 15."""
    assert Sending(pace_s=pace_s).suggested_s(interval_s) == suggested_s


def test_intervals_are_written_as_options_take_them() -> None:
    """docs/commands.md: 10s, 5m, 1h."""
    assert [duration(s) for s in (10, 300, 3600, 86_400, 5400)] == ["10s", "5m", "1h", "1d", "90m"]


async def test_a_slow_sender_and_strange_fields_are_warned_of(
    database: Database, clock: SetClock, make_meter: MakeMeter
) -> None:
    """The push API's promise: a sender slower than its interval shows, with the suggested value."""
    slow, well = await make_meter("slow", interval_s=300.0), await make_meter("well")
    rows = [Row(slow.stream, NOW + timedelta(minutes=15 * n), NOW) for n in range(8)]
    rows += [Row(well.stream, NOW + timedelta(seconds=10 * n), NOW) for n in range(8)]
    await Committer(database, clock).commit(rows)
    await Committer(database, clock).commit(rows[:1], "discard")
    await PacketDirectory(database).keep_unknown({(slow.stream, "colour"): NOW})
    known = await Senders(database).of([slow.stream, well.stream])
    assert known[well.stream].warnings(well) == []
    assert known[slow.stream].pace_s == 900
    assert known[slow.stream].late == 1
    pace, fields = known[slow.stream].warnings(slow)
    assert "`ohmstead admin meter set slow --interval 15m`" in pace
    assert "colour" in fields
    changed = await MeterSettings(database).change("slow", interval_s=900)
    assert len(known[slow.stream].warnings(changed)) == 1


async def test_settings_are_checked(database: Database, make_meter: MakeMeter) -> None:
    """errors.py: what happened, with which value, and what to do."""
    await make_meter("gas", type="gas")
    settings = MeterSettings(database)
    for wrong, words in (
        ({"interval_s": 0.1}, "between 1 s"),
        ({"reading": "both"}, "way of reading"),
        ({"unit": "kW"}, "unit of gas"),
        ({"wh_per_pulse": 5.0}, "set --unit too"),
        ({"wh_per_pulse": -1.0}, "not between"),
    ):
        with pytest.raises(BadInput, match=words):
            await settings.change("gas", **wrong)  # type: ignore[arg-type]
    meter = await settings.change("gas", unit="kWh", wh_per_pulse=10.0, reading="interval")
    assert (meter.unit, meter.reading) == ("kWh", "interval")
    assert await settings.wh_per_pulse(meter.stream) == 10
    await settings.change("gas", wh_per_pulse=0.0)
    assert await settings.wh_per_pulse(meter.stream) is None
