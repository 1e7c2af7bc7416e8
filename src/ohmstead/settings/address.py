"""Where a server listens: one form for every `HOST:PORT` that a person writes."""

from dataclasses import dataclass
from ipaddress import ip_address

from ohmstead.errors import BadInput


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

    def collides(self, other: "Address") -> bool:
        """Whether both cannot be listened on at a time; port 0 is another one each time.

        >>> Address.parse("0.0.0.0:8000").collides(Address.parse("localhost:8000"))
        True
        """
        if not self.port or self.port != other.port:
            return False
        ours, theirs = _host(self.host), _host(other.host)
        return ours == theirs or bool({ours, theirs} & _EVERYWHERE)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104  (compared, not bound)


def _host(written: str) -> str:
    """One spelling of a host, where it is an address or the name of this machine's own."""
    try:
        return str(ip_address(written))
    except ValueError:
        return "127.0.0.1" if written.lower() == "localhost" else written.lower()
