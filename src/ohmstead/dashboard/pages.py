"""The built pages, as files: hashed ones for ever, `index.html` for every address of a person."""

import hashlib
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from ohmstead.dashboard.door import Receive, Scope, Send

FOLDER = "pages/cloud"
INDEX = "index.html"
HASHED = "assets/"
FOR_EVER = b"public, max-age=31536000, immutable"
ASK_EACH_TIME = b"no-cache"
NOT_BUILT = (
    "<!doctype html><title>Ohmstead</title><h1>The pages are not built</h1>"
    "<p>This checkout has no built pages yet. Run <code>make setup</code> in it and reload.</p>"
)


@dataclass(frozen=True, slots=True)
class Page:
    """One file, ready to be sent."""

    body: bytes
    media_type: str
    etag: bytes
    cache: bytes


def built() -> Traversable:
    """The folder of the built pages in the installed package."""
    return files("ohmstead").joinpath(FOLDER)


def read(folder: Traversable) -> dict[str, Page]:
    """Every file below `folder`, by its path; empty when the pages are not built."""
    if not folder.is_dir():
        return {}
    found: dict[str, Page] = {}
    waiting = [("", folder)]
    while waiting:
        prefix, place = waiting.pop()
        for each in place.iterdir():
            path = f"{prefix}{each.name}"
            if each.is_dir():
                waiting.append((f"{path}/", each))
            elif not each.name.startswith("."):
                found[path] = _page(path, each.read_bytes())
    return found


def _page(path: str, body: bytes) -> Page:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/javascript", "application/json")
    return Page(
        body=body,
        media_type=f"{kind}; charset=utf-8" if text else kind,
        etag=b'"' + hashlib.blake2b(body, digest_size=12).hexdigest().encode() + b'"',
        cache=FOR_EVER if path.startswith(HASHED) else ASK_EACH_TIME,
    )


class Pages:
    """The ASGI app of the pages; they are read once, at the start."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._pages = read(folder or built())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        if scope["method"] not in ("GET", "HEAD"):
            await _send(send, 405, b"Method not allowed", [(b"allow", b"GET, HEAD")])
            return
        page = self._pages.get(scope["path"].lstrip("/"))
        if page is None and _is_navigation(scope):
            page = self._pages.get(INDEX)
            if page is None:
                html = [(b"content-type", b"text/html; charset=utf-8")]
                await _send(send, 503, NOT_BUILT.encode(), html)
                return
        if page is None:
            await _send(send, 404, b"Not found", [(b"content-type", b"text/plain; charset=utf-8")])
            return
        await _send_page(scope, send, page)


def _is_navigation(scope: Scope) -> bool:
    """Whether somebody opens an address, rather than a page asking for a file that is not there."""
    name = scope["path"].rpartition("/")[2]
    accepts = dict(scope["headers"]).get(b"accept", b"")
    return b"text/html" in accepts or "." not in name


async def _send_page(scope: Scope, send: Send, page: Page) -> None:
    headers = [(b"etag", page.etag), (b"cache-control", page.cache)]
    if dict(scope["headers"]).get(b"if-none-match") == page.etag:
        await _send(send, 304, b"", headers)
        return
    headers.append((b"content-type", page.media_type.encode()))
    headers.append((b"content-length", str(len(page.body)).encode()))
    await _send(send, 200, b"" if scope["method"] == "HEAD" else page.body, headers)


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
