"""Where the cloud listens: sockets had before anything starts, and how clients reach them."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ohmstead.errors import BadInput
from ohmstead.house import push_doors
from ohmstead.house.http import listen
from ohmstead.settings.address import Address
from ohmstead.settings.cloud import CloudOptions

ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  (compared, not bound)


@dataclass(frozen=True, slots=True)
class Listeners:
    """The bound sockets of a cloud's own addresses."""

    options: CloudOptions
    http: socket.socket
    https: socket.socket
    push: Sequence[socket.socket]
    """Those that take packets alone, in the order of the options."""
    sql: socket.socket | None

    def urls(self) -> list[str]:
        """Where the pages are reached: without TLS, and with it."""
        pages = (("http", self.options.http, self.http), ("https", self.options.https, self.https))
        return [self._url(scheme, at.host, sock) for scheme, at, sock in pages]

    def push_urls(self) -> tuple[str, ...]:
        """Where packets are taken beside the pages' addresses."""
        addresses = zip(self.options.push.addresses, self.push, strict=True)
        return tuple(self._url(scheme, at.host, sock) for (scheme, at), sock in addresses)

    def _url(self, scheme: str, host: str, sock: socket.socket) -> str:
        return f"{scheme}://{reached(Address(host, sock.getsockname()[1]), self.options.names)}"


@contextmanager
def held(options: CloudOptions) -> Iterator[Listeners]:
    """The listeners of a cloud, for as long as the block lasts.

    Unavailable where an address is taken, BadInput where two are the same or one is not ours.
    """
    options.check_listeners()
    with ExitStack() as stack:
        http = listen(options.http.host, options.http.port, "the pages (http)")
        stack.callback(http.close)
        https = listen(options.https.host, options.https.port, "the pages (https)")
        stack.callback(https.close)
        push = push_doors.reserved(options)
        for sock in push:
            stack.callback(sock.close)
        sql = _sql(options)
        if sql is not None:
            stack.callback(sql.close)
        yield Listeners(options, http, https, push, sql)


def _sql(options: CloudOptions) -> socket.socket | None:
    """Where readers of our own PostgreSQL come in."""
    if options.sql_listen is None:
        return None
    if options.database is not None:
        raise BadInput("a database of your own listens by itself: leave --sql-listen out")
    at = options.sql_listen
    return listen(at.host, at.port, "SQL")


def certified(options: CloudOptions) -> list[str]:
    """What the server's certificate is to name, beside the machine's own names."""
    at = (options.https, options.mqtts, *([options.sql_listen] if options.sql_listen else []))
    return [*options.names, *(each.host for each in at if each.host not in ANYWHERE)]


def mqtt_uri(options: CloudOptions) -> str:
    """Where devices reach the broker."""
    if options.broker:
        return options.broker.mqtts
    return f"mqtts://{reached(options.mqtts, options.names)}"


def broker_at(options: CloudOptions) -> tuple[tuple[str, int], ...]:
    """Where programs on this machine reach the broker: its hosts and ports."""
    if options.broker:
        return options.broker.addresses
    return ((_within(options.mqtts.host), options.mqtts.port),)


def reached(at: Address, names: Sequence[str]) -> str:
    """`host:port` as a client writes it: a listener on every address goes by its first name.

    >>> reached(Address("::", 8443), ["meters.example"]), reached(Address("10.1.2.3", 8443), [])
    ('meters.example:8443', '10.1.2.3:8443')
    """
    host = (names[0] if names else "localhost") if at.host in ANYWHERE else at.host
    return str(Address(host, at.port))


def _within(host: str) -> str:
    """Where a program on this machine reaches a listener: one on every address on the loopback."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (compared, not bound)
