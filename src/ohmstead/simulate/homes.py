"""What stands behind the simulated meters: places and buildings."""

from ohmstead.simulate import days
from ohmstead.simulate.appliances import Appliance, Charger, Compressor, HeatPump, Routine
from ohmstead.simulate.building import Building, Roof
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
BRNO = Place(49.20, 16.61, mean_c=9.6, swing_c=10.6)
BRUSSELS = Place(50.85, 4.35, mean_c=10.8, swing_c=7.7)
COLOGNE = Place(50.94, 6.96, mean_c=10.9, swing_c=8.3)
COPENHAGEN = Place(55.68, 12.57, mean_c=9.1, swing_c=8.9)
LUXEMBOURG = Place(49.61, 6.13, mean_c=9.8, swing_c=8.7)
OSLO = Place(59.91, 10.75, mean_c=7.0, swing_c=10.5)
STOCKHOLM = Place(59.33, 18.07, mean_c=7.5, swing_c=10.2)
VIENNA = Place(48.21, 16.37, mean_c=11.0, swing_c=10.4)
ZURICH = Place(47.38, 8.54, mean_c=9.9, swing_c=9.3)

SWISS_HOME = Building(4600, "h0", HOUSEHOLD, days.SWISS)
SWISS_SUN = Building(4900, "h0", HOUSEHOLD, days.SWISS, Roof(7.2, tilt=28))
SWISS_HEAT_PUMP = Building(9200, "h0", (*HOUSEHOLD, HeatPump()), days.SWISS)
SWISS_SHOP = Building(34_000, "g0", SHOP, days.SWISS, tan_phi=0.25)
HOME = Building(3600, "h0", HOUSEHOLD, days.SINGLE)
HOME_WITH_CAR = Building(7200, "h0", (*HOUSEHOLD, Charger(per_day=0.5)), days.SINGLE)
HOME_WITH_SUN = Building(4200, "h0", HOUSEHOLD, days.SINGLE, Roof(6.0, tilt=30))
NORWEGIAN_SUN = Building(8800, "h0", (*HOUSEHOLD, Charger()), days.SINGLE, Roof(9.6, tilt=30))
BELGIAN_SUN = Building(4100, "h0", HOUSEHOLD, days.BELGIAN, Roof(4.8, tilt=35))
