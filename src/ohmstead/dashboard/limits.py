"""How often somebody may ask: so many requests a minute, spread or at once.

The generic cell rate algorithm: one number for each key says when all of its allowance is back.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass

from ohmstead.clock import Clock

OF_TOKEN = 600
"""Requests a minute with one token, unless the cloud is told otherwise."""
WINDOW_S = 60.0
MOST = 10_000
"""Keys that are remembered; those quiet for longest are forgotten first."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left: `remaining` requests now, all of `limit` again in `reset_s` (whole seconds).

    `retry_s` None: this request is one of them; otherwise it comes too early by so much.
    """

    limit: int
    remaining: int
    reset_s: int
    retry_s: int | None


class Limits:
    """Up to `limit` requests in a minute for each key, in bounded memory."""

    def __init__(self, clock: Clock, limit: int, most: int = MOST) -> None:
        self.limit = limit
        self._clock = clock
        self._most = most
        self._each_s = WINDOW_S / limit
        self._whole_at: OrderedDict[bytes, float] = OrderedDict()

    def look(self, key: bytes) -> Allowance:
        """What `key` has left, without taking of it."""
        now_s = self._clock.monotonic_s()
        return self._said(max(self._whole_at.get(key, now_s), now_s), now_s, counts=False)

    def take(self, key: bytes) -> Allowance:
        """One request of `key`; one that comes too early costs nothing."""
        now_s = self._clock.monotonic_s()
        whole_at = max(self._whole_at.get(key, now_s), now_s)
        said = self._said(whole_at, now_s, counts=True)
        if said.retry_s is None:
            self._whole_at[key] = whole_at + self._each_s
            self._whole_at.move_to_end(key)
            while len(self._whole_at) > self._most:
                self._whole_at.popitem(last=False)
        return said

    def _said(self, whole_at: float, now_s: float, *, counts: bool) -> Allowance:
        used_s = whole_at - now_s
        early_s = used_s + self._each_s - WINDOW_S
        if early_s > 1e-6:  # a rest of adding many small steps is none
            return Allowance(self.limit, 0, math.ceil(used_s), max(1, math.ceil(early_s)))
        used_s += self._each_s if counts else 0.0
        left = math.floor((WINDOW_S - used_s) / self._each_s + 1e-6)
        return Allowance(self.limit, left, math.ceil(used_s - 1e-6), None)
