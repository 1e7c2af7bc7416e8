"""Contracts of a meter, and what its energy costs by them."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, overload

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from ohmstead.access.roles import Action
from ohmstead.analytics import tariff_bill
from ohmstead.analytics.energy_calendar import SIZES
from ohmstead.dashboard import asked, ranges
from ohmstead.dashboard import tariff_shapes as shapes
from ohmstead.dashboard.meters import visible
from ohmstead.dashboard.paging import (
    LARGEST,
    PAGE_MOST,
    After,
    AfterText,
    Limit,
    no_page,
    paged,
)
from ohmstead.dashboard.parts import Parts
from ohmstead.dashboard.people import Number
from ohmstead.dashboard.problems import Misfit, answers, shown
from ohmstead.dashboard.proving import by as acting
from ohmstead.dashboard.proving import require
from ohmstead.dashboard.sessions import SIGNED_IN
from ohmstead.errors import BadInput, Conflict
from ohmstead.store import costs as store
from ohmstead.store.energy_columns import moment
from ohmstead.store.people import User
from ohmstead.store.tariffs import Contract, Tariffs

BILL = "bill"


@get(
    "/api/contracts",
    responses=answers(400, 401, 503),
    security=SIGNED_IN,
    summary="Which meter had which tariff when",
)
async def every_contract(
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    tariff: Annotated[
        int | None, QueryParameter(ge=1, le=LARGEST, description="Only those of this tariff.")
    ] = None,
    after: After = None,
    limit: Limit = PAGE_MOST,
) -> shapes.AllContracts:
    """The contracts of every meter of one's organisation, by number."""
    found = await Tariffs(parts.database).page(user.organisation, tariff, after or 0, limit + 1)
    page, following = paged(found, limit, lambda each: each.id)
    return shapes.AllContracts(
        items=[
            shapes.MeterContract(
                id=each.id,
                meter=each.meter,
                tariff=each.tariff,
                name=each.name,
                first=each.first,
                last=each.last,
            )
            for each in page
        ],
        next=following,
    )


@get(
    "/api/meters/{id:str}/contracts",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="Which tariff a meter had when",
)
async def contracts(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    after: AfterText = None,
    limit: Limit = PAGE_MOST,
) -> shapes.Contracts:
    """The contracts of a meter, the oldest first."""
    meter = await visible(id, user, parts)
    found = await Tariffs(parts.database).contracts(
        meter=meter, after=_day_behind(after), limit=limit + 1
    )
    page, following = paged(found, limit, lambda each: f"{each.first}")
    return shapes.Contracts(meter=meter.id, items=list(map(_contract, page)), next=following)


def _day_behind(after: str | None) -> date | None:
    """The day on which the last contract of a page began; Misfit."""
    try:
        return None if after is None else date.fromisoformat(after)
    except ValueError:
        raise no_page(after) from None


