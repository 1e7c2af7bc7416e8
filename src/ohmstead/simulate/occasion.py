"""What a meter has in hand when it speaks: what it measures, who it is, and its keys."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ohmstead.simulate.moment import Moment
from ohmstead.wire.cipher import Keys


@dataclass(frozen=True, slots=True)
class Pipes:
    """What gas and water meters behind the meter say: when they were read (local), m³ then."""

    gas: tuple[datetime, float] | None = None
    water: tuple[datetime, float] | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One moment of one meter."""

    moment: Moment
    serial: str
    pipes: Pipes = Pipes()
    keys: Keys | None = None
    counter: int = 0
    """Invocation counter: seconds of the meter's life, so it grows with each telegram."""


Says = Callable[[Occasion], bytes]
