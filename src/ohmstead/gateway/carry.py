"""Meters that send their values in turns: what an earlier message said is kept for a while.

Source: REST/MQTT 2.0, 4.1.1, note: "Some meters send values alternately".
"""

from collections.abc import Iterable, Mapping

from ohmstead.reading import catalogue
from ohmstead.reading.catalogue import Kind
from ohmstead.reading.reading import Channel

KEPT_S = 60.0
"""How long a counter, a demand or a voltage is kept: they change slowly."""
GAUGES_KEPT_S = 15.0
"""How long a power, a current or a power factor is kept: long enough for the messages of a meter
that pushes every 10 s, and no longer, for it is old when it is shown."""

PHASE = 20  # what a phase adds to value group C
PHASES = 3
_TOGETHER = {1: "P", 2: "P", 15: "P", 16: "P", 3: "Q", 4: "Q", 9: "S", 10: "S"}


def _limit_s(obis: str) -> float:
    quantity = catalogue.BY_OBIS.get(obis)
    if quantity is None:
        return 0.0
    slow = quantity.kind is not Kind.GAUGE or quantity.unit == "V"
    return KEPT_S if slow else GAUGES_KEPT_S


def _group(obis: str) -> object:
    """What must be of one moment: import, export and net of one power; else each by itself."""
    c, d, e = obis.split(".")
    phase, base = divmod(int(c), PHASE)
    if int(d) != 7 or phase > PHASES or base not in _TOGETHER:
        return obis
    return _TOGETHER[base], phase, e


class Carry:
    """The values of one meter that are still good."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, float]] = {}
        self._channels: dict[int, tuple[Channel, float]] = {}

    def completed(self, said: Mapping[str, float], now_s: float) -> dict[str, float]:
        """`said`, and what earlier messages said that is not too old; `now_s` never goes back.

        A power is not kept beside one of the same kind and phase: import and export that were never
        there together would make a net that never was.
        """
        heard = {_group(obis) for obis in said}
        self._kept = {
            obis: (value, since_s)
            for obis, (value, since_s) in self._kept.items()
            if now_s - since_s <= _limit_s(obis) and _group(obis) not in heard
        }
        earlier = {obis: value for obis, (value, _) in self._kept.items()}
        for obis, value in said.items():
            if _limit_s(obis):
                self._kept[obis] = (value, now_s)
        return {**earlier, **said}

    def behind(self, said: Iterable[Channel], now_s: float) -> tuple[Channel, ...]:
        """The meters behind the meter: those of `said`, and others of earlier messages that are not
        too old; each tells when it was read."""
        self._channels |= {channel.bus: (channel, now_s) for channel in said}
        self._channels = {
            bus: (channel, since_s)
            for bus, (channel, since_s) in self._channels.items()
            if now_s - since_s <= KEPT_S
        }
        return tuple(self._channels[bus][0] for bus in sorted(self._channels))
