"""A meter that does not exist: the bytes it sends at any moment, and its stream of them."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, NotFound
from ohmstead.simulate.appliances import Site
from ohmstead.simulate.building import Load
from ohmstead.simulate.draws import mixed, unit
from ohmstead.simulate.ledger import FITTED, Ledger, Registers
from ohmstead.simulate.model import Model
from ohmstead.simulate.models import MODELS
from ohmstead.simulate.moment import Moment, electrics, energies
from ohmstead.simulate.occasion import Occasion, Pipes
from ohmstead.simulate.pipes import PipeMeter
from ohmstead.simulate.pulls import Pull
from ohmstead.wire.cipher import Keys

_SERIAL, _OPENING = 51, 52
KWH = 3_600_000_000  # mWs
_BORN = datetime(FITTED.year, FITTED.month, FITTED.day, tzinfo=UTC)

Answer = Callable[[bytes, datetime], bytes]
"""What a meter says to some bytes at an aware moment."""


def model_named(name: str) -> Model:
    """The model with a name; NotFound names the ones there are."""
    if name not in MODELS:
        raise NotFound(f"there is no simulated meter {name!r}; there are {', '.join(MODELS)}")
    return MODELS[name]


def keys_for(name: str, encryption: bytes | None, authentication: bytes | None) -> Keys | None:
    """What a meter ciphers with: keys given, else its own; BadInput if it has no use for any."""
    own = model_named(name).keys
    if own is None:
        if encryption or authentication:
            raise BadInput(f"the simulated meter {name!r} sends in the clear and takes no key")
        return None
    return Keys(encryption or own.encryption, authentication or own.authentication)


class Simulated:
    """One simulated meter; the same model and seed are the same meter, its whole life long.

    The first question works out every day since the meter was fitted (about a second for two
    years); later ones take less than a millisecond.  A model that ciphers does so with `keys`, or
    with its own published ones.  Not for use by two threads at once.
    """

    def __init__(self, model: str, seed: int = 1, keys: Keys | None = None) -> None:
        self.name = model
        self.model = model_named(model)
        self.seed = mixed(seed, *model.encode())
        self.zone = self.model.zone_info
        self.serial = f"{self.model.serial}{mixed(self.seed, _SERIAL) % 10**12:012}"
        self._keys = keys or self.model.keys
        site, building = Site(self.seed, self.model.place), self.model.building
        self._ledger = Ledger(Load(building, site), building.tariffs, self.zone, self._opening())
        self._gas, self._water = (
            PipeMeter(pipe, site, self.zone) if pipe else None
            for pipe in (self.model.gas, self.model.water)
        )

    @property
    def interval_s(self) -> float:
        """Seconds between two telegrams."""
        return self.model.interval_s

    def _opening(self) -> Registers:
        """What the registers showed when the meter was fitted: it has been elsewhere before."""
        in_1, in_2, out_1, out_2 = (
            int(4000 * unit(self.seed, _OPENING, n) * KWH) for n in range(4)
        )
        if self.model.building.roof is None:
            out_1 = out_2 = 0
        return Registers(in_1, in_2, out_1, out_2, in_1 // 9, in_2 // 5, quarter=in_1 + in_2)

    def moment(self, at: datetime) -> Moment:
        """Everything the meter measures at an aware moment; BadInput before it was fitted."""
        if at.tzinfo is None:
            raise ValueError(f"a moment needs its time zone; {at} has none")
        stretch, registers = self._ledger.at(at)
        values = energies(registers) | electrics(self.seed, at.timestamp(), stretch)
        demand_at = datetime.fromtimestamp(registers.demand_at, self.zone)
        local = at.astimezone(self.zone).replace(microsecond=0)
        return Moment(local, stretch.tariff, values, demand_at)

    def occasion(self, at: datetime) -> Occasion:
        """All that the meter has in hand when it speaks at an aware moment."""
        moment = self.moment(at)
        gas, water = (pipe.at(at) if pipe else None for pipe in (self._gas, self._water))
        counter = int((at - _BORN).total_seconds())
        return Occasion(moment, self.serial, Pipes(gas, water), self._keys, counter)

    def telegram(self, at: datetime) -> bytes:
        """The bytes the meter sends at an aware moment; BadInput before it was fitted.

        A meter that is asked gives its answers to the usual questions.
        """
        return self.model.speech.telegram(self.occasion(at))

    def conversation(self) -> Answer:
        """What answers one reader, if this is a meter that is asked; to others it is silent."""
        speech = self.model.speech
        if not isinstance(speech, Pull):
            return lambda _request, _at: b""
        conversation = speech.conversation()
        return lambda request, at: conversation.answer(request, self.occasion(at))

    def answer(self, request: bytes, at: datetime) -> bytes:
        """What the meter says to a request that opens a conversation, at an aware moment."""
        return self.conversation()(request, at)


async def stream(
    model: str, seed: int, clock: Clock, speed: float = 1.0, keys: Keys | None = None
) -> AsyncIterator[bytes]:
    """A telegram at every interval of the model, on the clock's full intervals; it never ends.

    With `speed` the meter lives faster than the clock.  A stream that was held up goes on with the
    present and does not send what it missed.
    """
    meter = Simulated(model, seed, keys)
    await asyncio.to_thread(meter.moment, clock.now())  # works out the meter's past, off the loop
    async for telegram in stream_of(meter, clock, speed):
        yield telegram


async def stream_of(meter: Simulated, clock: Clock, speed: float = 1.0) -> AsyncIterator[bytes]:
    """The same of a meter whose past is worked out."""
    began, interval_s = clock.now(), meter.interval_s
    sent = -1
    while True:
        lived_s = (clock.now() - began).total_seconds() * speed
        due = max(sent + 1, math.ceil((began.timestamp() + lived_s) / interval_s))
        wait_s = (due * interval_s - began.timestamp() - lived_s) / speed
        await asyncio.sleep(max(wait_s, 0))
        yield meter.telegram(datetime.fromtimestamp(due * interval_s, UTC))
        sent = due