@post(
    "/api/meters/{id:str}/contracts",
    responses=answers(400, 401, 404, 409, 413, 503),
    security=SIGNED_IN,
    summary="Give a meter a tariff",
)
async def assign(
    id: FromPath[str],
    data: JSONBody[shapes.NewContract],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Contract:
    """Give a meter a tariff from a day on; on no day it can have two."""
    require(user, Action.MANAGE_METERS)
    meter = await visible(id, user, parts)
    try:
        made = await Tariffs(parts.database).assign(
            meter, data.tariff, data.first, data.last, by=acting(user, parts)
        )
    except BadInput as trouble:
        raise Misfit("to" if data.last else "from", str(trouble)) from None
    return _contract(made)


@put(
    "/api/meters/{id:str}/contracts",
    responses=answers(400, 401, 404, 413, 503),
    security=SIGNED_IN,
    summary="End a meter's contract",
)
async def end(
    id: FromPath[str],
    data: JSONBody[shapes.ContractEnd],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> shapes.Contract:
    """End the contract that a meter has on the day before `to`; what was before stays."""
    require(user, Action.MANAGE_METERS)
    meter = await visible(id, user, parts)
    ended = await Tariffs(parts.database).end(meter, data.last, by=acting(user, parts))
    return _contract(ended)


@delete(
    "/api/meters/{id:str}/contracts/{contract:int}",
    responses=answers(400, 401, 404, 409, 503),
    security=SIGNED_IN,
    summary="Take a contract away that has not begun",
)
async def withdraw(
    id: FromPath[str],
    contract: Number,
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
) -> None:
    """Take away a contract whose first day at the meter's site is still to come."""
    require(user, Action.MANAGE_METERS)
    meter = await visible(id, user, parts)
    today = parts.clock.now().astimezone(meter.site.zone).date()
    await Tariffs(parts.database).withdraw(meter, contract, today, by=acting(user, parts))


@get(
    "/api/meters/{id:str}/costs",
    responses=answers(400, 401, 404, 503),
    security=SIGNED_IN,
    summary="What energy costs",
)
async def costs(
    id: FromPath[str],
    user: NamedDependency[User],
    parts: NamedDependency[Parts],
    first: asked.FirstDay = None,
    last: asked.LastDay = None,
    by: Annotated[
        str, QueryParameter(description="15min, hour, day, month; or bill, for whole bills.")
    ] = "day",
) -> shapes.Costs:
    """What a meter's energy costs by its tariffs; null where that is not known."""
    meter = await visible(id, user, parts)
    known, now = store.Costs(parts.database), parts.clock.now()
    span = ranges.days(first, last, now.astimezone(meter.site.zone).date())
    size = next((each for each in SIZES if each == by), None)
    if size is None and by != BILL:
        raise Misfit("by", f"{shown(by)} is not one of {', '.join((*SIZES, BILL))}")
    items: list[store.Cost] = []
    bills: list[store.Billed] = []
    try:
        if size is None:
            bills = await known.bills(meter, *span, now)
        else:
            items = await known.by(meter, size, *span, now)
    except (BadInput, Conflict) as trouble:
        raise Misfit("from", str(trouble)) from None
    currencies = {each.currency for each in items} | {each.bill.currency for each in bills}
    currencies.discard(None)
    return shapes.Costs(
        meter=meter.id,
        timezone=meter.site.timezone,
        by=by,
        currency=currencies.pop() if len(currencies) == 1 else None,
        items=list(map(_cost, items)),
        bills=list(map(_bill, bills)),
    )


def _contract(found: Contract) -> shapes.Contract:
    return shapes.Contract(
        id=found.id, tariff=found.tariff, name=found.name, first=found.first, last=found.last
    )


def _cost(found: store.Cost) -> shapes.Cost:
    return shapes.Cost(
        start=found.start,
        end=found.end,
        kwh=_number(found.kwh),
        export_kwh=_number(found.export_kwh),
        estimated_kwh=_number(found.estimated_kwh),
        completeness=found.completeness,
        energy_cost=_number(found.energy),
        standing_cost=_number(found.standing),
        net=_number(found.net),
        vat=_number(found.vat),
        gross=_number(found.gross),
        missing=_missing(found.missing),
    )


def _bill(found: store.Billed) -> shapes.Bill:
    bill, energy = found.bill, found.energy
    return shapes.Bill(
        start=energy.start,
        end=energy.end,
        tariff=found.contract.tariff,
        tariff_name=found.contract.name,
        currency=bill.currency,
        kwh=_number(energy.kwh),
        export_kwh=_number(energy.export_kwh),
        estimated_kwh=_number(energy.estimated_kwh),
        completeness=energy.completeness,
        open=found.open,
        complete=bill.complete,
        lines=list(map(_line, bill.lines)),
        net=_number(bill.net),
        taxes=[
            shapes.Tax(percent=_number(t.percent), net=_number(t.net), vat=_number(t.vat))
            for t in bill.taxes
        ],
        vat=_number(bill.vat),
        rounding=_number(bill.rounding),
        gross=_number(bill.gross),
        missing=_missing(bill.missing),
    )


def _line(found: tariff_bill.Line) -> shapes.Line:
    return shapes.Line(
        name=found.name,
        kind=found.kind,
        part=found.part,
        quantity=_number(found.quantity),
        unit=found.unit,
        price=_number(found.price),
        amount=_number(found.net),
        exact=_number(found.exact),
        vat_percent=_number(found.vat_percent),
        estimated=_number(found.estimated),
        unpriced=_number(found.unpriced),
        peak_at=_moment(found.at_s),
        note=found.note,
        first=found.first,
        last=found.last,
    )


def _missing(found: Iterable[tariff_bill.Missing]) -> list[shapes.Missing]:
    return [
        shapes.Missing(start=moment(each.first_s), end=moment(each.last_s), why=each.why)
        for each in found
    ]


def _moment(at_s: int | None) -> datetime | None:
    return None if at_s is None else moment(at_s)


@overload
def _number(value: Decimal) -> float: ...
@overload
def _number(value: None) -> None: ...
def _number(value: Decimal | None) -> float | None:
    """As JSON has it: the nearest number of 53 bits, so an amount in cents stays as it is."""
    return None if value is None else float(value)


ROUTES = [every_contract, contracts, assign, end, withdraw, costs]
