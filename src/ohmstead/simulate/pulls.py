"""Meters that are asked: each kind's way of answering, without ports or time of its own.

*To add a kind of meter that is asked: a file `pull_*` with one `Pull`, and its `Conversation`.*
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ohmstead.simulate.occasion import Occasion

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


def in_base_units(on: Occasion) -> dict[str, float]:
    """The values of the moment in W, Wh, var, varh and VA; V, A and Hz as they are."""
    return {
        key: value * (1 if key.startswith(AS_THEY_ARE) else 1000)
        for key, value in on.moment.values.items()
    }


AS_THEY_ARE = tuple(f"{c + n}." for c in (0, 20, 40, 60) for n in (11, 12, 13, 14))


def digits(serial: str, count: int = 8) -> str:
    """The last digits of a serial number, as many as a protocol has room for."""
    return "".join(filter(str.isdigit, serial))[-count:].rjust(count, "0")
