"""What the pages see of the relay and the broker."""

import asyncio
from collections.abc import Sequence

from nats.errors import Error as NatsError

from ohmstead.broker.connections import Connections
from ohmstead.broker.link import Link
from ohmstead.dashboard.passing import ToSend
from ohmstead.errors import Unavailable
from ohmstead.integrations import away
from ohmstead.integrations.outlet import Outgoing
from ohmstead.integrations.relay import Relay, Sent

SEND_S = 8.0
"""A test message that the broker has not taken by then is given up."""
ASK_S = 3.0


class Desk:
    """Passing on, as the pages show it.  See dashboard/passing.py."""

    def __init__(self, relay: Relay, link: Link) -> None:
        self._relay, self._link = relay, link

    kept = away.words()
    kept_messages = away.BOUNDS.messages
    kept_days = away.BOUNDS.away.days

    def recent(self, integration: str) -> Sequence[Sent]:
        """The last messages of an integration, the newest first."""
        return self._relay.recent(integration)

    async def send(self, integration: str, messages: Sequence[ToSend]) -> Sequence[Sent]:
        """Publish at once; Unavailable while the broker does not take it."""
        outgoing = [Outgoing(each.topic, each.payload, each.retain) for each in messages]
        try:
            async with asyncio.timeout(SEND_S):
                return await self._relay.send(integration, outgoing)
        except TimeoutError:
            raise Unavailable("the broker does not take messages for now; try again") from None

    async def connections(self, username: str) -> int | None:
        """How many clients of a user are connected; None while the broker does not answer."""
        try:
            async with asyncio.timeout(ASK_S), Connections(self._link) as connections:
                return await connections.count(username)
        except (NatsError, TimeoutError, Unavailable):
            return None
