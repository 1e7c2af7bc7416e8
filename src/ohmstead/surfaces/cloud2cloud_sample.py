"""A made-up reading with every quantity in it: for templates before there is a real one."""

from collections.abc import Mapping
from datetime import datetime

from ohmstead.reading import catalogue
from ohmstead.reading.reading import Channel, Identity, Reading

MAC = "000000000000"
_USUAL: Mapping[str | None, float] = {
    "kWh": 1234.567,
    "kvarh": 98.765,
    "kW": 1.25,
    "kvar": 0.125,
    "kVA": 1.26,
    "V": 230.5,
    "A": 5.4,
    "%": 1.5,
    "Hz": 50.0,
    None: 0.98,
}
_EXPORT = {"2.7.0": 0.25, "16.7.0": 1.0}
"""So that 16.7.0 is 1.7.0 - 2.7.0."""


def made_up(at: datetime) -> Reading:
    """A reading of `at` with a value for every quantity and text."""
    return Reading(
        meter=MAC,
        at=at,
        values={q.obis: _USUAL.get(q.unit, 1.0) for q in catalogue.ALL} | _EXPORT,
        identity=Identity(
            id="4711",
            logical_name="AAA4711",
            model="Model",
            vendor="Vendor",
            prefix="AAA",
            protocol="DLMS",
            protocol_version="1",
            interface="P1",
        ),
        channels=(Channel(1, "gas", 321.5, "m3", "4712", at),),
        tariff=1,
        meter_at=at,
        number=1,
    )
