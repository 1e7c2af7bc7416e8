"""An HTTP server on an address given to us: binds first, so a taken port is a clear error."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn

from ohmstead.errors import Unavailable
from ohmstead.house.http_parser import with_it

App = Callable[[Any, Any, Any], Awaitable[None]]

START_TIMEOUT_S = 10.0
STARTED_LOOK_S = 0.01
STOP_TIMEOUT_S = 5


def listen(host: str, port: int, what: str, *, shared: bool = False) -> socket.socket:
    """A bound TCP socket; Unavailable, with what to do, when the address cannot be had.

    Several processes may each have one that is `shared`: connections are dealt out to them.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, proto, _, at = found[0]
        with contextlib.ExitStack() as stack:
            sock = stack.enter_context(socket.socket(family, kind, proto))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            sock.bind(at)
            stack.pop_all()
    except OSError as error:
        raise Unavailable(
            f"{what} cannot listen on {host}:{port}: {error.strerror or error}. "
            "Stop the program that uses this port, or choose another one."
        ) from error
    return sock


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the program decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One ASGI app on one socket, as a task of the program.

    `protocol` makes what serves one connection, in the place of uvicorn's.

    >>> # async with HttpServer(app, listen("127.0.0.1", 8000, "the pages")): ...
    """

    def __init__(
        self,
        app: App,
        sock: socket.socket,
        *,
        tls: ssl.SSLContext | None = None,
        protocol: Callable[..., asyncio.Protocol] | None = None,
    ) -> None:
        self._sock = sock
        self._server = _Server(
            uvicorn.Config(
                app,
                http=with_it(protocol) if protocol else with_it(),  # type: ignore[arg-type]
                loop="uvloop",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ssl_context_factory=(lambda *_: tls) if tls else None,
                timeout_graceful_shutdown=STOP_TIMEOUT_S,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on, also where 0 was asked for."""
        return int(self._sock.getsockname()[1])

    async def __aenter__(self) -> "HttpServer":
        self._task = asyncio.create_task(self._server.serve([self._sock]), name=f"http:{self.port}")
        async with asyncio.timeout(START_TIMEOUT_S):
            while not self._server.started and not self._task.done():  # noqa: ASYNC110
                await asyncio.sleep(STARTED_LOOK_S)
        if self._task.done():
            self._task.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        if self._task:
            await asyncio.wait({self._task}, timeout=STOP_TIMEOUT_S + 2)
