"""What the routes of the management API share: bodies, pages of lists, who sees what."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from litestar import Response
from litestar.params import PathParameter, QueryParameter

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard.bodies import JsonRequest
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit
from ohmstead.dashboard.proving import Asked, require
from ohmstead.dashboard.sessions import COOKIE
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.managed_meters import Managed
from ohmstead.store.people import User
from ohmstead.store.site_details import Detailed

Found = TypeVar("Found")
Shown = TypeVar("Shown")

BASE = "/api/v1"
SECURITY = [{"token": list[str]()}, {"bearer": list[str]()}, {COOKIE: list[str]()}]
"""The routes' security requirement in the OpenAPI: any of them."""
LARGEST = 2**31 - 1
PAGE_MOST, LIST_MOST = 1000, 10_000
WRAPPERS = {
    "users": "user",
    "organizations": "organization",
    "sites": "site",
    "meters": "meter",
    "appliances": "appliance",
    "tariffs": "tariff",
    "report_definitions": "report_definition",
}
"""Which word a body is wrapped in, by the first part of the path."""

Number = Annotated[int, PathParameter(ge=1, le=LARGEST, description="The number of it.")]
Named = Annotated[
    str, PathParameter(max_length=100, description="The number of it, or its reference.")
]
OfOrganization = Annotated[
    int | None,
    QueryParameter(ge=1, le=LARGEST, description="Only of this organisation."),
]
OfSite = Annotated[
    int | None,
    QueryParameter(ge=1, le=LARGEST, description="Only of this site."),
]
OfMeter = Annotated[
    int | None,
    QueryParameter(ge=1, le=LARGEST, description="Only of this meter."),
]
PageSize = Annotated[
    int | None,
    QueryParameter(ge=1, le=PAGE_MOST, description="How many on a page."),
]
PageNumber = Annotated[int, QueryParameter(ge=1, le=10**6, description="Which page, from 1.")]
Detail = Annotated[bool, QueryParameter(description="With the steps of each day, by time of day.")]


def without_empty(query: bytes) -> bytes:
    """A query without the parameters that say nothing, which clients send for what they leave open.

    >>> without_empty(b"organization_id=1&site_id=&&detailed"), without_empty(b"")
    (b'organization_id=1&detailed', b'')
    """
    return b"&".join(each for each in query.split(b"&") if each and not each.endswith(b"="))


class ManagementRequest(JsonRequest):
    """A request whose body may be wrapped in another word than it should, or in none.

    The vendor's own examples wrap a site in `organization`; and every client has only one thing to
    send at a time.
    """

    async def json(self) -> Any:
        """What the body says, wrapped in the word of its path."""
        said = await super().json()
        parts = self.scope["path"].removeprefix(BASE).strip("/").split("/")
        word = WRAPPERS.get(parts[0])
        if word is None or len(parts) > 2 or not isinstance(said, dict):
            return said
        inside = said.get(word)
        if inside is None and len(said) == 1:
            inside = next(iter(said.values()))
        return {word: inside} if isinstance(inside, dict) else {word: said}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: `limit` of it, `skipped` before."""

    size: int | None
    number: int

    @property
    def limit(self) -> int:
        return LIST_MOST if self.size is None else self.size

    @property
    def skipped(self) -> int:
        return (self.number - 1) * self.limit

    def answer(
        self, request: Asked, found: Sequence[Found], show: Callable[[Found], Shown]
    ) -> Response[list[Shown]]:
        """The page, of which `found` has one more where there is another one behind it.

        A `Link` header leads there.  Source: RFC 8288, 3.
        """
        headers = {}
        if len(found) > self.limit:
            kept = [
                (name, each)
                for name, each in request.query_params.multi_items()
                if name not in ("pageSize", "pageNumber")
            ]
            size = [] if self.size is None else [("pageSize", str(self.size))]
            query = urlencode([*kept, *size, ("pageNumber", str(self.number + 1))])
            headers["Link"] = f'<{request.scope["path"]}?{query}>; rel="next"'
        return Response([show(each) for each in found[: self.limit]], headers=headers)


async def site_of(id: int, user: User, parts: Parts) -> Detailed:
    """The site, if the user may see it; NotFound as if there were none otherwise."""
    try:
        found = await parts.site_details.get(id)
    except NotFound:
        found = None
    if found is None or not user.sees(found.site):
        raise NotFound(f"there is no site {id}, or it is not yours to see")
    return found


async def own_site(id: int, user: User, parts: Parts) -> Detailed:
    """The same, for who may change it; Forbidden."""
    require(user, Action.MANAGE_METERS)
    found = await site_of(id, user, parts)
    if not sees(user.organisation, found.site.organisation):
        raise NotFound(f"there is no site {id} that is yours to change")
    return found


async def meter_of(written: str, user: User, parts: Parts, request: Asked | None = None) -> Managed:
    """The meter or appliance, if the user may see it; NotFound as if there were none otherwise.

    Below the `/appliances` of a `request` is nothing but appliances, so that nobody takes the meter
    of that number for one.
    """
    among = request is not None and request.scope["path"].startswith(f"{BASE}/appliances/")
    try:
        found = await parts.managed.get(written)
    except (NotFound, BadInput):
        found = None
    if found is None or not user.sees(found.meter.site) or (among and not found.appliance):
        kind = "appliance" if among else "meter"
        raise NotFound(f"there is no {kind} {written!r}, or it is not yours to see")
    return found


async def own_meter(
    written: str, user: User, parts: Parts, request: Asked | None = None
) -> Managed:
    """The same, for who may change it; Forbidden."""
    require(user, Action.MANAGE_METERS)
    found = await meter_of(written, user, parts, request)
    if not sees(user.organisation, found.meter.site.organisation):
        raise NotFound(f"there is no meter {written!r} that is yours to change")
    return found


@contextmanager
def about(field: str) -> Iterator[None]:
    """Inside it, what is not acceptable is said of `field`."""
    try:
        yield
    except Misfit:
        raise
    except BadInput as trouble:
        raise Misfit(field, str(trouble)) from trouble


def given(value: Found | None, field: str) -> Found:
    """`value`, which must be there; Misfit."""
    if value is None:
        raise Misfit(field, "it is missing")
    return value
