"""Kamstrup's meters, which give the registers that a request names."""

from collections.abc import Iterable
from dataclasses import dataclass

from ohmstead.simulate import kmp
from ohmstead.simulate.occasion import Occasion
from ohmstead.simulate.pulls import Conversation, Pull, digits, in_base_units
from ohmstead.wire import kmp as wire

SERIAL = 1001
FINE = (13, 14)
"""Registers that count Wh; those beside them whole kWh."""


@dataclass(frozen=True, slots=True)
class Kmp(Pull):
    """An electricity meter with three phases."""

    def conversation(self) -> Conversation:
        """A reader that sends KMP requests."""
        return _Talk()

    def usual(self, on: Occasion) -> Iterable[bytes]:
        """The serial number, then every register."""
        return [wire.request_serial(), *wire.polls(registers(on))]


def registers(on: Occasion) -> dict[int, kmp.Register]:
    """Everything that can be asked for."""
    values = in_base_units(on)
    found = {SERIAL: kmp.Register(int(digits(on.serial)))}
    for number, (code, spelled) in wire.ELECTRICITY.items():
        value = values[code]
        if "kWh" in spelled and number not in FINE:
            found[number] = kmp.Register(int(value // 1000), 0, "kWh")
        elif "A" in spelled:
            found[number] = kmp.Register(round(value * 100), -2, "A")
        else:
            found[number] = kmp.Register(round(value), 0, spelled[0])
    return found


class _Talk(Conversation):
    def _request(self) -> bytes | None:
        stop = self._buffer.find(wire.STOP)
        if stop < 0:
            return None
        start = self._buffer.rfind(wire.TO_METER, 0, stop)
        return self._taken(max(start, 0), stop + 1)

    def _reply(self, request: bytes, on: Occasion) -> bytes:
        return kmp.answer(request, registers(on), int(digits(on.serial)))
