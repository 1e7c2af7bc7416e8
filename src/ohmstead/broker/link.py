"""How our own parts reach the broker: on loopback, with a password made at each start."""

import asyncio
from dataclasses import dataclass

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from ohmstead.errors import Unavailable

log = structlog.get_logger(__name__)

RECONNECT_S = 0.02
"""A sign-in that comes while nobody of us is there to answer waits five seconds: be quick."""
CONNECT_S = 10.0


@dataclass(frozen=True, slots=True)
class Link:
    """Where the server listens for us; devices have a port of their own."""

    url: str
    password: str

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
                    self.url,
                    user=user,
                    password=self.password,
                    name=name,
                    error_cb=trouble,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_S,  # type: ignore[arg-type]  # seconds, but called int
                )
        except (TimeoutError, OSError, NatsError) as why:
            await client.close()
            raise Unavailable(f"the broker does not answer our {name}: {why!r}") from why
        return client
