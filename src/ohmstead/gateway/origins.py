"""Which web pages may ask the API: those of the device itself.

Source: the newer firmware's conventions: a request of a page elsewhere (its Origin is not the
device's host name, nor that with `.local`) is answered 404 without CORS headers.  A page that the
device itself served, by whatever name or address it was asked, is its own (RFC 6454, 5).
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from ohmstead.gateway.http import Request, Response

Headers = Sequence[tuple[str, str]]

ALLOWED_HEADERS = "authorization, content-type"
REMEMBERED_S = 600


def network_name(host_name: str) -> str:
    """The name on the network of a device that is set to `host_name`.

    Quirk 14: the setting is `whatwatt_9F8124`, the name `whatwatt-9F8124`: names in the DNS have
    no `_` (RFC 1123, 2.1).
    """
    return host_name.replace("_", "-")


def allowed(request: Request, host_name: str) -> bool:
    """Whether the page that asks, if it is one, may."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host:
        return False
    own = network_name(host_name).lower()
    if host in (own, f"{own}.local", host_name.lower(), f"{host_name.lower()}.local"):
        return True
    return parts.netloc.lower() == request.headers.get("host", "").lower()


def headers(request: Request) -> Headers:
    """What an answer to a page that may ask carries besides."""
    origin = request.headers.get("origin")
    if origin is None:
        return ()
    return (("access-control-allow-origin", origin), ("vary", "Origin"))


def preflight(request: Request, methods: Sequence[str]) -> Response:
    """The answer to OPTIONS: what may be asked here."""
    answer = [("allow", ", ".join(methods))]
    if "origin" in request.headers:
        answer += [
            ("access-control-allow-methods", ", ".join(methods)),
            ("access-control-allow-headers", ALLOWED_HEADERS),
            ("access-control-max-age", str(REMEMBERED_S)),
        ]
    return Response(204, headers=answer)
