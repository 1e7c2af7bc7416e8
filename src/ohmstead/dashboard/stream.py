"""The live stream: server-sent events, first the newest reading of each meter, then what comes."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse

from ohmstead.clock import Clock
from ohmstead.dashboard.asked import Meters, ids_in, meters_named
from ohmstead.dashboard.live import Hub, Reading, Watcher
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import Asked
from ohmstead.dashboard.sessions import SIGNED_IN, asking, owner_of
from ohmstead.errors import Unavailable
from ohmstead.store.people import User

METERS_MOST = 1000
HEARTBEAT_S = 15.0
"""After so long without a reading a comment is sent, and the session looked at again."""
EVENTS = "text/event-stream"
HEARTBEAT = b": still here\n\n"
FIRST = b"retry: 2000\n\n"

Newest = Callable[[], Awaitable[Iterable[Reading]]]
Allowed = Callable[[], Awaitable[bool]]


class Events(ASGIResponse):
    """A stream of readings, until the client, the session or the server goes."""

    def __init__(
        self,
        hub: Hub,
        meters: Collection[str],
        owner: bytes,
        user: int,
        newest: Newest,
        allowed: Allowed,
        clock: Clock,
    ) -> None:
        super().__init__(media_type=EVENTS)
        self._hub = hub
        self._meters = meters
        self._owner = owner
        self._user = user
        self._newest = newest
        self._allowed = allowed
        self._clock = clock

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        """Watch, and send what comes.  Unavailable or TooMany before anything is sent."""
        with self._hub.watched(self._meters, self._owner, self._user) as watcher:
            newest = await self._newest()
            headers = [
                (b"content-type", EVENTS.encode()),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await _body(send, FIRST + b"".join(map(event, newest)))
            sending = asyncio.create_task(self._send(watcher, send), name="live:send")
            leaving = asyncio.create_task(_left(receive), name="live:leave")
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.wait({sending, leaving})
            with suppress(asyncio.CancelledError):
                sending.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, watcher: Watcher, send: Any) -> None:
        looked_s = self._clock.monotonic_s()
        while not watcher.ended:
            taken = await watcher.take(HEARTBEAT_S)
            if self._clock.monotonic_s() - looked_s >= HEARTBEAT_S:
                if not await self._allowed():
                    return
                looked_s = self._clock.monotonic_s()
            if not watcher.ended:
                await _body(send, b"".join(map(event, taken)) or HEARTBEAT)


class Live(Response[bytes]):
    """What the route hands to the framework: the stream above."""

    def __init__(self, events: Events) -> None:
        super().__init__(b"", media_type=EVENTS)
        self._events = events

    def to_asgi_response(self, *_given: Any, **_named: Any) -> ASGIResponse:
        return self._events


@get(
    "/api/live",
    media_type=EVENTS,
    responses=answers(400, 401, 404, 429, 503),
    security=SIGNED_IN,
    summary="Readings as they come",
    response_description=(
        "Server-sent events: `event: reading`, data `{meter, at, values: {obis: number}, "
        "value?: number}`; the newest of each meter at once, a comment every 15 s."
    ),
)
async def live(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    meters: Meters = None,
) -> Response[bytes]:
    """Readings of the meters named, as they are stored; a slow client gets fewer, none late."""
    ids = None if meters is None else ids_in(request.scope["query_string"])
    chosen = await meters_named(ids, user, parts, METERS_MOST)
    owner = owner_of(request, parts)

    async def newest() -> Iterable[Reading]:
        names = {meter.stream: meter.id for meter in chosen}
        latest = await parts.readings.latest(names)
        return [
            Reading(names[each.stream], each.at, each.values, each.value)
            for each in latest.values()
        ]

    async def allowed() -> bool:
        try:
            again = await asking(request, parts)
        except Unavailable:
            return True  # nobody knows just now; asked again at the next heartbeat
        return again is not None and all(again.sees(meter.site) for meter in chosen)

    names = [meter.id for meter in chosen]
    return Live(Events(parts.hub, names, owner, user.id, newest, allowed, parts.clock))


def event(reading: Reading) -> bytes:
    """One server-sent event.  Source: HTML standard, 9.2.5 (parsing an event stream)."""
    return b"event: reading\ndata: " + msgspec.json.encode(reading) + b"\n\n"


async def _body(send: Any, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


ROUTES = [live]
