"""Meters that are asked: each kind's way of answering, without ports or time of its own.

*To add a kind of meter that is asked: one `Pull`, and its `Conversation`.*
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from ohmstead.simulate import kmp
from ohmstead.simulate.occasion import Occasion
from ohmstead.wire import kmp as kmp_wire

LONGEST_REQUEST = 512
"""Bytes that may wait for the rest of a request."""


class Conversation(ABC):
    """What is said between a meter and one reader; requests may come in any pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def answer(self, data: bytes, on: Occasion) -> bytes:
        """What the meter says to the requests that `data` completes; nothing to noise."""
        said = b""
        self._buffer += data
        while (request := self._request()) is not None:
            said += self._reply(request, on)
        del self._buffer[:-LONGEST_REQUEST]
        return said

    def _taken(self, start: int, end: int) -> bytes:
        """The bytes from `start` to `end`; all up to `end` is gone."""
        request = bytes(self._buffer[start:end])
        del self._buffer[:end]
        return request

    @abstractmethod
    def _request(self) -> bytes | None:
        """The first whole request that waits; None if there is none."""

    @abstractmethod
    def _reply(self, request: bytes, on: Occasion) -> bytes:
        """The answer to a whole request; nothing where a real meter keeps silent."""


class Pull(ABC):
    """How one kind of meter answers."""

    @abstractmethod
    def conversation(self) -> Conversation:
        """A new reader's conversation."""

    @abstractmethod
    def usual(self, on: Occasion) -> Iterable[bytes]:
        """What a reader asks to have everything once, from the start of a conversation on."""

    def telegram(self, on: Occasion) -> bytes:
        """All that the meter says to the usual questions."""
        conversation = self.conversation()
        return b"".join(conversation.answer(request, on) for request in self.usual(on))


_KMP_ENERGY, _KMP_POWER = ("1.8.0", "2.8.0"), ("1.7.0", "2.7.0")
_KMP_SERIAL = 1001


@dataclass(frozen=True, slots=True)
class Kmp(Pull):
    """Kamstrup's meters: they give the registers that a request names."""

    def conversation(self) -> Conversation:
        """A reader that sends KMP requests."""
        return _KmpConversation()

    def usual(self, on: Occasion) -> Iterable[bytes]:
        """The serial number, then every register."""
        return [kmp_wire.request_serial(), *kmp_wire.polls(_registers(on))]


def _registers(on: Occasion) -> dict[int, kmp.Register]:
    """The registers of an electricity meter with three phases."""
    values = on.moment.values
    found = {_KMP_SERIAL: kmp.Register(_digits(on.serial))}
    for number, (code, spelled) in kmp_wire.ELECTRICITY.items():
        unit = "Wh" if number in (13, 14) else spelled[1 if "kWh" in spelled else 0]
        match unit:
            case "Wh" | "W":
                found[number] = kmp.Register(round(values[code] * 1000), 0, unit)
            case "kWh":
                found[number] = kmp.Register(int(values[code]), 0, unit)
            case "V":
                found[number] = kmp.Register(round(values[code]), 0, unit)
            case _:
                found[number] = kmp.Register(round(values[code] * 100), -2, unit)
    return found


def _digits(serial: str) -> int:
    return int("".join(filter(str.isdigit, serial))) % 10**8


class _KmpConversation(Conversation):
    def _request(self) -> bytes | None:
        stop = self._buffer.find(kmp_wire.STOP)
        if stop < 0:
            return None
        start = self._buffer.rfind(kmp_wire.TO_METER, 0, stop)
        return self._taken(max(start, 0), stop + 1)

    def _reply(self, request: bytes, on: Occasion) -> bytes:
        return kmp.answer(request, _registers(on), _digits(on.serial))
