"""Recorded loads, said by a device as its counter would say them, through the collector."""

import csv
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest
from tests.collector.conftest import MAC, NOW, Place, Said

from ohmstead.store.energy import Energies
from ohmstead.store.meters import Meters

ROWS = 300
DIGIT = Decimal("5e-10")
SETS = {  # file, column of time and of energy, minutes, and which meter where there are several
    "ausgrid": ("ausgrid_home12/import_pv_30min.parquet", "ts_local", "import_kwh", 30, None),
    "ausgrid sun": ("ausgrid_home12/import_pv_30min.parquet", "ts_local", "pv_kwh", 30, None),
    "offices": ("bdg2_sample/electricity_hourly.parquet", "ts_local", "building_1", 60, None),
    "sun": ("bdg2_solar/solar_hourly.parquet", "ts_local", "Bobcat_education_Alissa", 60, None),
    "university": ("cambridge_estates/meters_2018_2020.parquet", "ts_utc", "kwh", 60, "b0"),
    "homes": ("citylearn2022_fontana/load_pv_hourly.parquet", "ts_local", "load_kwh", 60, "home1"),
    "steel": ("steel_korea/steel_15min.parquet", "ts_start_local", "Usage_kWh", 15, None),
    "one house": ("uci_household/house_15min.parquet", "ts_local", "kwh", 15, None),
    **{
        name: (f"eemeter_samples/{name}.csv.gz", "start", "value", minutes, None)
        for name, minutes in (
            ("il-electricity-cdd-hdd-hourly", 60),
            ("uk-electricity-hdd-only-hourly-sample-0", 30),
            ("uk-electricity-hdd-only-hourly-sample-2", 30),
        )
    },
}


def loads(
    folder: Path, file: str, at: str, kwh: str, meter: str | None
) -> Iterator[tuple[datetime, Decimal]]:
    """When each interval began (taken for UTC), and its energy; what is not known is left out."""
    if file.endswith(".csv.gz"):
        with gzip.open(folder / file, "rt") as opened:
            for row in csv.DictReader(opened):
                if row[kwh]:
                    yield datetime.fromisoformat(row[at]).replace(tzinfo=UTC), Decimal(row[kwh])
        return
    only = [("meter", "==", meter), *([("commodity", "==", "electricity")] * (meter == "b0"))]
    table = pq.read_table(folder / file, filters=only if meter else None).slice(0, ROWS * 2)
    values = table[kwh].to_numpy()
    for start, value in zip(table[at].to_pylist(), values, strict=True):
        if value == value and value is not None:  # noqa: PLR0124  (NaN)
            moment = datetime(*start.timetuple()[:6], tzinfo=UTC)
            yield moment, Decimal(str(value))


def report(at: datetime, kwh: Decimal) -> Said:
    """A counter, as a device sends it."""
    energy = {"active": {"positive": {"total": float(kwh)}}}
    said = {"report": {"timestamp": at.timestamp(), "energy": energy}, "system": {"id": MAC}}
    return Said(msgspec.json.encode(said))


@pytest.mark.parametrize("name", SETS)
async def test_sums_of_a_recorded_load_are_the_sources(
    corpus: Path, place: Place, name: str
) -> None:
    """Corpus, load-data: what was said through the collector adds up to the last digit."""
    file, at, kwh, minutes, meter_id = SETS[name]
    length = timedelta(minutes=minutes)
    found = loads(corpus / "load-data", file, at, kwh, meter_id)
    said = [each for each, _ in zip(found, range(ROWS), strict=False)]
    assert len(said) == ROWS
    counter = Decimal(1000)
    messages = [report(said[0][0], counter)]
    for start, used in said:
        counter += used
        messages.append(report(start + length, counter))
    await place.database.change("UPDATE meters SET interval_s = %s", (length.total_seconds(),))
    intake = place.intake()
    for n in range(0, len(messages), 250):
        await intake.take(messages[n : n + 250])
    assert intake.counts.total() == len(messages)
    assert set(intake.counts) <= {"accepted", "duplicate", "late"}
    meter = await Meters(place.database).get("grid")
    first, last = said[0][0].date(), (said[-1][0] + timedelta(days=2)).date()
    first -= timedelta(days=1)
    total = sum(used for _, used in said)
    digits = min(7, max(-int(used.as_tuple().exponent) for _, used in said))
    for size in ("hour", "month"):
        asked = await Energies(place.database).by(meter, "1.8.0", size, first, last, NOW)
        known = sum(Decimal(repr(each.energy)) for each in asked if each.energy is not None)
        spread = DIGIT * len(asked)  # what lies across a hole is rounded in each of its hours
        assert abs(known - total) <= spread, size
    assert round(known, digits) == round(total, digits)
