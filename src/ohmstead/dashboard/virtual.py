"""Virtual meters, and which meters are below which; docs/virtual-meters.md."""

from typing import Annotated

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ohmstead.access.roles import Action
from ohmstead.analytics.formula import LONGEST
from ohmstead.dashboard.management_words import about, own_site, site_of
from ohmstead.dashboard.meter_changes import own
from ohmstead.dashboard.meters import behind, visible
from ohmstead.dashboard.paging import PAGE_MOST, AfterText, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number as SiteId
from ohmstead.dashboard.place_shapes import MeterId, Number
from ohmstead.dashboard.problems import answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.dashboard.shapes import Shape
from ohmstead.store.managed_meters import Which
from ohmstead.store.meters import Meter
from ohmstead.store.people import User

Formula = Annotated[
    str, Meta(min_length=1, max_length=LONGEST, description="Like a + b - 0.5 * 'hall-2'.")
]


class NewVirtualMeter(Shape, frozen=True):
    """A virtual meter to be added; `type` is that of the meters it names, unless said."""

    id: MeterId
    site: Number
    formula: Formula
    name: Annotated[str, Meta(max_length=200)] = ""
    type: Annotated[str, Meta(max_length=40)] = ""


class NewFormula(Shape, frozen=True):
    """Another formula for a virtual meter."""

    formula: Formula


class NewParent(Shape, frozen=True):
    """The id of the meter that measures this one, too; null is none."""

    parent: MeterId | None


class Branch(Struct, frozen=True, kw_only=True):
    """A meter in its tree: `parent` is the id of the one above, `formula` null where measured."""

    meter: str
    name: str
    site: int
    type: str
    unit: str
    parent: str | None
    formula: str | None


class Tree(Struct, frozen=True, kw_only=True):
    """The meters of a site; `next` is the cursor of the next page, null on the last."""

    items: list[Branch]
    next: str | None


@get(
    "/api/sites/{id:int}/tree",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Which meters are below which",
)
async def tree(
    id: SiteId,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> Tree:
    """The meters of a site, each with the one above it and its formula."""
    site = (await site_of(id, user, parts)).site
    seen = await parts.managed.seen(
        user, Which(site=site.id), after=await behind(after, user, parts), limit=limit + 1
    )
    page, following = paged([each.meter for each in seen], limit, lambda each: each.id)
    return Tree(items=list(map(_branch, page)), next=following)


@post(
    "/api/virtual-meters",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a virtual meter",
)
async def add(
    data: JSONBody[NewVirtualMeter], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Branch:
    """Add a meter that is a formula over others of its organisation; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    site = (await own_site(data.site, user, parts)).site
    with about("formula"):
        made = await parts.virtual_meters.add(
            data.id,
            site.id,
            data.formula,
            type=data.type or None,
            name=data.name or None,
            by=by(user, parts),
        )
    return _branch(made)


@get(
    "/api/meters/{id:str}/formula",
    responses=answers(401, 404, 503),
    security=SIGNED_IN,
    summary="A meter's formula",
)
async def formula(
    id: FromPath[str], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> Branch:
    """Of which meters a virtual one is made; null for one that is measured."""
    return _branch(await visible(id, user, parts))


@put(
    "/api/meters/{id:str}/formula",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Change a formula",
)
async def change(
    id: FromPath[str],
    data: JSONBody[NewFormula],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Branch:
    """Give a virtual meter another formula, which its past follows; for managers and admins."""
    found = await own(id, user, parts)
    with about("formula"):
        return _branch(
            await parts.virtual_meters.change(found.id, data.formula, by=by(user, parts))
        )


@put(
    "/api/meters/{id:str}/parent",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Put a meter below another",
)
async def set_parent(
    id: FromPath[str],
    data: JSONBody[NewParent],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> Branch:
    """Put a meter below the one whose part its energy is; for managers and admins."""
    found = await own(id, user, parts)
    with about("parent"):
        moved = await parts.virtual_meters.set_parent(found.id, data.parent, by=by(user, parts))
    return _branch(moved)


def _branch(meter: Meter) -> Branch:
    return Branch(
        meter=meter.id,
        name=meter.name,
        site=meter.site.id,
        type=meter.type,
        unit=meter.unit or "",
        parent=meter.parent,
        formula=meter.formula,
    )


ROUTES = [tree, add, formula, change, set_parent]
