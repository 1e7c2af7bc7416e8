"""Addresses that take packets alone: served by the cloud's own process, or by several others."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from ohmstead.collector.intake import Stored
from ohmstead.dashboard.live import Hub
from ohmstead.house.authority import Files
from ohmstead.house.http import HttpServer, listen
from ohmstead.house.installation import Installation
from ohmstead.house.packets import PushApi
from ohmstead.house.push_worker import Told
from ohmstead.house.push_workers import Workers
from ohmstead.settings.cloud import CloudOptions


def reserved(options: CloudOptions) -> list[socket.socket]:
    """A bound socket for each address, so that a taken one is said at once; Unavailable.

    Where other processes serve them, ours only hold the addresses.
    """
    return [
        listen(at.host, at.port, f"packets ({scheme})", shared=options.push.workers > 0)
        for scheme, at in options.push.addresses
    ]


@asynccontextmanager
async def served(
    options: CloudOptions,
    sockets: Sequence[socket.socket],
    push: PushApi,
    home: Installation,
    tls: tuple[Files, ssl.SSLContext],
    hub: Hub,
    show: Callable[[Sequence[Stored]], None],
) -> AsyncIterator[None]:
    """Take packets at these addresses for as long as the block lasts."""
    files, context = tls
    schemes = [scheme for scheme, _ in options.push.addresses]
    async with AsyncExitStack() as stack:
        if not options.push.workers:
            for scheme, sock in zip(schemes, sockets, strict=True):
                own = context if scheme == "https" else None
                server = HttpServer(push.app, sock, tls=own, protocol=push.protocol)
                await stack.enter_async_context(server)
        else:
            told = Told(
                database=home.url,
                key=home.key,
                listeners=tuple(
                    (scheme, *sock.getsockname()[:2])
                    for scheme, sock in zip(schemes, sockets, strict=True)
                ),
                certificate=str(files.certificate),
                private_key=str(files.key),
                trusted=options.trusted_proxies,
            )
            await stack.enter_async_context(Workers(options.push.workers, told, hub, show))
        yield
