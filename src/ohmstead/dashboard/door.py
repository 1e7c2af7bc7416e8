"""What every request passes, and every answer takes along: id, safety headers, who may come how."""

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Styles in attributes are how charts and the pages' components place things."""
HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), geolocation=(), microphone=()"),
)
TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")
PLAIN_REFUSED = (
    "This server takes unencrypted requests from its own machine alone. Use its https address."
)
FOREIGN_REFUSED = (
    "A page of another site sent this request, so it was not carried out. "
    "Open the pages of this server."
)


def is_loopback(host: str | None) -> bool:
    """Whether an address is this machine's own.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("192.168.1.2"), is_loopback(None)
    (True, True, False, False)
    """
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_own(headers: MutableMapping[bytes, bytes]) -> bool:
    """Whether a request that changes something comes from our pages, or from no page at all.

    Source: Fetch Metadata (Sec-Fetch-Site); RFC 6454, 7 (Origin).
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    if origin is None:
        return True
    return urlsplit(origin.decode("latin-1")).netloc == headers.get(b"host", b"").decode("latin-1")


class Door:
    """Everything in front of the pages and the API."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        encrypted = scope.get("scheme") == "https"
        own = [*HEADERS, (b"x-request-id", request_id.encode())]
        if encrypted:
            own.append(TLS_ONLY)

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *own]
            await send(message)

        client = scope.get("client")
        if not encrypted and not is_loopback(client[0] if client else None):
            await _refuse(send_with_headers, PLAIN_REFUSED, request_id)
        elif scope["method"] not in SAFE_METHODS and not is_own(dict(scope["headers"])):
            await _refuse(send_with_headers, FOREIGN_REFUSED, request_id)
        else:
            await self._app(scope, receive, send_with_headers)


async def _refuse(send: Send, text: str, request_id: str) -> None:
    body = msgspec.json.encode(
        {
            "type": "about:blank",
            "title": "Not allowed",
            "status": 403,
            "detail": text,
            "request_id": request_id,
        }
    )
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
