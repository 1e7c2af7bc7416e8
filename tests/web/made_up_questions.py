"""What the made-up cloud answers to questions about energy: days of 12 kWh, one of them unknown."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.web.made_up import METERS, MadeUp

ZONE = ZoneInfo("Europe/Zurich")
DAY = timedelta(days=1)
UNKNOWN = 3
"""The day of which nothing is known."""
Query = Mapping[str, str]
OWN_USE: Mapping[str, float] = {
    "buckets": 1,
    "grid_import": 60.0,
    "grid_export": 10.0,
    "production": 50.0,
    "own_use": 40.0,
    "consumption": 100.0,
    "self_consumption": 0.8,
    "autarky": 0.4,
}


def asked(meter: MadeUp, question: str, query: Query) -> dict[str, Any] | None:
    """The answer about one meter; None where there is no such question."""
    known = {
        "comparison": comparison,
        "series": series,
        "heat-map": heat_map,
        "load-duration": load_duration,
        "peaks": peaks,
    }
    if question not in known:
        return None
    head = {"meter": meter.id, "quantity": "1.8.0", "timezone": ZONE.key, "unit": "kWh"}
    return {**head, "resolution": "day", "source": "day", **known[question](query)}


def days_of(query: Query) -> list[date]:
    """The days that are asked for."""
    first, last = (datetime.fromisoformat(query[key]).date() for key in ("from", "to"))
    return [first + n * DAY for n in range((last - first).days)]


def begins(day: date) -> float:
    """When it begins, in epoch seconds."""
    return datetime.combine(day, time.min, ZONE).timestamp()


def comparison(query: Query) -> dict[str, Any]:
    """A fifth more than before."""
    days = days_of(query)

    def side(energy: float, back: int) -> dict[str, Any]:
        moved = [day - back * DAY for day in days]
        return {
            "first": str(moved[0]),
            "last": str(moved[-1] + DAY),
            "start": [begins(day) for day in moved],
            "end": [begins(day + DAY) for day in moved],
            "energy": [None if n == UNKNOWN and back == 0 else energy for n in range(len(days))],
            "completeness": [1.0] * len(days),
            "total": energy * (len(days) - 1),
        }

    before = 10.0 * (len(days) - 1)
    return {
        "current": side(12.0, 0),
        "before": side(10.0, len(days)),
        "compared": len(days) - 1,
        "current_total": 1.2 * before,
        "before_total": before,
        "difference": 0.2 * before,
        "difference_percent": 20.0,
    }


def series(query: Query) -> dict[str, Any]:
    """Power by day, twice as high at its highest."""
    days = days_of(query)
    values = [None if n == UNKNOWN else 0.5 for n in range(len(days))]
    most = [None if value is None else 2 * value for value in values]
    column = {"label": "", "unit": "kW", "statistic": "mean", "estimated": None, "least": values}
    return {
        "sources": ["day", "day"],
        "start": [begins(day) for day in days],
        "end": [begins(day + DAY) for day in days],
        "columns": [
            {**column, "quantity": "1.7.0", "values": values, "most": most},
            {**column, "quantity": "2.7.0", "values": [0.0] * len(days), "most": most},
        ],
    }


def heat_map(query: Query) -> dict[str, Any]:
    """As much as the hour of the day."""
    days = days_of(query)
    rows = [[None if n == UNKNOWN else hour / 23 for hour in range(24)] for n in range(len(days))]
    return {
        "days": [str(day) for day in days],
        "columns": [f"{hour:02}:00" for hour in range(24)],
        "values": rows,
    }


def load_duration(_query: Query) -> dict[str, Any]:
    """From 3 kW down to 200 W."""
    percents = [0, 1, 5, 10, 25, 50, 75, 90, 95, 99, 100]
    return {
        "unit": "kW",
        "power": [3.0, 1.0, 0.2],
        "hours": [10.0, 300.0, 700.0],
        "percents": percents,
        "percentiles": [0.2] * 4 + [0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0],
        "base_load": 0.2,
        "known_hours": 700.0,
        "unknown_hours": 44.0,
        "at_least": [],
        "at_least_hours": [],
    }


def peaks(query: Query) -> dict[str, Any]:
    """Two of them."""
    start = [begins(day) + 64_800 for day in days_of(query)[:2]]
    return {
        "unit": "kW",
        "window_min": 15,
        "kind": "clock",
        "start": start,
        "end": [at + 900 for at in start],
        "demand": [3.0, 2.5],
        "exact": [True, True],
    }


def site(question: str, query: Query) -> dict[str, Any] | None:
    """The answer about the site of the first two meters; the second stands below the first."""
    if question == "self-consumption":
        return {"site": 1, "totals": OWN_USE}
    if question != "breakdown":
        return None
    above, below, apart = METERS[:3]
    first, last = (begins(date.fromisoformat(query[key])) for key in ("from", "to"))
    part = {"virtual": False, "estimated": [0.0], "completeness": [1.0], "again": []}
    return {
        "site": 1,
        "type": "electricity",
        "quantity": "1.8.0",
        "timezone": ZONE.key,
        "unit": "kWh",
        "resolution": "whole",
        "source": "day",
        "start": [first],
        "end": [last],
        "total": 100.0,
        "left_out": [],
        "parts": [
            {**part, "meter": above.id, "name": above.name, "parent": None,
             "energy": [100.0], "total": 100.0, "share": 1.0},
            {**part, "meter": below.id, "name": below.name, "parent": above.id,
             "energy": [60.0], "total": 60.0, "share": 0.6},
            {**part, "meter": apart.id, "name": apart.name, "parent": None, "virtual": True,
             "energy": [60.0], "total": 60.0, "share": None, "again": [below.id]},
        ],
        "untracked": [{"meter": above.id, "energy": [40.0], "total": 40.0, "share": 0.4}],
    }  # fmt: skip
