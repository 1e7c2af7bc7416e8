"""What the routes work with, handed to each of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.headerregistry import Address
from pathlib import Path

from ohmstead.clock import Clock
from ohmstead.dashboard.attempts import Attempts
from ohmstead.dashboard.downloads import Turns
from ohmstead.dashboard.hashing import Hashing
from ohmstead.dashboard.limits import OF_TOKEN
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.passing import Nothing, Passing
from ohmstead.dashboard.upkeep import NoUpkeep, Upkeep
from ohmstead.settings.mail import MailOptions
from ohmstead.store.audit import Audit
from ohmstead.store.break_outs import BreakOuts
from ohmstead.store.committer import Committer
from ohmstead.store.database import Database
from ohmstead.store.devices import Devices
from ohmstead.store.facts import Facts
from ohmstead.store.integration_devices import IntegrationDevices
from ohmstead.store.integrations import Integrations
from ohmstead.store.joining import Door
from ohmstead.store.links import Links
from ohmstead.store.mails import Mails
from ohmstead.store.managed_meters import ManagedMeters
from ohmstead.store.managed_people import Profiles
from ohmstead.store.meters import Meters
from ohmstead.store.people import People
from ohmstead.store.readings import Readings
from ohmstead.store.report_definitions import ReportDefinitions
from ohmstead.store.second_factors import SecondFactors
from ohmstead.store.sessions import Sessions
from ohmstead.store.site_details import SiteDetails
from ohmstead.store.site_grants import SiteGrants
from ohmstead.store.sites import Organisations, Sites
from ohmstead.store.tokens import Tokens
from ohmstead.store.virtual_meters import VirtualMeters


def _nobody() -> None:
    """Nobody waits for mail."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """How accounts are handled here."""

    sign_up: bool = False
    """Whether anybody may make an account and an organisation of their own."""
    pages_url: str = "http://127.0.0.1:8000"
    """Where people reach the pages: the beginning of every link that is mailed."""
    mail: MailOptions = field(
        default_factory=lambda: MailOptions(
            Address("Ohmstead", "ohmstead", "localhost"), Path("mail")
        )
    )
    posted: Callable[[], None] = _nobody
    """Told after a mail was written, so that it goes at once."""
    token_rate: int = OF_TOKEN
    """Requests a minute that may come with one token."""
    least_s: float = 0.5
    """How long an answer takes at least that must not tell whether an account exists."""


class Parts:
    """The parts of one dashboard; `key` is the installation's, for digests and seals."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        key: bytes,
        clock: Clock,
        accounts: Accounts | None = None,
        passing: Passing | None = None,
        upkeep: Upkeep | None = None,
    ) -> None:
        self.hub = hub
        self.key = key
        self.clock = clock
        self.accounts = accounts or Accounts()
        self.database = database
        self.passing = passing or Nothing()
        self.upkeep = upkeep or NoUpkeep()
        self.facts = Facts(database)
        self.devices = Devices(database)
        self.integrations = Integrations(database)
        self.integration_devices = IntegrationDevices(database)
        self.break_outs = BreakOuts(database)
        self.people = People(database)
        self.sessions = Sessions(database)
        self.links = Links(database)
        self.door = Door(database)
        self.second_factors = SecondFactors(database, key)
        self.organisations = Organisations(database)
        self.sites = Sites(database)
        self.tokens = Tokens(database)
        self.site_details = SiteDetails(database)
        self.site_grants = SiteGrants(database)
        self.managed = ManagedMeters(database)
        self.profiles = Profiles(database)
        self.reports = ReportDefinitions(database)
        self.virtual_meters = VirtualMeters(database)
        self.mails = Mails(database, key)
        self.audit = Audit(database)
        self.meters = Meters(database)
        self.readings = Readings(database)
        self.attempts = Attempts(clock)
        self.exporting = Turns()
        self.uploading = Turns(what="uploads")
        self.committer = Committer(database, clock)
        self.hashing = Hashing()
        self.is_set_up = False
        """Whether somebody had a password when it was last asked; that stays so."""
