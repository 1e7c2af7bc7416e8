"""What the routes work with, handed to each of them."""

from ohmstead.clock import Clock
from ohmstead.dashboard.attempts import Attempts
from ohmstead.dashboard.hashing import Hashing
from ohmstead.dashboard.live import Hub
from ohmstead.store.database import Database
from ohmstead.store.meters import Meters
from ohmstead.store.people import People
from ohmstead.store.readings import Readings


class Parts:
    """The parts of one dashboard; `key` is the installation's, for the digests of tokens."""

    def __init__(self, database: Database, hub: Hub, key: bytes, clock: Clock) -> None:
        self.hub = hub
        self.key = key
        self.clock = clock
        self.people = People(database)
        self.meters = Meters(database)
        self.readings = Readings(database)
        self.attempts = Attempts(clock)
        self.hashing = Hashing()
        self.is_set_up = False
        """Whether somebody had a password when it was last asked; that stays so."""
