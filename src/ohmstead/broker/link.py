"""How our own parts reach the broker: on loopback, with a password made at each start; or, where it
is somebody's own cluster, by its addresses and with keys."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from ohmstead.errors import Unavailable

log = structlog.get_logger(__name__)

RECONNECT_S = 0.02
"""A sign-in that comes while nobody of us is there to answer waits five seconds: be quick."""
CONNECT_S = 10.0
PING_S = 5


@dataclass(frozen=True, slots=True)
class Link:
    """Where the server listens for us; devices have a port of their own."""

    url: str
    """Or several, with commas between them: the servers of a cluster."""
    password: str
    seeds: Mapping[str, str] | None = None
    """User -> seed of its key, where users sign in with keys."""
    tls: ssl.SSLContext | None = None

    def __repr__(self) -> str:
        return f"Link({self.url!r})"  # and not the secrets

    async def connect(self, user: str, name: str) -> Client:
        """A connection that comes back by itself until it is closed.

        Raises Unavailable if there is none after `CONNECT_S`.
        """

        async def trouble(error: Exception) -> None:
            if not isinstance(error, ConnectionRefusedError):  # said fifty times a second
                log.debug("broker link", part=name, trouble=repr(error))

        client = Client()
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    self.url.split(","),
                    name=name,
                    error_cb=trouble,
                    tls=self.tls,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_S,  # type: ignore[arg-type]  # seconds, but called int
                    **self._proof(user),
                )
        except (TimeoutError, OSError, NatsError) as why:
            await client.close()
            raise Unavailable(f"the broker does not answer our {name}: {why!r}") from why
        return client

    def _proof(self, user: str) -> dict[str, Any]:
        if self.seeds is not None:  # a server that went away without a word is left soon
            return {
                "nkeys_seed_str": self.seeds[user],
                "ping_interval": PING_S,
                "max_outstanding_pings": 2,
            }
        return {"user": user, "password": self.password}
