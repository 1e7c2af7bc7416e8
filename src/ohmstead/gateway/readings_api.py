"""What the meter said and how the device is.  Source: REST/MQTT 2.0, 2.3, 3 and 4.1.2."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from ohmstead.gateway.board import Board
from ohmstead.gateway.http import EVENTS, About, Request, Response, Route, json
from ohmstead.reading.reading import Reading
from ohmstead.surfaces import live, report, system, variables
from ohmstead.surfaces.device import Device
from ohmstead.surfaces.report_shape import ReportShape
from ohmstead.surfaces.system_shape import System

Present = Callable[[], Device]
Document = Callable[[Reading | None, Device], object]
Further = tuple[int, Sequence[Reading]]

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
                About(
                    summary="The device, its meter, its network and its services",
                    source="REST/MQTT 2.0, 2.3",
                    gives=System,
                ),
            ),
            Route(
                "GET",
                "/api/v1/report",
                partial(self._document, report.document),
                About(summary="The latest report", source="REST/MQTT 2.0, 3.1", gives=ReportShape),
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
        """Event after event, the latest reading first; a client that falls far behind gets fewer.

        A newer client ends it.  Source: 3.2, note: "You can only establish one connection".
        """
        seen = max(0, self._board.count - 1)
        superseded = asyncio.create_task(newer.wait(), name="live:superseded")
        following: asyncio.Task[Further | None] | None = None
        try:
            while not newer.is_set():
                following = asyncio.create_task(self._further(seen), name="live:next")
                await asyncio.wait({following, superseded}, return_when=asyncio.FIRST_COMPLETED)
                further = following.result() if following.done() else None
                if further is None:
                    return
                seen, readings = further
                for reading in readings:
                    yield live.event(reading, self._device())
        finally:
            superseded.cancel()
            if following:
                following.cancel()

    async def _further(self, seen: int) -> Further | None:
        while True:
            try:
                return await self._board.further(seen, LOOK_S)
            except TimeoutError:
                continue
