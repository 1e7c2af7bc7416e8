"""The built pages: files of the package, read once, served from memory."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from ohmstead.dashboard import problems
from ohmstead.dashboard.door import Header, Receive, Scope, Send

INDEX = "index.html"
HASHED = "assets/"
"""What is under it has a hash of its content in its name, and so never changes."""
FOR_GOOD = b"public, max-age=31536000, immutable"
ASK_AGAIN = b"no-cache"
COMPRESSED = ("text/", "application/json", "image/svg+xml", "application/manifest+json")
SMALLEST_COMPRESSED = 1024
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".md": "text/markdown",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
"""What the machine's own table must not decide."""
NOT_BUILT = (
    "The pages are not built.\n\n"
    "In a checkout, run `make setup` and start again. The API is at /schema.\n"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file, ready to be sent."""

    body: bytes
    packed: bytes | None
    """The same with gzip, where that is worth it."""
    kind: str
    etag: str
    cache: bytes


class Pages:
    """The ASGI app of everything that is not the API."""

    def __init__(self, folder: Traversable | None = None) -> None:
        """`folder` is where the built pages are; None is the package's own."""
        self._pages = dict(_read(folder or files("ohmstead") / "pages" / "cloud"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer one request."""
        if scope["method"] not in ("GET", "HEAD"):
            await _problem(send, scope, 405, "pages can only be read", (b"allow", b"GET, HEAD"))
            return
        if INDEX not in self._pages:
            await _plain(send, scope, 503, NOT_BUILT.encode())
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        page = self._pages.get(scope["path"].lstrip("/") or INDEX)
        if page is None and _navigates(scope["path"], headers):
            page = self._pages[INDEX]
        if page is None:
            await _problem(send, scope, 404, f"there is nothing at {scope['path']}")
        else:
            await _page(send, scope, page, headers)


def _read(folder: Traversable, under: str = "") -> Iterator[tuple[str, Page]]:
    """Every file of `folder` by its path."""
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{under}{entry.name}/")
        else:
            yield under + entry.name, _made(under + entry.name, entry.read_bytes())


def _made(path: str, body: bytes) -> Page:
    end = path[path.rfind(".") :]
    kind = TYPES.get(end) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    packed = None
    if len(body) >= SMALLEST_COMPRESSED and kind.startswith(COMPRESSED):
        packed = gzip.compress(body, mtime=0)
    return Page(
        body=body,
        packed=packed if packed and len(packed) < len(body) else None,
        kind=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        etag=hashlib.blake2b(body, digest_size=12).hexdigest(),
        cache=FOR_GOOD if path.startswith(HASHED) else ASK_AGAIN,
    )


def _navigates(path: str, headers: dict[bytes, str]) -> bool:
    """Whether a person opens a page: its path belongs to the pages' own router."""
    if path.startswith(f"/{HASHED}"):
        return False
    mode = headers.get(b"sec-fetch-mode")
    return mode == "navigate" if mode else "text/html" in headers.get(b"accept", "")


async def _page(send: Send, scope: Scope, page: Page, headers: dict[bytes, str]) -> None:
    zipped = page.packed is not None and "gzip" in headers.get(b"accept-encoding", "")
    body = page.packed if zipped and page.packed is not None else page.body
    etag = f'"{page.etag}{"-gzip" if zipped else ""}"'
    said = [(b"etag", etag.encode()), (b"cache-control", page.cache), (b"vary", b"accept-encoding")]
    asked = [tag.strip().removeprefix("W/") for tag in headers.get(b"if-none-match", "").split(",")]
    if etag in asked or "*" in asked:
        await _answer(send, scope, 304, b"", said)
        return
    said.append((b"content-type", page.kind.encode()))
    said.append((b"content-length", str(len(body)).encode()))
    if zipped:
        said.append((b"content-encoding", b"gzip"))
    await _answer(send, scope, 200, body, said)


async def _plain(send: Send, scope: Scope, status: int, body: bytes) -> None:
    said = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await _answer(send, scope, status, body, said)


async def _problem(send: Send, scope: Scope, status: int, detail: str, *more: Header) -> None:
    body = msgspec.json.encode(problems.problem(status, detail, scope["request_id"]))
    said = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await _answer(send, scope, status, body, said)


async def _answer(send: Send, scope: Scope, status: int, body: bytes, said: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": said})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent})
