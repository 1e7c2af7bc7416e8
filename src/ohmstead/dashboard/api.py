"""The web server's app: the API's site map, and the pages beside it.

/api/…       the JSON API of the pages        /schema      its description, for people
/api/live    readings as they come            /schema/openapi.json, for programs
/api/v1/…    the management API               /api/v1/schema, and …/openapi.json
all else     the built pages
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.routes import HTTPRoute
from litestar.types import Scope as HttpScope

from ohmstead.clock import Clock
from ohmstead.dashboard import (
    account,
    archive,
    audit,
    backups,
    catalogue,
    claims,
    costs,
    credentials,
    description,
    devices,
    energy,
    exports,
    integration_devices,
    integration_sheet,
    integrations,
    intervals,
    jobs,
    joining,
    mail,
    management,
    meter_changes,
    meter_roles,
    meters,
    organisations,
    partners,
    people,
    people_added,
    problems,
    questions,
    readers,
    retention,
    second_step,
    sessions,
    site_questions,
    sites,
    stream,
    tariffs,
    tokens,
    uploads,
    virtual,
)
from ohmstead.dashboard.bodies import JsonRequest
from ohmstead.dashboard.door import App, Door, Message, Receive, Scope, Send
from ohmstead.dashboard.limited import Limited
from ohmstead.dashboard.live import Hub
from ohmstead.dashboard.management_words import BASE, without_empty
from ohmstead.dashboard.pages import Pages
from ohmstead.dashboard.parts import Accounts, Parts
from ohmstead.dashboard.passing import Passing
from ohmstead.dashboard.upkeep import Upkeep
from ohmstead.errors import OhmsteadError
from ohmstead.store.database import Database

PARTS = "ohmstead.parts"
"""Where a request's scope carries what the routes work with."""
BODY_MOST = 64 * 1024
"""Bytes of a request's body; the largest is an account's change."""
ROUTES = [
    *sessions.ROUTES,
    *joining.ROUTES,
    *account.ROUTES,
    *second_step.ROUTES,
    *tokens.ROUTES,
    *people.ROUTES,
    *people_added.ROUTES,
    *organisations.ROUTES,
    *retention.ROUTES,
    *audit.ROUTES,
    *mail.ROUTES,
    *sites.ROUTES,
    *meters.ROUTES,
    *intervals.ROUTES,
    *meter_changes.ROUTES,
    *uploads.ROUTES,
    *meter_roles.ROUTES,
    *virtual.ROUTES,
    *devices.ROUTES,
    *credentials.ROUTES,
    *partners.ROUTES,
    *readers.ROUTES,
    *jobs.ROUTES,
    *archive.ROUTES,
    *backups.ROUTES,
    *energy.ROUTES,
    *exports.ROUTES,
    *tariffs.ROUTES,
    *costs.ROUTES,
    *questions.ROUTES,
    *site_questions.ROUTES,
    *integrations.ROUTES,
    *integration_sheet.ROUTES,
    *integration_devices.ROUTES,
    *claims.ROUTES,
    *stream.ROUTES,
    *catalogue.ROUTES,
]


def app(  # noqa: PLR0913  (one argument a part)
    database: Database,
    hub: Hub,
    key: bytes,
    clock: Clock,
    *,
    accounts: Accounts | None = None,
    passing: Passing | None = None,
    upkeep: Upkeep | None = None,
    trusted_proxies: Iterable[str] = (),
    pages: Traversable | None = None,
) -> App:
    """The ASGI app of the web server.

    `key` is the installation's; `accounts` says how accounts are handled here, `passing` is the way
    to the relay, `upkeep` to the installation as a whole; `trusted_proxies` are the addresses or
    networks of reverse proxies whose `X-Forwarded-*` headers count; `pages` is another folder of
    built pages.
    """
    parts, built = Parts(database, hub, key, clock, accounts, passing, upkeep), Pages(pages)
    own: Any = routes()
    managing: Any = management_routes()

    async def carried(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = own
        if scope["path"].startswith(f"{BASE}/"):
            chosen = managing
            scope = {**scope, "query_string": without_empty(scope["query_string"])}
        if scope["method"] == "OPTIONS" and (methods := methods_at(chosen, scope["path"])):
            allow = (b"allow", ", ".join(methods).encode())
            await send({"type": "http.response.start", "status": 204, "headers": [allow]})
            await send({"type": "http.response.body", "body": b""})
            return
        await chosen({**scope, PARTS: parts}, receive, send)

    api = Limited(carried, key, clock, parts.accounts.token_rate)

    async def inside(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if not path.startswith("/api/") and path not in ("/api", *description.PATHS):
            await built(scope, receive, send)
        elif scope["method"] == "HEAD":
            await headers_only(api, scope, send)
        else:
            await api(scope, receive, send)

    return Door(inside, trusted_proxies)


async def headers_only(api: Any, scope: Scope, send: Send) -> None:
    """What GET answers, without its body.  Source: RFC 9110, 9.3.2."""

    async def gone() -> Message:
        return {"type": "http.disconnect"}  # nobody waits for a stream

    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body"):
                return
            message = {**message, "body": b""}
        await send(message)

    await api({**scope, "method": "GET"}, gone, without_body)


def methods_at(api: Litestar, path: str) -> list[str]:
    """What may be asked at `path`, in order; empty where there is nothing.

    The framework knows only the methods of the first handler there.  Source: RFC 9110, 9.3.7.
    """
    plain = path.rstrip("/")
    fitting = [
        route
        for route in api.routes
        if isinstance(route, HTTPRoute)
        and re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", route.path_format), plain)
    ]
    exact = [route for route in fitting if route.path_format == plain]
    found = {method for route in exact or fitting for method in route.methods}
    return sorted({*found, "HEAD"}) if "GET" in found else sorted(found)


def carried_parts(scope: HttpScope) -> Parts:
    """What a request is answered with."""
    parts: Parts = scope[PARTS]  # type: ignore[literal-required]
    return parts


@cache
def management_routes() -> Litestar:
    """The management API, in the same way."""
    return management.routes(carried_parts, BODY_MOST)


@cache
def routes() -> Litestar:
    """The API; which parts it works with comes with each request, in its scope."""
    return Litestar(
        ROUTES,
        dependencies={
            "parts": Provide(carried_parts, sync_to_thread=False),
            "user": Provide(sessions.signed_in),
        },
        exception_handlers={
            OhmsteadError: problems.of_ours,
            HTTPException: problems.of_framework,
            Exception: problems.of_unforeseen,
        },
        openapi_config=description.CONFIG,
        request_class=JsonRequest,
        request_max_body_size=BODY_MOST,
        logging_config=None,
        debug=False,
    )
