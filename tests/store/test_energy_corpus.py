"""Recorded loads through the committer: sums are the source's, to the last digit."""

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.store.conftest import MakeMeter

from ohmstead.clock import SetClock
from ohmstead.store.committer import Committer, Row
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies

HOURS = 1200
SOURCES = ("il-electricity-cdd-hdd-hourly", "uk-electricity-hdd-only-hourly-sample-0")


@pytest.mark.parametrize("reading", ["interval", "cumulative"])
@pytest.mark.parametrize("source", SOURCES)
async def test_sums_are_the_sources(
    corpus: Path, database: Database, clock: SetClock, make_meter: MakeMeter,
    source: str, reading: str,
) -> None:  # fmt: skip
    """Corpus, load-data/eemeter_samples: each hour and all, as intervals or counter."""
    with gzip.open(corpus / "load-data" / "eemeter_samples" / f"{source}.csv.gz", "rt") as file:
        said = [
            (datetime.fromisoformat(row["start"]).astimezone(UTC), Decimal(row["value"]))
            for row, _ in zip(csv.DictReader(file), range(HOURS), strict=False)
            if row["value"]
        ]
    meter = await make_meter("m1", "UTC", interval_s=3600.0, reading=reading)
    rows = (
        []
        if reading == "interval"
        else [Row(meter.stream, said[0][0], clock.now(), {"1.8.0": 0.0})]
    )
    counter = Decimal(0)
    for start, kwh in said:
        counter += kwh
        shown = float(kwh if reading == "interval" else counter)
        rows.append(Row(meter.stream, start + timedelta(hours=1), clock.now(), {"1.8.0": shown}))
    committer = Committer(database, clock)
    for n in range(0, len(rows), 500):
        await committer.commit(rows[n : n + 500])
    first, last = said[0][0].date(), said[-1][0].date() + timedelta(days=2)
    for by in ("hour", "month"):
        found = await Energies(database).by(
            meter, "1.8.0", by, first, date(last.year, last.month, last.day), clock.now()
        )
        total = sum(each.energy or 0.0 for each in found)
        assert Decimal(total).quantize(Decimal("1e-6")) == counter.quantize(Decimal("1e-6"))
    hours = {each.start: each.energy for each in await Energies(database).by(
        meter, "1.8.0", "hour", first, last, clock.now())}  # fmt: skip
    for start, kwh in said:
        assert hours[start] == pytest.approx(float(kwh), abs=1e-8)
