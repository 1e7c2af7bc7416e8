"""Tariffs: listed, added, changed, removed; and the prices of those that change by the hour."""

from typing import Any

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ohmstead.access.roles import Action, sees
from ohmstead.analytics import price_list, tariff_check
from ohmstead.analytics.tariff import Tariff, document
from ohmstead.dashboard import tariff_shapes as shapes
from ohmstead.dashboard.paging import PAGE_MOST, After, Limit, paged
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import by, require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, NotFound
from ohmstead.store.people import User
from ohmstead.store.prices import Prices
from ohmstead.store.tariffs import Kept, Tariffs

PRICES_BYTES = 8 * 1024 * 1024


@get("/api/tariffs", responses=answers(400, 401, 503), security=SIGNED_IN, summary="The tariffs")
async def tariffs(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Tariffs:
    """Every tariff one may see, by number: those of one's organisation, and everybody's."""
    found = await Tariffs(parts.database).all(user.organisation, after=after or 0, limit=limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return shapes.Tariffs(items=list(map(_summed_up, page)), next=following)


@post(
    "/api/tariffs",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Add a tariff",
)
async def add(
    data: JSONBody[shapes.NewTariff], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Tariff:
    """Add a tariff to one's organisation; for admins of the installation, to any or to all."""
    require(user, Action.MANAGE_METERS)
    organisation = user.organisation if data.organisation is None else data.organisation
    if organisation is None:
        require(user, Action.MANAGE_INSTALLATION)
    elif not sees(user.organisation, organisation):
        raise NotFound(f"there is no organisation {organisation}, or it is not yours to see")
    else:
        await parts.organisations.get(organisation)
    kept = await Tariffs(parts.database).add(_read(data.document), organisation, by=by(user, parts))
    return await _shown(kept, parts)


@get(
    "/api/tariffs/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="A tariff",
)
async def tariff(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Tariff:
    """A tariff with its document, and what prices there are for it."""
    return await _shown(await _visible(id, user, parts), parts)


@put(
    "/api/tariffs/{id:int}",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Change a tariff",
)
async def replace(
    id: Number,
    data: JSONBody[shapes.TariffDocument],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Tariff:
    """Give a tariff another document; of one that was used, currency and bill period stay."""
    await _changeable(id, user, parts)
    kept = await Tariffs(parts.database).replace(id, _read(data.document), by=by(user, parts))
    return await _shown(kept, parts)


@delete(
    "/api/tariffs/{id:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Remove a tariff",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a tariff that no meter ever had."""
    await _changeable(id, user, parts)
    await Tariffs(parts.database).remove(id, by=by(user, parts))


@put(
    "/api/tariffs/{id:int}/prices",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="Keep prices",
    request_max_body_size=PRICES_BYTES,
)
async def keep_prices(
    id: Number,
    data: JSONBody[shapes.Prices],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.PricesKept:
    """Keep prices by the hour or quarter, in the place of those that are there."""
    await _changeable(id, user, parts)
    try:
        prices = [price_list.price_of(each.start, each.end, each.price) for each in data.prices]
        found = price_list.quarters(prices, data.step_s)
    except BadInput as trouble:
        raise Misfit("prices", str(trouble)) from None
    changed = await Prices(parts.database).keep(id, data.series, found, by=by(user, parts))
    return shapes.PricesKept(tariff=id, series=data.series, quarters=len(found), changed=changed)


def _read(given: dict[str, Any]) -> Tariff:
    try:
        return tariff_check.read(given)
    except BadInput as trouble:
        raise Misfit("document", str(trouble)) from None


async def _visible(id: int, user: User, parts: Parts) -> Kept:
    """The tariff, if the user may see it; NotFound as if there were none otherwise."""
    kept = await Tariffs(parts.database).get(id)
    if kept.organisation is not None and not sees(user.organisation, kept.organisation):
        raise NotFound(f"there is no tariff {id}, or it is not yours to see")
    return kept


async def _changeable(id: int, user: User, parts: Parts) -> Kept:
    """The tariff, if the user may change it: everybody's is for admins of the installation."""
    require(user, Action.MANAGE_METERS)
    kept = await _visible(id, user, parts)
    if kept.organisation is None:
        require(user, Action.MANAGE_INSTALLATION)
    return kept


def _summed_up(kept: Kept) -> shapes.TariffSummary:
    versions = kept.tariff.versions
    return shapes.TariffSummary(
        id=kept.id,
        organisation=kept.organisation,
        name=kept.tariff.name,
        currency=kept.tariff.currency,
        meters=kept.meters,
        versions=len(versions),
        first=versions[0].first,
        last=versions[-1].last,
    )


async def _shown(kept: Kept, parts: Parts) -> shapes.Tariff:
    return shapes.Tariff(
        id=kept.id,
        organisation=kept.organisation,
        name=kept.tariff.name,
        currency=kept.tariff.currency,
        meters=kept.meters,
        document=document(kept.tariff),
        prices=[
            shapes.PriceSeries(
                series=each.series, first=each.first, last=each.last, quarters=each.quarters
            )
            for each in await Prices(parts.database).series(kept.id)
        ],
    )


ROUTES = [tariffs, add, tariff, replace, remove, keep_prices]
