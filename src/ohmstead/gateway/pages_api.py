"""The gateway's own pages: `/`, `/sd.html` and their neighbours, served from the package.

Files stay on the disk; a browser keeps what has a hash in its name for good.  What is worth it was
compressed when the pages were built, so serving costs neither memory nor computing.  `/` and
`/sd.html` are the device's addresses (mDNS `_http._tcp`; REST/MQTT 2.0, 6.13), the others ours.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable

from ohmstead.gateway.http import Request, Response, Route, text, trouble

PATHS = (
    "/",
    "/meter.html",
    "/sd.html",
    "/mqtt.html",
    "/modbus.html",
    "/actions.html",
    "/device.html",
    "/network.html",
    "/update.html",
    "/logs.html",
)
"""Each is the same document; which page it shows is its script's affair (web/src/gateway)."""
DOCUMENT = "gateway.html"
HASHED = "assets/"
PACKED = ".gz"
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
SAFE = (
    ("content-security-policy", POLICY),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
)
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
    ".md": "text/markdown; charset=utf-8",
}
NOT_BUILT = (
    "The pages are not built: run `make setup` in the checkout and start again."
    " The API is at /api/v1, its description at /api/v1/openapi.json.\n"
)


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the pages; its content is read when it is asked for."""

    plain: Traversable
    packed: Traversable | None
    kind: str
    tag: str
    cache: str


def _listed(folder: Traversable, under: str = "") -> Iterator[tuple[str, _File]]:
    """Every file by its path, but for the packed ones, which stand with theirs."""
    if not folder.is_dir():
        return
    entries = {entry.name: entry for entry in folder.iterdir()}
    for name, entry in entries.items():
        if entry.is_dir():
            yield from _listed(entry, f"{under}{name}/")
        elif not name.endswith(PACKED):
            path = under + name
            yield (
                path,
                _File(
                    entry,
                    entries.get(name + PACKED),
                    TYPES.get(name[name.rfind(".") :], "application/octet-stream"),
                    hashlib.blake2b(entry.read_bytes(), digest_size=12).hexdigest(),
                    FOR_GOOD if path.startswith(HASHED) else ASK_AGAIN,
                ),
            )


class Pages:
    """Serves the built pages."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """`folder` is where they are; None is the package's own."""
        self._files = dict(_listed(folder or files("ohmstead") / "pages" / "gateway"))

    def routes(self) -> Sequence[Route]:
        """The pages, and what they are made of; no part of the API, so not in its description."""
        page = partial(self._named, DOCUMENT)
        single = {name for name in self._files if "/" not in name and name != DOCUMENT}
        return (
            *(Route("GET", path, page) for path in PATHS),
            *(Route("GET", f"/{name}", partial(self._named, name)) for name in sorted(single)),
            Route("GET", f"/{HASHED}{{path*}}", self._asset),
        )

    async def _asset(self, request: Request) -> Response:
        return await self._named(HASHED + (request.parameters.get("path") or ""), request)

    async def _named(self, name: str, request: Request) -> Response:
        if DOCUMENT not in self._files:
            return text(NOT_BUILT, 503)
        file = self._files.get(name)
        if file is None:
            return trouble(404, f"There is nothing at {request.path}.")
        packed = file.packed if "gzip" in request.headers.get("accept-encoding", "") else None
        tag = f'"{file.tag}{"-gzip" if packed else ""}"'
        headers = [("etag", tag), ("cache-control", file.cache), ("vary", "accept-encoding"), *SAFE]
        known = request.headers.get("if-none-match", "")
        if tag in [one.strip().removeprefix("W/") for one in known.split(",")]:
            return Response(304, headers=headers)
        if packed:
            headers.append(("content-encoding", "gzip"))
        body = await asyncio.to_thread((packed or file.plain).read_bytes)
        return Response(200, body, file.kind, headers)
