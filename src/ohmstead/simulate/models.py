"""The meters that can be simulated: what stands behind each, and how it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zoneinfo import ZoneInfo

from ohmstead.simulate import days, layouts, pushes
from ohmstead.simulate.appliances import Appliance, Charger, Compressor, HeatPump, Routine
from ohmstead.simulate.building import Building, Roof
from ohmstead.simulate.pipes import Pipe
from ohmstead.simulate.weather import Place

MEALS = ((6, 8), (11, 13), (17, 20))
AWAKE = ((6, 9), (10, 14), (16, 23))

HOUSEHOLD: tuple[Appliance, ...] = (
    Compressor(),
    Compressor(watts=70, on_s=700, period_s=3600),
    Routine(5.0, ((150, 1900),), AWAKE),  # kettle, coffee
    Routine(1.4, ((420, 1700), (300, 400), (420, 1500)), MEALS),  # hob
    Routine(0.35, ((700, 2300), (1800, 900)), ((16, 19),)),  # oven
    Routine(0.5, ((1100, 2050), (2700, 180), (500, 520)), ((7, 20),), 0.3),  # washing machine
    Routine(0.6, ((900, 2000), (1500, 120), (700, 1950)), ((13, 15), (19, 22))),  # dishwasher
    Routine(22.0, ((360, 110),), AWAKE, -0.3),  # light, screens, small things
)

SHOP: tuple[Appliance, ...] = (
    Compressor(watts=900, on_s=900, period_s=2000, tan_phi=0.75),  # cold room
    Compressor(watts=650, on_s=700, period_s=1700, tan_phi=0.75),
    Compressor(watts=420, on_s=600, period_s=1500, tan_phi=0.75),
    Routine(6.0, ((240, 2400),), ((7, 18),)),  # coffee machine
    Routine(5.0, ((900, 3200), (600, 1200)), ((5, 11),)),  # baking
)

AMSTERDAM = Place(52.37, 4.90, mean_c=10.7, swing_c=7.5)
BRUSSELS = Place(50.85, 4.35, mean_c=10.8, swing_c=7.7)
OSLO = Place(59.91, 10.75, mean_c=7.0, swing_c=10.5)
STOCKHOLM = Place(59.33, 18.07, mean_c=7.5, swing_c=10.2)
ZURICH = Place(47.38, 8.54, mean_c=9.9, swing_c=9.3)


@dataclass(frozen=True, slots=True)
class Model:
    """One kind of simulated meter."""

    description: str
    interface: str
    """P1 or MBUS, as the device calls its ports."""
    protocol: str
    """DSMR or DLMS."""
    interval_s: float
    """Between two telegrams."""
    zone: str
    place: Place
    building: Building
    speech: layouts.Layout | pushes.Push
    serial: str
    """Fictional; the last digits come from the seed."""
    gas: Pipe | None = None
    water: Pipe | None = None

    @property
    def zone_info(self) -> ZoneInfo:
        """The zone of the meter's clock."""
        return ZoneInfo(self.zone)


def _dutch(yearly_kwh: float, speech: layouts.Layout, interval_s: float, says: str) -> Model:
    home = Building(yearly_kwh, "h0", HOUSEHOLD, days.DUTCH)
    gas = Pipe(1150, heating=0.8, key=1)
    zone = "Europe/Amsterdam"
    return Model(says, "P1", "DSMR", interval_s, zone, AMSTERDAM, home, speech, "E009", gas)


MODELS: Mapping[str, Model] = MappingProxyType(
    {
        "p1-dsmr5": _dutch(
            3400, layouts.DSMR5, 1, "Dutch home, three phases and gas, P1 (DSMR 5), every second"
        ),
        "p1-dsmr4": _dutch(
            3900, layouts.DSMR4, 10, "Dutch home, three phases and gas, P1 (DSMR 4.2)"
        ),
        "p1-dsmr22": _dutch(
            2900, layouts.DSMR22, 10, "Dutch home with the oldest P1 (DSMR 2.2), no checksum"
        ),
        "p1-be": Model(
            "Belgian home with solar panels, gas and water, P1 (e-MUCS), every second",
            "P1",
            "DSMR",
            1,
            "Europe/Brussels",
            BRUSSELS,
            Building(4100, "h0", HOUSEHOLD, days.BELGIAN, Roof(4.8, tilt=35)),
            layouts.EMUCS,
            "1SAG",
            Pipe(1600, heating=0.82, key=1),
            Pipe(95, heating=0.0, key=2),
        ),
        "p1-se": Model(
            "Swedish home that charges a car, P1 without tariffs",
            "P1",
            "DSMR",
            10,
            "Europe/Stockholm",
            STOCKHOLM,
            Building(7200, "h0", (*HOUSEHOLD, Charger(per_day=0.5)), days.SINGLE),
            layouts.SWEDISH,
            "7350",
        ),
        "p1-heat-pump": Model(
            "Swiss home with a heat pump, P1 with tariffs and reactive values",
            "P1",
            "DSMR",
            5,
            "Europe/Zurich",
            ZURICH,
            Building(9200, "h0", (*HOUSEHOLD, HeatPump()), days.SWISS),
            layouts.SWISS,
            "LGZ1",
        ),
        "p1-shop": Model(
            "Swiss bakery, business profile, P1 with tariffs and reactive values",
            "P1",
            "DSMR",
            5,
            "Europe/Zurich",
            ZURICH,
            Building(34_000, "g0", SHOP, days.SWISS, tan_phi=0.25),
            layouts.SWISS,
            "LGZ1",
        ),
        "hdlc-aidon": Model(
            "Norwegian home with solar panels and a wall box, DLMS over HDLC",
            "MBUS",
            "DLMS",
            2,
            "Europe/Oslo",
            OSLO,
            Building(8800, "h0", (*HOUSEHOLD, Charger()), days.SINGLE, Roof(9.6, tilt=30)),
            pushes.AIDON,
            "7359",
        ),
    }
)
"""By name, as in `simulate:p1-dsmr5`."""
