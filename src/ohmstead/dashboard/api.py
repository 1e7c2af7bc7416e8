"""The web server's app: the API's site map, and the pages beside it.

/api/…       the JSON API of the pages        /schema      its description, for people
/api/live    readings as they come            /schema/openapi.json, for programs
all else     the built pages
"""

from collections.abc import Iterable
from importlib.resources.abc import Traversable

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException

from ohmstead.clock import Clock
from ohmstead.dashboard import catalogue, description, meters, problems, sessions, stream
from ohmstead.dashboard.door import App, Door, Receive, Scope, Send
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.pages import Pages
from ohmstead.dashboard.parts import Parts
from ohmstead.errors import OhmsteadError
from ohmstead.store.database import Database

BODY_MOST = 64 * 1024
"""Bytes of a request's body; the largest is an account's change."""
ROUTES = [*sessions.ROUTES, *meters.ROUTES, *stream.ROUTES, *catalogue.ROUTES]


def app(
    database: Database,
    hub: Hub,
    key: bytes,
    clock: Clock,
    *,
    trusted_proxies: Iterable[str] = (),
    pages: Traversable | None = None,
) -> App:
    """The ASGI app of the web server.

    `key` is the installation's; `trusted_proxies` are the addresses or networks of reverse proxies
    whose `X-Forwarded-*` headers count; `pages` is another folder of built pages.
    """
    api, built = routes(Parts(database, hub, key, clock)), Pages(pages)

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        top = scope["path"].split("/", 2)[1]
        chosen = api if top in ("api", "schema") else built
        await chosen(scope, receive, send)  # type: ignore[arg-type]

    return Door(inside, trusted_proxies)


def routes(parts: Parts | None) -> Litestar:
    """The API over `parts`; None is enough to describe it."""
    return Litestar(
        ROUTES,
        dependencies={
            "parts": Provide(lambda: parts, sync_to_thread=False),
            "user": Provide(sessions.signed_in),
        },
        exception_handlers={
            OhmsteadError: problems.of_ours,
            HTTPException: problems.of_framework,
            Exception: problems.of_unforeseen,
        },
        openapi_config=description.CONFIG,
        request_max_body_size=BODY_MOST,
        logging_config=None,
        debug=False,
    )
