"""Simulated meters with an optical head or a bus: most of them speak only when they are asked."""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.simulate import homes, pull_mbus, push_sml
from ohmstead.simulate.building import Building
from ohmstead.simulate.model import MEP, SIMULATION, Model, Speech
from ohmstead.simulate.pull_kmp import Kmp
from ohmstead.simulate.pull_mbus import Mbus
from ohmstead.simulate.pull_mep import Mep
from ohmstead.simulate.push_sml import Sml
from ohmstead.simulate.readouts import Printed, SignedOn
from ohmstead.simulate.weather import Place
from ohmstead.wire.cipher import Keys

_DK = ("Europe/Copenhagen", homes.COPENHAGEN)
_DE = ("Europe/Berlin", homes.COLOGNE)
_CH = ("Europe/Zurich", homes.ZURICH)


def _meter(
    says: str,
    port: tuple[str, str, float],
    country: tuple[str, Place],
    home: Building,
    speech: Speech,
    keys: Keys | None = None,
) -> Model:
    interface, protocol, interval_s = port
    zone, place = country
    return Model(says, interface, protocol, interval_s, zone, place, home, speech, "", keys=keys)


_KMP, _MEP = ("TTL", "KMP", 10.0), ("MEP", "MEP", 10.0)
_MBUS, _IEC, _SML = ("MBUS", "MBUS", 10.0), ("TTL", "IEC62056-21", 10.0), ("TTL", "SML", 1.0)

HEADS: Mapping[str, Model] = MappingProxyType(
    {
        "kmp": _meter(
            "Danish home with solar panels, KMP: answers requests for registers",
            _KMP, _DK, homes.HOME_WITH_SUN, Kmp(),
        ),
        "mep": _meter(
            "Swiss home with a NES meter, MEP: answers reads of tables, whatever their digest",
            _MEP, _CH, homes.SWISS_HOME, Mep(),
        ),
        "mep-keyed": _meter(
            "Swiss home with a NES meter, MEP: answers who knows its key",
            _MEP, _CH, homes.SWISS_SUN, Mep(), MEP,
        ),
        "mbus": _meter(
            "Swiss home, EN 13757: answers at primary address 1 and its secondary address",
            _MBUS, _CH, homes.SWISS_SUN, Mbus(),
        ),
        "mbus-sealed": _meter(
            "Swiss heat pump, EN 13757: answers at primary address 2, encrypted (mode 5)",
            _MBUS, _CH, homes.SWISS_HEAT_PUMP, Mbus(pull_mbus.sealed, 2), SIMULATION,
        ),
        "mbus-counters": _meter(
            "Swiss shop, EN 13757: the old fixed structure at primary address 3",
            _MBUS, _CH, homes.SWISS_SHOP, Mbus(pull_mbus.counters, 3),
        ),
        "iec": _meter(
            "German home with solar panels, IEC 62056-21 mode C: signs on, then prints",
            _IEC, _DE, homes.HOME_WITH_SUN, SignedOn(),
        ),
        "iec-printed": _meter(
            "German home, IEC 62056-21: prints unasked",
            _IEC, _DE, homes.HOME, Printed(),
        ),
        "iec-nameless": _meter(
            "German home, IEC 62056-21: prints unasked, without an identification line",
            _IEC, _DE, homes.HOME_WITH_CAR, Printed(named=False),
        ),
        "sml": _meter(
            "German home with solar panels, SML every second",
            _SML, _DE, homes.HOME_WITH_SUN, Sml(),
        ),
        "sml-dzg": _meter(
            "German home that charges a car, SML with the wrong signs of DZG's DVS74",
            _SML, _DE, homes.HOME_WITH_CAR, Sml("DZG", push_sml.cut_off),
        ),
    }
)  # fmt: skip
"""By name."""
