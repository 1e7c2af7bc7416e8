"""Five meters that do not exist, and what they say: plausible, the same for the same moment."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Zurich")
PHASES = (20, 40, 60)
HOLE = (time(3, 10), time(4, 25))
"""When nothing was measured, every night."""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A meter; `sun_kw` is the peak of its panels, `hum` tells its noise from the others'."""

    id: str
    name: str
    site: str
    kind: str = "electricity"
    unit: str = "kWh"
    sun_kw: float = 0.0
    hum: int = 0


FLAT = MadeUp("CH-7730-1182", "Flat 3", "Lindenhof")
HOUSE = MadeUp("NL-0045-2231", "House with a roof of panels", "Seestrasse 12", sun_kw=5.5, hum=1)
GAS = MadeUp("NL-G4-11873", "Gas", "Seestrasse 12", kind="gas", unit="m3", hum=4)
METERS = (
    FLAT,
    HOUSE,
    MadeUp("BE-1SAG-9087", "Bakery", "Old town", hum=2),
    MadeUp("NO-6534-0071", "Heat pump", "Lindenhof", hum=3),
    GAS,
)
BY_ID = {meter.id: meter for meter in METERS}


def net_kw(meter: MadeUp, at: datetime) -> float:
    """Load minus sun: a base, a morning, an evening, a kettle now and then."""
    hour = at.hour + at.minute / 60
    evening = math.exp(-((hour - 19) ** 2) / 5) * 1.6 + math.exp(-((hour - 7.5) ** 2) / 2)
    noise = 0.12 * math.sin(at.timestamp() / (340 + 37 * meter.hum)) ** 2
    kettle = 2.1 if (int(at.timestamp()) // 600 + meter.hum * 7) % 29 == 0 else 0.0
    load = 0.21 + evening * (0.8 + 0.15 * meter.hum) + noise + kettle
    cloud = 0.75 + 0.25 * math.sin(at.timestamp() / 2900)
    sun = max(0.0, math.sin((hour - 6.5) / 11.5 * math.pi)) if 6.5 < hour < 18 else 0.0
    return round(load - meter.sun_kw * sun * cloud, 3)


def values(meter: MadeUp, at: datetime) -> dict[str, float]:
    """The reading of a moment, by OBIS code in the catalogue's units; of an electric meter only."""
    if meter.kind != "electricity":
        return {}
    net = net_kw(meter, at)
    said = {
        "1.8.0": round(21873.412 + at.timestamp() % 1e6 / 3600, 3),
        "2.8.0": 4021.7 if meter.sun_kw else 0.0,
        "1.7.0": max(net, 0.0),
        "2.7.0": max(-net, 0.0),
        "14.7.0": 49.98,
        "13.7.0": 0.97,
    }
    for phase, share, volt in zip(PHASES, (0.5, 0.3, 0.2), (229.6, 231.3, 233.0), strict=True):
        said[f"{12 + phase}.7.0"] = volt
        said[f"{11 + phase}.7.0"] = round(abs(net) * share / 0.23, 2)
        said[f"{1 + phase}.7.0"] = round(max(net, 0.0) * share, 3)
        said[f"{2 + phase}.7.0"] = round(max(-net, 0.0) * share, 3)
    return said


def summary(meter: MadeUp, now: datetime, age_s: float | None) -> dict[str, Any]:
    """The meter in the list; without an age it has never said anything."""
    at = now - timedelta(seconds=age_s or 0)
    latest = {
        "at": at.isoformat(),
        "age_s": age_s,
        "values": values(meter, at),
        "value": None if meter.kind == "electricity" else 1873.412,
    }
    return {
        "id": meter.id,
        "name": meter.name,
        "type": meter.kind,
        "unit": meter.unit,
        "interval_s": 10,
        "site": {"id": 1, "name": meter.site, "timezone": ZONE.key},
        "latest": None if age_s is None else latest,
    }


def details(meter: MadeUp, now: datetime, age_s: float | None) -> dict[str, Any]:
    """The meter on its own page."""
    return summary(meter, now, age_s) | {
        "reading": "cumulative",
        "device": "A842E3990C14",
        "formula": None,
        "identity": {"id": "4530303437303030", "model": "AM550", "protocol": "DSMR"},
        "counts": {"accepted": 120954, "late": 12, "duplicate": 3, "refused": 0},
        "makes_own": meter.kind == "electricity",
        "suggested_interval_s": None,
        "unknown_fields": [],
        "warnings": [],
    }


def power(
    meter: MadeUp, now: datetime, first: datetime, last: datetime, points: int
) -> dict[str, Any]:
    """Means of equal steps; null in the nightly hole and in the future."""
    length_s = (last - first).total_seconds()
    step = max(60, math.ceil(length_s / points / 60) * 60)
    at = [int(first.timestamp()) + i * step for i in range(math.ceil(length_s / step))]
    moments = [datetime.fromtimestamp(second, tz=ZONE) for second in at]
    unknown = [HOLE[0] <= each.time() < HOLE[1] or each > now for each in moments]
    net = [None if u else net_kw(meter, each) for u, each in zip(unknown, moments, strict=True)]
    return {
        "meter": meter.id,
        "unit": "kW",
        "resolution_s": float(step),
        "at": [float(second) for second in at],
        "import": [None if kw is None else max(kw, 0.0) for kw in net],
        "export": [None if kw is None else max(-kw, 0.0) for kw in net],
    }


def energy(meter: MadeUp, now: datetime, first: date, last: date) -> dict[str, Any]:
    """Days of 23, 24 or 25 hours; every ninth is unknown, today is known in part."""
    count = (last - first).days
    days = [_day(meter, now, first + timedelta(days=i)) for i in range(count)]
    return {"meter": meter.id, "unit": "kWh", "timezone": ZONE.key, "days": days}


def _day(meter: MadeUp, now: datetime, day: date) -> dict[str, Any]:
    start = datetime.combine(day, time(), ZONE)
    end = datetime.combine(day + timedelta(days=1), time(), ZONE)
    number = day.toordinal()
    unknown = number % 9 == 4
    sun = meter.sun_kw * (2.2 + 1.7 * math.sin(number * 2.1))
    imported = round(11 + 4 * math.sin(number) - sun / 5, 3)
    return {
        "date": day.isoformat(),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "hours": (end.timestamp() - start.timestamp()) / 3600,
        "import": None if unknown else imported,
        "export": None if unknown else round(sun, 3),
        "completeness": 0.0 if unknown else 0.96 if day == now.date() else 1.0,
    }


_PHASE_WORDS = (
    (12, "V", "Voltage", "Spannung"),
    (11, "A", "Current", "Strom"),
    (1, "kW", "Power imported", "Bezogene Leistung"),
    (2, "kW", "Power exported", "Eingespeiste Leistung"),
)
_WORDS: tuple[tuple[str, str | None, str, str, str], ...] = (
    ("1.8.0", "kWh", "counter", "Energy imported", "Bezogene Energie"),
    ("2.8.0", "kWh", "counter", "Energy exported", "Eingespeiste Energie"),
    ("1.7.0", "kW", "gauge", "Power imported", "Bezogene Leistung"),
    ("2.7.0", "kW", "gauge", "Power exported", "Eingespeiste Leistung"),
    *(
        (f"{c + 20 * n}.7.0", unit, "gauge", f"{english}, phase L{n}", f"{german}, Phase L{n}")
        for c, unit, english, german in _PHASE_WORDS
        for n in (1, 2, 3)
    ),
    ("14.7.0", "Hz", "gauge", "Frequency", "Frequenz"),
    ("13.7.0", None, "gauge", "Power factor", "Leistungsfaktor"),
)
CATALOGUE = {
    "quantities": [
        {"obis": obis, "unit": unit, "kind": kind, "label": en, "labels": {"en": en, "de": de}}
        for obis, unit, kind, en, de in _WORDS
    ],
    "media": [],
}
