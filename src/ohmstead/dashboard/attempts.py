"""Guessing made slow: after a few failures of one account from one address, each try must wait."""

import ipaddress
import math
from collections import OrderedDict
from dataclasses import dataclass

from ohmstead.clock import Clock
from ohmstead.dashboard.problems import Slower

FREE = 5
"""Failures of one account from one address before it waits."""
FREE_OF_ADDRESS = 30
"""Failures from one address, whatever the account."""
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 900.0
FORGOTTEN_S = 3600.0
MOST = 10_000
"""Pairs of account and address that are remembered; the longest quiet are forgotten first."""

Key = tuple[str, str]


@dataclass(slots=True)
class _Failures:
    count: int
    last_s: float


class Attempts:
    """Failed attempts, by account and address and by address alone."""

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def begin(self, account: str, address: str) -> None:
        """Count an attempt as failed until `succeeded` says otherwise; Slower when it must wait.

        Counted beforehand, so that many at once are no way around it.
        """
        now_s = self._clock.monotonic_s()
        keys = _keys(account, address)
        wait_s = max(self._wait_s(key, free, now_s) for key, free in keys)
        if wait_s > 0:
            raise Slower(
                f"too many failed attempts; try again in {math.ceil(wait_s)} seconds",
                math.ceil(wait_s),
            )
        for key, _ in keys:
            failures = self._failures.setdefault(key, _Failures(0, now_s))
            failures.count += 1
            failures.last_s = now_s
            self._failures.move_to_end(key)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """The attempt was right: forget the account's failures, take back the address's last."""
        (own, _), (shared, _) = _keys(account, address)
        self._failures.pop(own, None)
        if failures := self._failures.get(shared):
            failures.count -= 1

    def _wait_s(self, key: Key, free: int, now_s: float) -> float:
        failures = self._failures.get(key)
        if failures is None:
            return 0.0
        quiet_s = now_s - failures.last_s
        if quiet_s > FORGOTTEN_S:
            del self._failures[key]
            return 0.0
        if failures.count < free:
            return 0.0
        doublings = min(failures.count - free, 10)
        return min(FIRST_WAIT_S * 2.0**doublings, LONGEST_WAIT_S) - quiet_s


def _keys(account: str, address: str) -> tuple[tuple[Key, int], tuple[Key, int]]:
    network = network_of(address)
    return ((account.strip().casefold()[:320], network), FREE), (("", network), FREE_OF_ADDRESS)


def network_of(address: str) -> str:
    """Whoever has one address of it has all: an IPv6 network of 64 bits, one IPv4 address.

    >>> network_of("192.0.2.7"), network_of("2001:db8::7"), network_of("somewhere")
    ('192.0.2.7', '2001:db8::/64', 'somewhere')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
