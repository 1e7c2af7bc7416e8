"""The management API about report definitions: kept, told who gets which, not sent by us."""

from litestar import Response, delete, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import JSONBody

from ohmstead.access.roles import Action, sees
from ohmstead.dashboard import management_shapes as shapes
from ohmstead.dashboard.management_words import (
    SECURITY,
    Number,
    Page,
    PageNumber,
    PageSize,
    about,
    given,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.problems import Misfit, answers
from ohmstead.dashboard.proving import Asked, by, require
from ohmstead.errors import NotFound
from ohmstead.store.people import User
from ohmstead.store.report_definitions import Report


async def visible(id: int, user: User, parts: Parts) -> Report:
    """The definition, if the user may see it; NotFound as if there were none otherwise."""
    try:
        found = await parts.reports.get(id)
    except NotFound:
        found = None
    if found is None or not sees(user.organisation, found.organisation):
        raise NotFound(f"there is no report definition {id}, or it is not yours to see")
    return found


@get(
    "/api/v1/report_definitions",
    responses=answers(400, 401, 503),
    security=SECURITY,
    summary="The report definitions",
)
async def reports(
    request: Asked,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    pageSize: PageSize = None,
    pageNumber: PageNumber = 1,
) -> Response[list[shapes.Report]]:
    """What reports are to tell, and who gets them."""
    page = Page(pageSize, pageNumber)
    found = await parts.reports.all(user.organisation, skipped=page.skipped, limit=page.limit + 1)
    return page.answer(request, found, _shown)


@post(
    "/api/v1/report_definitions",
    responses=answers(400, 401, 404, 413, 503),
    security=SECURITY,
    summary="Add a report definition",
)
async def add(
    data: JSONBody[shapes.ReportBody], user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Report:
    """Keep a definition; for managers and admins."""
    require(user, Action.MANAGE_METERS)
    said = data.report_definition
    organisation = said.organization_id or user.organisation
    if organisation is None:
        raise Misfit("report_definition.organization_id", "say whose report it is")
    if not sees(user.organisation, organisation):
        raise NotFound(f"there is no organization {organisation}, or it is not yours to see")
    await parts.organisations.get(organisation)
    name = given(said.name, "report_definition.name")
    with about("report_definition"):
        made = await parts.reports.add(
            organisation, name, said.definition or {}, by=by(user, parts)
        )
    return _shown(made)


@get(
    "/api/v1/report_definitions/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="A report definition",
)
async def one(
    id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]
) -> shapes.Report:
    """One definition."""
    return _shown(await visible(id, user, parts))


@route(
    "/api/v1/report_definitions/{id:int}",
    http_method=[HttpMethod.PATCH, HttpMethod.PUT],
    status_code=200,
    responses=answers(400, 401, 404, 413, 503),
    security=SECURITY,
    summary="Change a report definition",
)
async def change(
    id: Number,
    data: JSONBody[shapes.ReportBody],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Report:
    """Another name, or further entries of the definition; for managers and admins."""
    found, said = await visible(id, user, parts), data.report_definition
    require(user, Action.MANAGE_METERS)
    with about("report_definition"):
        changed = await parts.reports.change(
            found, said.name, said.definition or {}, by=by(user, parts)
        )
    return _shown(changed)


@delete(
    "/api/v1/report_definitions/{id:int}",
    responses=answers(400, 401, 404, 503),
    security=SECURITY,
    summary="Remove a report definition",
)
async def remove(id: Number, user: NamedDependency[User], parts: NamedDependency[Parts]) -> None:
    """Remove a definition; for managers and admins."""
    found = await visible(id, user, parts)
    require(user, Action.MANAGE_METERS)
    await parts.reports.remove(found, by=by(user, parts))


def _shown(report: Report) -> shapes.Report:
    return shapes.Report(
        id=report.id,
        organization_id=report.organisation,
        name=report.name,
        definition=dict(report.definition),
        user_ids=list(report.people),
    )


ROUTES = [reports, add, one, change, remove]
