"""Restart and factory reset.  Source: REST/MQTT 2.0, 6.11 and 6.12."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ohmstead.gateway.http import NO_CONTENT, About, Request, Response, Route

ANSWER_S = 0.3
"""So long after the answer, which must reach its client first, the restart begins."""


class Maintenance:
    """Starts the gateway anew, as it is or as it came."""

    def __init__(self, restart: Callable[[], None], forget: Callable[[], Awaitable[None]]) -> None:
        """`restart` begins a restart; `forget` takes all settings back to the factory."""
        self._restart = restart
        self._forget = forget
        self._wanted = asyncio.Event()

    def routes(self) -> Sequence[Route]:
        """`reboot` and `restore`."""
        return (
            Route(
                "POST",
                "/api/v1/reboot",
                self._reboot,
                About(
                    summary="Starts the gateway anew", source="REST/MQTT 2.0, 6.11", statuses=(204,)
                ),
            ),
            Route(
                "POST",
                "/api/v1/restore",
                self._restore,
                About(
                    summary="Takes all settings back to the factory and starts anew; readings that"
                    " wait, the SD card and the device's id stay",
                    source="REST/MQTT 2.0, 6.12",
                    statuses=(204, 503),
                ),
            ),
        )

    async def run(self) -> None:
        """Restarts, some moments after it was asked to."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await asyncio.sleep(ANSWER_S)
            self._restart()

    async def _reboot(self, request: Request) -> Response:
        del request
        self._wanted.set()
        return NO_CONTENT

    async def _restore(self, request: Request) -> Response:
        del request
        await self._forget()
        self._wanted.set()
        return NO_CONTENT
