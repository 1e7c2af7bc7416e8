"""How long to wait before the next try: longer each time, never exactly the same for everybody."""

import random
from dataclasses import dataclass

GROWTH = 2.0
JITTER = 0.5  # of the wait: a thousand gateways must not return in the same second


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between tries: `first_s`, doubled each time up to `most_s`, less up to half of it."""

    first_s: float = 1.0
    most_s: float = 60.0

    def wait_s(self, tries: int) -> float:
        """Seconds to wait after the `tries`-th failure in a row, counted from 1."""
        exponent = min(max(tries, 1) - 1, 32)
        whole = min(self.most_s, self.first_s * GROWTH**exponent)
        return whole * (1 - JITTER * random.random())
