"""What a meter measured and cost, over the management API.  Source: Interop notes, 3.2."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from tests.dashboard.conftest import NOW, Enter, World
from tests.dashboard.test_management import TARIFF, a_meter, manager

from ohmstead.analytics.tariff_check import read
from ohmstead.store.audit import By
from ohmstead.store.meters import Meters
from ohmstead.store.tariffs import Tariffs

START = datetime(2025, 6, 30, 22, tzinfo=UTC)
"""Midnight in Zurich."""
SAID_BEGIN = "2025-06-30T22:00:00.000Z"


async def asked(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    """What is answered to a question."""
    return (await client.get(path, params=query)).json()


async def test_what_was_measured(world: World, enter: Enter) -> None:
    """3.2: raw_data by day and by moment, with phases; consumptions as `X Watt` that are Wh."""
    client = await manager(world, enter)
    meter = await a_meter(client, process_sampling_rate=15)
    assert await world.database.rows("SELECT id FROM meters") == [{"id": "m-1"}]
    said = {"36.7.0": 0.5, "56.7.0": 0.25, "76.7.0": -0.25}
    quarters = [
        (START + n * timedelta(minutes=15), {"1.8.0": 100 + n * 0.25, **said}) for n in range(98)
    ]
    await world.measured(await Meters(world.database).get("m-1"), *quarters)
    base = f"meters/{meter['id']}"
    await readings_are_said(client, f"{base}/raw_data")
    await energy_is_said(client, f"{base}/consumptions")
    metadata = await asked(client, f"{base}/metadata")
    assert metadata["first_measurement"] == "2025-06-30T22:00:00Z"
    assert metadata["measurements"] == 98
    assert await asked(client, f"{base}/costs", month=7, year=2025) == []
    await priced(world, "m-1")
    await costs_are_said(client, f"{base}/costs")
    (tariff, *_) = await asked(client, f"sites/{meter['site_id']}/tariffs")
    assert await asked(client, f"tariffs/{tariff['id']}") == tariff


async def readings_are_said(client: httpx.AsyncClient, path: str) -> None:
    """Of a day of the site, of moments in UTC, and of what clients write for either."""
    day = {"from": "01/07/2025", "to": "01/07/2025", "data_type": "active_power"}
    rows = await asked(client, path, **day)
    assert len(rows) == 96
    assert rows[0] == {
        "timestamp": SAID_BEGIN,
        "value": 500.0,
        "total": 500.0,
        "unit": "W",
        "active_power": 500.0,
    }
    hour = {
        "from": "2025-06-30 22:00:00",
        "to": "2025-06-30 23:00:00",
        "data_type": "active_power",
        "show_phases": "true",
        "detailed": "true",
    }
    rows = await asked(client, path, **hour)
    assert len(rows) == 4
    assert [rows[0][f"phase_{n}"] for n in (1, 2, 3)] == [500.0, 250.0, -250.0]
    for odd in (
        {"from": "01-07-2025", "to": "2025-07-01", "data_type": "Active Power", "show_phases": ""},
        {"from": "2025-07-01T00:00:00 02:00", "to": "01/07/2025 22:00:00"},  # a plus became a space
        {"from": "2025-06-30T22:00:00Z", "to": "2025-09-29 21:00:00"},  # 90 days and 23 hours
    ):
        rows = await asked(client, path, **odd)
        assert rows[0]["timestamp"] == SAID_BEGIN
        assert len(rows) in (96, 98)


async def energy_is_said(client: httpx.AsyncClient, path: str) -> None:
    """Of the days of a month of which something is known."""
    days = await asked(client, path, month="7", year="2025", detailed="true")
    assert len(days) == 2  # of the others nothing is known
    assert (days[0]["date"], days[0]["weekday"]) == ("2025-07-01", "Tuesday")
    assert days[0]["total_consumption"] == "24000.0 Watt"
    assert days[0]["consumption_by_time"]["00h00m"] == "250.0 Watt"
    assert len(days[0]["consumption_by_time"]) == 96
    plain = await asked(client, path, month=7, year=2025)
    assert set(plain[0]) == {"date", "weekday", "total_consumption"}
    # clients look for the first month that has anything
    assert await asked(client, path, month=6, year=2025) == []


async def costs_are_said(client: httpx.AsyncClient, path: str) -> None:
    """Each day's in the currency of its tariff."""
    costs = await asked(client, path, month="7", year="2025", detailed="true")
    assert costs[0]["total_cost"] == "4.80 EUR"
    assert costs[0]["cost_by_time"]["00h15m"] == "0.05 EUR"
    assert [day["total_cost"] for day in costs[1:]] == ["0.05 CHF"]


async def priced(world: World, meter: str) -> None:
    """Let a meter have a tariff of 0.20 EUR a kWh, and one in another currency from 2 July on."""
    tariffs, by = Tariffs(world.database), By("test", NOW)
    kept = await tariffs.add(read(TARIFF), None, by=by)
    other = await tariffs.add(read({**TARIFF, "name": "Other", "currency": "CHF"}), None, by=by)
    stored = await Meters(world.database).get(meter)
    await tariffs.assign(stored, kept.id, date(2025, 1, 1), date(2025, 7, 2), by=by)
    await tariffs.assign(stored, other.id, date(2025, 7, 2), None, by=by)
