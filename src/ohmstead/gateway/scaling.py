"""Sizes that the telegram leaves open, as a person sets them: sets of scalers, and the factor of
transformers.

Source: REST/MQTT 2.0, 6.3 (`.scalars_set`, `.conv_factor`), 6.4 and 6.5.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ohmstead.reading import units
from ohmstead.settings.gateway import MeterSettings
from ohmstead.wire.telegram import Telegram, Value

ANY = "255"
"""As E: all tariffs.  Source: 6.5, "the scaler will be applied to all E values"."""

LGE570: Mapping[str, int] = MappingProxyType(
    {
        **{f"{c}.7.{ANY}": 0 for c in (31, 51, 71)},
        **{f"{c}.7.{ANY}": 0 for c in (32, 52, 72)},
        **{f"{c}.7.{ANY}": 0 for p in (0, 20, 40, 60) for c in range(1 + p, 5 + p)},
        **{f"{c}.8.{ANY}": 0 for c in range(1, 9)},
    }
)
"""Landis+Gyr E570: whole amperes, volts, watts and watt-hours."""

MULTIPLIED = frozenset({"kW", "kWh", "kvar", "kvarh", "kVA", "kVAh", "A"})
"""Units, as the catalogue keeps them, of what a transformer divides."""


def scalers_of(settings: MeterSettings) -> Mapping[str, int]:
    """Short OBIS, E perhaps 255, -> power of ten, for the set that is chosen."""
    match settings.scalars_set:
        case "lge570":
            return LGE570
        case "custom":
            return MappingProxyType({one.obis: one.scaler for one in settings.scalers})
        case _:
            return MappingProxyType({})


class Scaling:
    """What the settings of one meter make of its telegrams."""

    def __init__(self, settings: MeterSettings) -> None:
        self._scalers = scalers_of(settings)
        self._own = settings.scalars_set == "custom"
        self.factor = settings.conv_factor
        """What `multiplied` multiplies by."""

    def same(self, other: "Scaling") -> bool:
        """Whether `other` makes the same of every telegram."""
        mine, theirs = (self._scalers, self._own), (other._scalers, other._own)
        return (*mine, self.factor) == (*theirs, other.factor)

    def applied(self, code: str, value: Value) -> int | None:
        """The power of ten set for a value; None where none is, or the telegram's own counts.

        A person's own scaler counts more than the telegram's: what the device found out itself is
        "covered/overridden" (6.4).  The set of a model is for models that tell none.
        """
        return self.scaler(code) if self._own or value.scaler is None else None

    def scaler(self, code: str) -> int | None:
        """The power of ten set for a code; None where none is."""
        if code in self._scalers:
            return self._scalers[code]
        return self._scalers.get(f"{code.rpartition('.')[0]}.{ANY}")

    def sized(self, telegram: Telegram) -> Mapping[str, Value]:
        """The telegram's values, by the scalers that are set where these count.

        Scalers are for DLMS alone (6.5: "exclusively for messages in the DLMS format").
        """
        if telegram.protocol != "DLMS" or not self._scalers:
            return telegram.values
        return {key: self._sized(key, value) for key, value in telegram.values.items()}

    def _sized(self, key: str, value: Value) -> Value:
        scaler = self.applied(key, value)
        if value.raw is None or scaler is None:
            return value
        return Value(units.shifted(value.raw, scaler), value.unit, value.at, value.raw)

    def multiplied(self, kept: float, unit: str | None) -> float:
        """A value in the catalogue's unit, times the conversion factor where that applies."""
        if self.factor == 1 or unit not in MULTIPLIED:
            return kept
        return kept * self.factor
