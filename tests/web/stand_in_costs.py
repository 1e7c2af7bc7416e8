"""Tariffs, contracts and costs of the made-up cloud: days of 12 kWh, one of them unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.web.made_up import ZONE
from tests.web.made_up_questions import UNKNOWN, begins, days_of

NO_CHARGES = "version from 2026-01-01: charges: there are none"
Said = tuple[int, Any]


@dataclass
class Costs:
    """What this cloud knows of costs."""

    contracts: list[dict[str, Any]] = field(default_factory=list)
    tariffs: list[dict[str, Any]] = field(default_factory=list)

    def answer(
        self, method: str, path: list[str], query: Mapping[str, str], body: Any
    ) -> Said | None:
        """Status and answer; None where it is no question about costs."""
        match method, path:
            case "GET", ["tariffs"]:
                return 200, {"items": self.tariffs}
            case "POST", ["tariffs"]:
                return self._add(body["document"])
            case "GET", ["meters", meter, "contracts"]:
                return 200, {"meter": meter, "items": self.contracts}
            case "POST", ["meters", _, "contracts"]:
                self.contracts.append({"id": 1, "name": "Home", **body})
                return 201, self.contracts[-1]
            case "GET", ["meters", meter, "costs"]:
                head = {"meter": meter, "timezone": ZONE.key, "by": query["by"], "currency": "CHF"}
                bills = query["by"] == "bill"
                parts = {"bills": [bill(query)]} if bills else {"items": items(query)}
                return 200, {**head, "items": [], "bills": [], **parts}
        return None

    def _add(self, document: dict[str, Any]) -> Said:
        if not document["versions"][0].get("charges"):
            return 400, [{"field": "document", "message": NO_CHARGES}]
        more = {"id": 1, "organisation": None, "meters": 0, "versions": 1}
        made = {**more, "name": document["name"], "currency": document["currency"]}
        self.tariffs.append({**made, "from": "2026-01-01", "to": None})
        return 201, {**made, "document": document, "prices": []}


def iso(at_s: float) -> str:
    """A moment."""
    return datetime.fromtimestamp(at_s, ZONE).isoformat()


def items(query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The days, one of them unknown."""
    found = []
    for n, day in enumerate(days_of(query)):
        start, end = iso(begins(day)), iso(begins(day + timedelta(days=1)))
        gross = None if n == UNKNOWN else 3.27
        missing = [{"start": start, "end": end, "why": "no energy"}] if n == UNKNOWN else []
        found.append(
            {"start": start, "end": end, "gross": gross, "completeness": 1.0, "missing": missing}
        )
    return found


def bill(query: Mapping[str, str]) -> dict[str, Any]:
    """One of the whole time: energy in two bands, a peak, a fee, feed-in, and a day unknown."""
    days = days_of(query)
    first, last = days[0], days[-1] + timedelta(days=1)
    hole = days[UNKNOWN]
    same = {
        **dict.fromkeys(("part", "estimated", "unpriced", "peak_at", "note")),
        "kind": "energy",
        "unit": "kWh",
        "vat_percent": 8.1,
        "from": str(first),
        "to": str(last),
    }
    high = {"part": "high", "quantity": 180.0, "price": 0.25, "amount": 45.0, "estimated": 3.5}
    low = {"part": "low", "quantity": 180.0, "price": 0.2, "amount": 36.0, "unpriced": 4.25}
    peak = {"quantity": 3.0, "price": 6.5, "amount": 19.5, "unit": "kW", "kind": "demand"}
    fee = {"quantity": 0.97, "price": 5.0, "amount": 4.85, "unit": "month", "kind": "fixed"}
    lines = [
        {**same, "name": "Energy", **high},
        {**same, "name": "Energy", **low},
        {**same, "name": "Power", **peak, "peak_at": iso(begins(first) + 64_800)},
        {**same, "name": "Metering", **fee},
        {**same, "name": "Feed-in", "quantity": None, "price": None, "amount": None},
    ]
    return {
        "start": iso(begins(first)),
        "end": iso(begins(last)),
        "tariff": 1,
        "tariff_name": "Home",
        "currency": "CHF",
        "kwh": 360.0,
        "open": True,
        "complete": False,
        "completeness": 0.97,
        "lines": lines,
        "net": 105.35,
        "vat": 8.53,
        "rounding": 0.02,
        "gross": 113.9,
        "taxes": [{"percent": 8.1, "net": 105.35, "vat": 8.53}],
        "missing": [
            {
                "start": iso(begins(hole)),
                "end": iso(begins(hole + timedelta(days=1))),
                "why": "no energy",
            }
        ],
    }
