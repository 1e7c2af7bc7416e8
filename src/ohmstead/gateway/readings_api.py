"""What the meter said and how the device is.  Source: REST/MQTT 2.0, 2.3, 3 and 4.1.2."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from ohmstead.gateway.board import Board
from ohmstead.gateway.http import EVENTS, About, Request, Response, Route, json
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import live, report, system, variables
from ohmstead.surfaces.device import Device

Present = Callable[[], Device]
Document = Callable[[Reading | None, Device], object]

LOOK_S = 3600.0
"""A stream waits so long for a reading before it looks again whether it still should."""


class Readings:
    """The latest reading in the device's documents, and the stream of readings."""

    def __init__(self, board: Board, device: Present) -> None:
        """`device` gives the state of the device at the moment it is called."""
        self._board = board
        self._device = device
        self._newer = asyncio.Event()

    def routes(self) -> Sequence[Route]:
        """`report`, `variables`, `system` and `live`."""
        return (
            Route(
                "GET",
                "/api/v1/system",
                partial(self._document, system.document),
                About(summary="The device and its meter", source="REST/MQTT 2.0, 2.3", gives=dict),
            ),
            Route(
                "GET",
                "/api/v1/report",
                partial(self._document, report.document),
                About(summary="The latest report", source="REST/MQTT 2.0, 3.1", gives=dict),
                licensed=True,
            ),
            Route(
                "GET",
                "/api/v1/variables",
                partial(self._document, variables.document),
                About(
                    summary="The variables of templates, one object each, as text",
                    source="REST/MQTT 2.0, 4.1.2",
                    gives=list[dict[str, str]],
                ),
                licensed=True,
            ),
            Route(
                "GET",
                "/api/v1/live",
                self._live,
                About(
                    summary="Every report as it comes, to one client at a time: the newest",
                    source="REST/MQTT 2.0, 3.2",
                    media=EVENTS,
                ),
            ),
        )

    async def _document(self, document: Document, request: Request) -> Response:
        del request
        return json(document(self._board.latest, self._device()))

    async def _live(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media=EVENTS)
        older, self._newer = self._newer, asyncio.Event()
        older.set()
        return Response(body=self._events(self._newer), media=EVENTS)

    async def _events(self, newer: asyncio.Event) -> AsyncIterator[bytes]:
        """Event after event, from the latest reading on; a slow client gets fewer, none late.

        A newer client ends it.  Source: 3.2, note: "You can only establish one connection".
        """
        shown: Reading | None = None
        superseded = asyncio.create_task(newer.wait(), name="live:superseded")
        following: asyncio.Task[Reading | None] | None = None
        try:
            while not newer.is_set():
                following = asyncio.create_task(self._next(shown), name="live:next")
                await asyncio.wait({following, superseded}, return_when=asyncio.FIRST_COMPLETED)
                shown = following.result() if following.done() else None
                if shown is None:
                    return
                yield live.event(shown, self._device())
        finally:
            superseded.cancel()
            if following:
                following.cancel()

    async def _next(self, shown: Reading | None) -> Reading | None:
        while True:
            try:
                return await self._board.next(shown, LOOK_S)
            except TimeoutError:
                continue
