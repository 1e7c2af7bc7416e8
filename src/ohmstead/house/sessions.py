"""Sessions of integrations whose clients are away: looked after while the cloud runs."""

from functools import partial

import aiomqtt
from nats.errors import Error as NatsError

from ohmstead.broker.link import Link
from ohmstead.broker.sessions import Sessions
from ohmstead.clock import Clock
from ohmstead.errors import Unavailable
from ohmstead.house.installation import Installation
from ohmstead.integrations.away import BOUNDS, Away, Bounds
from ohmstead.integrations.outlet import Endpoint, end_session
from ohmstead.store.away import AwayNotes
from ohmstead.store.integrations import PREFIX, Integrations

PASSES = (NatsError, TimeoutError, OSError, Unavailable, aiomqtt.MqttError)
"""Trouble that ends by itself: the broker or the database is away for a moment."""


async def look_after_sessions(
    home: Installation, link: Link, endpoint: Endpoint, clock: Clock, bounds: Bounds = BOUNDS
) -> None:
    """Keep the bounds of what is kept, until it is cancelled."""
    away = Away(
        AwayNotes(home.database),
        clock,
        Integrations(home.database).usernames,
        partial(end_session, endpoint),
        prefix=PREFIX,
        bounds=bounds,
    )
    async with Sessions(link) as sessions:
        await away.run(sessions, PASSES)
