"""The door of the web server: who may come in, what every answer carries, and what fails inside.

Every request gets an id.  Plain http is for this machine alone; a change must come from our own
pages; every answer carries the headers that keep a browser safe.
"""

import asyncio
import ipaddress
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec
import structlog

from ohmstead.dashboard import problems

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TAKE_S = 30.0
"""A client that takes nothing for so long is gone."""
GIVE_S = 30.0
"""A client that has not sent the whole body by then is gone."""
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS: tuple[Header, ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""What an answer carries unless it says otherwise itself."""
HSTS: Header = (b"strict-transport-security", b"max-age=31536000")

_log = structlog.get_logger(__name__)


class Door:
    """The ASGI app in front of all others.

    `trusted` are the addresses or networks of reverse proxies whose `X-Forwarded-For` and
    `X-Forwarded-Proto` are believed; from anyone else they are ignored.
    """

    def __init__(self, inside: App, trusted: Iterable[str] = ()) -> None:
        self._inside = inside
        self._trusted = tuple(ipaddress.ip_network(each) for each in trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        if scope["type"] != "http":
            return
        number = secrets.token_hex(8)
        address, scheme = seen(scope, self._trusted)
        entered = {**scope, "request_id": number, "scheme": scheme, "client": (address, 0)}
        answer = _Answer(send, number, _headers(number, scheme, _header(scope, b"host")))
        refusal = refused(entered)
        if refusal:
            await answer.refuse(403, refusal, scope["path"])
            return
        try:
            await self._inside(entered, _in_time(receive), answer.send)
        except Exception as trouble:
            if answer.started:  # not completed, so the server closes the connection
                _log.info(
                    "answer broken off", request_id=number, path=scope["path"], why=repr(trouble)
                )
                return
            _log.error("request failed", request_id=number, path=scope["path"], exc_info=trouble)
            detail = f"something unforeseen; the log has more under {number}"
            await answer.refuse(500, detail, scope["path"])


class _Answer:
    """One answer on its way out: gets its headers, and a limit in time for each piece."""

    def __init__(self, send: Send, number: str, headers: Sequence[Header]) -> None:
        self._send = send
        self._number = number
        self._headers = headers
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            own = list(message.get("headers", ()))
            names = {name.lower() for name, _ in own}
            more = [header for header in self._headers if header[0] not in names]
            message = {**message, "headers": [*own, *more]}
        async with asyncio.timeout(TAKE_S):
            await self._send(message)

    async def refuse(self, status: int, detail: str, path: str) -> None:
        """A problem for a program, plain words for a person."""
        if path.startswith("/api"):
            body = msgspec.json.encode(problems.problem(status, detail, self._number))
            kind = problems.MEDIA_TYPE.encode()
        else:
            body, kind = f"{detail}\n".encode(), b"text/plain; charset=utf-8"
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _in_time(receive: Receive) -> Receive:
    """`receive`, for which a client whose body does not come in time has left."""
    deadline = asyncio.get_running_loop().time() + GIVE_S
    whole = False

    async def bounded() -> Message:
        nonlocal whole
        try:
            async with asyncio.timeout_at(None if whole else deadline):
                message = await receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        whole = not message.get("more_body", False)
        return message

    return bounded


def _headers(number: str, scheme: str, host: str) -> tuple[Header, ...]:
    named: tuple[Header, ...] = ((b"x-request-id", number.encode()), *HEADERS)
    return (*named, HSTS) if scheme == "https" and _is_all_https(host) else named


def _is_all_https(host: str) -> bool:
    """Whether a browser may be told to take https for everything at `host`, whatever the port.

    Not where a port is written: plain http is then likely to live on other ports of that name, the
    gateway's pages for one.  Source: RFC 6797, 8.3 (the port stays, the scheme changes).

    >>> [_is_all_https(host) for host in ("energy.example.org", "energy.lan:8443", "localhost")]
    [True, False, False]
    """
    name = host.lower()
    if ":" in name or name == "localhost" or name.endswith(".localhost"):
        return False
    return bool(name) and _ip(name) is None


def seen(scope: Scope, trusted: Sequence[Network] = ()) -> tuple[str, str]:
    """Who asks, and by http or https, also behind proxies that are trusted."""
    peer = scope.get("client")
    address = peer[0] if peer else ""  # gone already, and so from nowhere that is trusted
    scheme = str(scope.get("scheme", "http"))
    if not _among(address, trusted):
        return address, scheme
    scheme = _header(scope, b"x-forwarded-proto").rpartition(",")[2].strip() or scheme
    for named in reversed(_header(scope, b"x-forwarded-for").split(",")):
        if _ip(named.strip()) is None:
            break
        address = named.strip()
        if not _among(address, trusted):
            break
    return address, "https" if scheme == "https" else "http"


def refused(scope: Scope) -> str | None:
    """Why this request may not come in; None when it may."""
    if scope["scheme"] != "https" and not _loopback(scope["client"][0]):
        return (
            "Plain http is for this machine alone. From another one, open the https address, "
            "which the cloud prints when it starts (usually port 8443)."
        )
    if scope["method"] in SAFE:
        return None
    return _foreign(
        _header(scope, b"sec-fetch-site"), _header(scope, b"origin"), _header(scope, b"host")
    )


def _foreign(site: str, origin: str, host: str) -> str | None:
    """Why a change looks like another site's; programs that are no browsers send neither header."""
    if site and site != "same-origin":
        return f"A change must come from these pages, not from another site ({site})."
    if not site and origin and origin.lower().partition("://")[2] != (host.lower() or None):
        return f"A change must come from these pages, not from {problems.shown(origin)}."
    return None


def _header(scope: Scope, name: bytes) -> str:
    found = [value for key, value in scope["headers"] if key == name]
    return b",".join(found).decode("latin-1")


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _loopback(text: str) -> bool:
    address = _ip(text)
    return address is not None and address.is_loopback


def _among(text: str, networks: Sequence[Network]) -> bool:
    address = _ip(text)
    return address is not None and any(address in network for network in networks)
