"""Actions at work: what waits, what runs, and how it ended.  Source: REST/MQTT 2.0, 6.6.2, 6.6.3.

The requests of an action are made one after the other, actions side by side: a device that does not
answer holds up its own action only.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NoReturn

import structlog
from msgspec import Struct

from ohmstead.clock import Clock
from ohmstead.errors import Conflict, TooMany
from ohmstead.gateway import action_http, action_modbus
from ohmstead.gateway.action_modbus import Status
from ohmstead.gateway.action_model import HttpReady, Ready

MOST_PENDING = 20
"""Requests of all actions that wait or run."""
KEPT = 40
"""Outcomes that can be asked for; the oldest makes room."""

Send = Callable[[Ready], Awaitable[int]]
"""Makes a request; gives an HTTP status or a Status, and never raises."""

_log = structlog.get_logger("gateway.actions")


class Outcome(Struct, frozen=True):
    """How one request stands."""

    action_id: str
    id: int
    code: int
    """HTTP status, or a Status; RUNNING until it ended."""
    exe_time: float
    """Seconds it took; 0 until it ended."""


class Sender:
    """Makes requests of both kinds."""

    def __init__(self) -> None:
        self._tls: ssl.SSLContext | None = None

    async def __call__(self, ready: Ready) -> int:
        """The outcome of one request."""
        if isinstance(ready, HttpReady):
            if self._tls is None and ready.call.encrypted:
                self._tls = ssl.create_default_context()
            return await action_http.send(ready.call, ready.timeout_s, self._tls)
        return await action_modbus.send(
            ready.host, ready.port, ready.unit, ready.write, ready.timeout_s
        )


class Runner:
    """Makes the requests of actions, and remembers how they ended."""

    def __init__(self, clock: Clock, send: Send | None = None) -> None:
        self._clock = clock
        self._send = send or Sender()
        self._outcomes: OrderedDict[int, Outcome] = OrderedDict()
        self._pending: dict[str, int] = {}
        """Requests not yet ended, by action."""
        self._jobs: asyncio.Queue[tuple[str, list[tuple[int, Ready]]]] = asyncio.Queue(MOST_PENDING)
        self._last = 0

    def call(self, action_id: str, requests: Sequence[Ready]) -> list[int]:
        """The ids under which the outcomes will be found, one a request.

        Conflict while the action still runs; TooMany when these would be more than MOST_PENDING.
        """
        if action_id in self._pending:
            raise Conflict(f"action {action_id!r} is being executed; call it when it has ended")
        pending = sum(self._pending.values())
        if pending + len(requests) > MOST_PENDING:
            raise TooMany(
                f"{pending} requests are pending, and action {action_id!r} has {len(requests)};"
                f" at most {MOST_PENDING} may be pending"
            )
        ids = list(range(self._last + 1, self._last + 1 + len(requests)))
        self._last = ids[-1]
        for number in ids:
            self._keep(Outcome(action_id, number, Status.RUNNING, 0.0))
        self._pending[action_id] = len(ids)
        self._jobs.put_nowait((action_id, list(zip(ids, requests, strict=True))))
        return ids

    def outcomes(self, ids: Iterable[int]) -> list[Outcome]:
        """How these stand, in the order asked; the ones that are not remembered are left out."""
        return [self._outcomes[number] for number in ids if number in self._outcomes]

    def _keep(self, outcome: Outcome) -> None:
        if outcome.code != Status.RUNNING and outcome.id not in self._outcomes:
            return  # made room meanwhile
        self._outcomes[outcome.id] = outcome
        while len(self._outcomes) > KEPT:
            self._outcomes.popitem(last=False)

    async def run(self) -> NoReturn:
        """Executes what is called, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                action_id, requests = await self._jobs.get()
                group.create_task(self._execute(action_id, requests), name=f"action:{action_id}")

    async def _execute(self, action_id: str, requests: Sequence[tuple[int, Ready]]) -> None:
        for number, ready in requests:
            began_s = self._clock.monotonic_s()
            try:
                code = await self._send(ready)
            except Exception:
                _log.exception("request of an action broke", action=action_id, id=number)
                code = Status.UNPROCESSED
            took_s = round(self._clock.monotonic_s() - began_s, 3)
            self._keep(Outcome(action_id, number, code, took_s))
            self._pending[action_id] -= 1
            if code <= 0:
                _log.warning("request of an action failed", **_where(ready), code=code)
        del self._pending[action_id]


def _where(ready: Ready) -> dict[str, object]:
    """Whom a request is for; not what it says, in which a password may stand."""
    if isinstance(ready, HttpReady):
        return {"host": ready.call.host, "port": ready.call.port}
    return {"host": ready.host, "port": ready.port}
