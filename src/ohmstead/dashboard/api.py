"""The dashboard as one ASGI app: the door, behind it the API and the pages."""

from typing import cast

from litestar import Litestar
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from ohmstead import __version__
from ohmstead.clock import Clock
from ohmstead.dashboard import routes_meters, routes_session
from ohmstead.dashboard.desk import Desk, current_user
from ohmstead.dashboard.door import App, Door, Receive, Scope, Send
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.pages import Pages
from ohmstead.dashboard.problems import HANDLERS
from ohmstead.dashboard.sessions import COOKIE
from ohmstead.store.database import Database

LARGEST_BODY = 65_536
API, SCHEMA = "/api", "/schema"
"""What the API answers; everything else is a page.  `/api/v1` is kept for the management API."""


ROUTES = (
    routes_session.status,
    routes_session.who,
    routes_session.sign_in,
    routes_session.use_link,
    routes_session.sign_out,
    routes_session.account,
    routes_meters.meters,
    routes_meters.meter,
    routes_meters.power,
    routes_meters.energy,
    routes_meters.stream,
    routes_meters.quantities,
)


def described() -> OpenAPIConfig:
    """How the API presents itself."""
    return OpenAPIConfig(
        title="Ohmstead",
        version=__version__,
        description="The API of the pages: meters and what they measured.",
        path=SCHEMA,
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={
                "session": SecurityScheme(type="apiKey", security_scheme_in="cookie", name=COOKIE)
            }
        ),
        security=[{"session": []}],
    )


def api(desk: Desk | None) -> Litestar:
    """The API on its own; without a desk it can describe itself, no more."""

    def the_desk() -> Desk | None:
        return desk

    return Litestar(
        route_handlers=list(ROUTES),
        dependencies={
            "desk": Provide(the_desk, sync_to_thread=False),
            "user": Provide(current_user),
        },
        exception_handlers=HANDLERS,
        openapi_config=described(),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )


def app(database: Database, hub: Hub, key: bytes, clock: Clock) -> App:
    """Everything the cloud serves over HTTP."""
    answers = cast("App", api(Desk(database, hub, key, clock)))
    pages = Pages()

    async def both(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and not _is_of_api(path):
            await pages(scope, receive, send)
        else:
            await answers(scope, receive, send)

    return Door(both)


def _is_of_api(path: str) -> bool:
    return path in (API, SCHEMA) or path.startswith((f"{API}/", f"{SCHEMA}/"))
