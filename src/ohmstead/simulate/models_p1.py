"""Simulated meters with a P1 port."""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.simulate import days, homes, p1_texts
from ohmstead.simulate.building import Building
from ohmstead.simulate.model import LUXEMBOURG, SIMULATION, Model
from ohmstead.simulate.p1_layout import Layout
from ohmstead.simulate.pipes import Pipe
from ohmstead.simulate.weather import Place


def _p1(
    says: str,
    interval_s: float,
    zone: str,
    place: Place,
    home: Building,
    speech: Layout,
    serial: str,
) -> Model:
    return Model(says, "P1", "DSMR", interval_s, zone, place, home, speech, serial)


def _dutch(yearly_kwh: float, speech: Layout, interval_s: float, says: str) -> Model:
    home = Building(yearly_kwh, "h0", homes.HOUSEHOLD, days.DUTCH)
    gas = Pipe(1150, heating=0.8, key=1)
    zone = "Europe/Amsterdam"
    return Model(says, "P1", "DSMR", interval_s, zone, homes.AMSTERDAM, home, speech, "E009", gas)


P1: Mapping[str, Model] = MappingProxyType(
    {
        "p1-dsmr5": _dutch(
            3400, p1_texts.DSMR5, 1, "Dutch home, three phases and gas, P1 (DSMR 5), every second"
        ),
        "p1-dsmr4": _dutch(
            3900, p1_texts.DSMR4, 10, "Dutch home, three phases and gas, P1 (DSMR 4.2)"
        ),
        "p1-dsmr22": _dutch(
            2900, p1_texts.DSMR22, 10, "Dutch home with the oldest P1 (DSMR 2.2), no checksum"
        ),
        "p1-be": Model(
            "Belgian home with solar panels, gas and water, P1 (e-MUCS), every second",
            "P1",
            "DSMR",
            1,
            "Europe/Brussels",
            homes.BRUSSELS,
            homes.BELGIAN_SUN,
            p1_texts.EMUCS,
            "1SAG",
            Pipe(1600, heating=0.82, key=1),
            Pipe(95, heating=0.0, key=2),
        ),
        "p1-se": _p1(
            "Swedish home that charges a car, P1 without tariffs",
            10,
            "Europe/Stockholm",
            homes.STOCKHOLM,
            homes.HOME_WITH_CAR,
            p1_texts.SWEDISH,
            "7350",
        ),
        "p1-heat-pump": _p1(
            "Swiss home with a heat pump, P1 with tariffs and reactive values",
            5,
            "Europe/Zurich",
            homes.ZURICH,
            homes.SWISS_HEAT_PUMP,
            p1_texts.SWISS,
            "LGZ1",
        ),
        "p1-shop": _p1(
            "Swiss bakery, business profile, P1 with tariffs and reactive values",
            5,
            "Europe/Zurich",
            homes.ZURICH,
            homes.SWISS_SHOP,
            p1_texts.SWISS,
            "LGZ1",
        ),
        "p1-lu": Model(
            "Luxembourgish home, encrypted P1, the authentication key that everybody knows",
            "P1",
            "DSMR",
            10,
            "Europe/Luxembourg",
            homes.LUXEMBOURG,
            homes.HOME,
            p1_texts.LUXEMBOURGISH,
            "SAG1",
            keys=LUXEMBOURG,
        ),
        "p1-at": Model(
            "Austrian home, encrypted P1 in W and Wh, readable without the authentication key",
            "P1",
            "DSMR",
            10,
            "Europe/Vienna",
            homes.VIENNA,
            homes.HOME_WITH_SUN,
            p1_texts.AUSTRIAN,
            "SAG1",
            keys=SIMULATION,
        ),
    }
)
"""By name."""
