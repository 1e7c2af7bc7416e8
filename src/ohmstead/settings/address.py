"""Where a server listens: one form for every `HOST:PORT` that a person writes."""

from dataclasses import dataclass

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

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
