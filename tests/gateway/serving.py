"""An API on a real port, and a client of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from ohmstead.gateway.api import Api, Door
from ohmstead.gateway.http import Route
from ohmstead.house.http import HttpServer, listen

WAIT_S = 10.0


@dataclass(frozen=True)
class Served:
    """Where an API listens, and a client of it."""

    url: str
    client: httpx.AsyncClient


@asynccontextmanager
async def served(
    routes: Sequence[Route],
    *,
    door: Door | None = None,
    host_name: Callable[[], str] = str,
    licensed: bool = True,
) -> AsyncIterator[Served]:
    """`routes` behind a real socket."""
    api = Api(routes, door=door, host_name=host_name, licensed=licensed)
    with listen("127.0.0.1", 0, "the test") as sock:
        async with HttpServer(api, sock) as server:
            url = f"http://127.0.0.1:{server.port}"
            async with httpx.AsyncClient(base_url=url, timeout=WAIT_S) as client:
                yield Served(url, client)
