"""The management API, `/api/v1`: in the words of the public clients of Wattics.

It stands here, beside the pages' own API, and not in `collector/`: who asks, what they may, what is
refused and how it is said are the same for both.
"""

from collections.abc import Callable
from typing import Any

from litestar import Litestar
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme

from ohmstead import __version__
from ohmstead.dashboard import (
    description,
    management_measured,
    management_meters,
    management_people,
    management_places,
    management_reports,
    management_tariffs,
    problems,
    sessions,
)
from ohmstead.dashboard.management_words import BASE, ManagementRequest
from ohmstead.errors import OhmsteadError

ROUTES: list[Any] = [
    *management_people.ROUTES,
    *management_places.ROUTES,
    *management_meters.ROUTES,
    *management_measured.ROUTES,
    *management_tariffs.ROUTES,
    *management_reports.ROUTES,
]
CONFIG = OpenAPIConfig(
    title="Ohmstead management",
    version=__version__,
    path=f"{BASE}/schema",
    description=(
        "Users, organisations, sites, meters, appliances, tariffs, and what was measured, as the "
        "public clients of Wattics ask for them. Bodies may come without the word around them."
    ),
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    components=Components(
        security_schemes={
            "token": SecurityScheme(
                type="apiKey",
                name="Authorization",
                security_scheme_in="header",
                description="A token alone, without a word before it.",
            ),
            "bearer": SecurityScheme(
                type="http", scheme="bearer", description="The same after `Bearer`."
            ),
            sessions.COOKIE: SecurityScheme(
                type="apiKey",
                name=sessions.COOKIE,
                security_scheme_in="cookie",
                description="Somebody who is signed in to the pages.",
            ),
        }
    ),
    render_plugins=[
        description.PagePlugin(f"{BASE}/schema"),
        description.PlainJsonPlugin(),
    ],
    use_handler_docstrings=True,
)


def routes(parts: Callable[..., Any], body_most: int) -> Litestar:
    """The API; `parts` says what a request works with."""
    return Litestar(
        ROUTES,
        dependencies={
            "parts": Provide(parts, sync_to_thread=False),
            "user": Provide(sessions.signed_in),
        },
        exception_handlers={
            OhmsteadError: problems.of_ours,
            HTTPException: problems.of_framework,
            Exception: problems.of_unforeseen,
        },
        openapi_config=CONFIG,
        request_class=ManagementRequest,
        request_max_body_size=body_most,
        logging_config=None,
        debug=False,
    )
