"""A simulated meter as a program: one meter, one port, until it is told to stop."""

from collections.abc import Callable
from dataclasses import dataclass

from ohmstead.clock import Clock
from ohmstead.house.background import Background
from ohmstead.simulate import Simulated
from ohmstead.simulate.live import Live
from ohmstead.simulate.ports import Port, Say, opened
from ohmstead.wire.cipher import Keys


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """How a simulated meter runs."""

    model: str
    port: Port
    keys: Keys | None = None
    """None: those that the model has, if it ciphers."""
    speed: float = 1.0
    seed: int = 1


async def run(
    options: SimulateOptions, clock: Clock, ready: Callable[[str], None], say: Say
) -> None:
    """Runs until it is cancelled; `ready` is told where the meter can be read.

    NotFound or Unavailable, saying what to do, when it cannot start.
    """
    live = Live(Simulated(options.model, options.seed, options.keys), clock, options.speed)
    await live.prepare()
    async with Background() as background, opened(options.port, live, say) as (where, work):
        if work:
            background.run(work, "port")
        ready(where)
        await live.run()
