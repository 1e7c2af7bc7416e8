"""Where a site's energy goes: each of its meters, by buckets, and what none of them tracks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from ohmstead.analytics.energy import Floats
from ohmstead.analytics.formula import parse
from ohmstead.analytics.formula_terms import terms
from ohmstead.analytics.spans import Span
from ohmstead.analytics.tree_parts import Placed, placed, roots
from ohmstead.errors import BadInput
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.answers import share
from ohmstead.store.database import Database
from ohmstead.store.energy import Energies
from ohmstead.store.energy_columns import DIGITS, Columns, plain
from ohmstead.store.energy_ways import IMPORT, VALUE, unit_of
from ohmstead.store.meters import Meter
from ohmstead.store.sites import Site
from ohmstead.store.virtual_energy import counts_one_thing


@dataclass(frozen=True, slots=True)
class Part:
    """What one meter counted; null where nothing is known.

    `share` (0 to 1) is of what it stands below, or of the breakdown's total.  A virtual meter made
    of meters that are part of the breakdown themselves stands apart and has none: `again` names
    them, and is empty of what is part of the tree.
    """

    meter: str
    name: str
    parent: str | None
    virtual: bool
    energy: Sequence[float | None]
    estimated: Sequence[float | None]
    completeness: Sequence[float]
    total: float | None
    share: float | None
    again: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UntrackedPart:
    """What `meter` counted and none of those below it; null where one of them is not known."""

    meter: str
    energy: Sequence[float | None]
    total: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A meter of this kind that is not among the parts, and why."""

    meter: str
    why: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Energy of each meter of a site; `total` is of those of the tree that stand below none."""

    site: int
    type: str
    quantity: str
    timezone: str
    unit: str
    resolution: str
    source: str
    start: Sequence[float]
    end: Sequence[float]
    parts: Sequence[Part]
    untracked: Sequence[UntrackedPart]
    left_out: Sequence[LeftOut]
    total: float | None


class Breakdowns:
    """Breakdowns, asked for."""

    def __init__(self, database: Database) -> None:
        self._energies = Energies(database)

    async def of(
        self,
        site: Site,
        meters: Sequence[Meter],
        type: str,
        quantity: str | None,
        span: Span,
        first: date,
        last: date,
        now: datetime,
    ) -> Breakdown:
        """Of the site's meters of one type from `first` to before `last`; BadInput."""
        if type not in BY_MEDIUM:
            raise BadInput(f"{type!r} is no type of meter; take one of {', '.join(BY_MEDIUM)}")
        asked = quantity or (IMPORT if type == "electricity" else VALUE)
        ours, left = _alike([each for each in meters if each.type == type], type, asked)
        found = await self._energies.many(ours, asked, span, first, last, now)
        some = next(iter(found.values()), None)
        known = {each.id: found[each.stream] for each in ours}
        tree = placed({each.id: each.parent for each in ours}, _made(ours))
        whole = _sum([_total(known[id].energy) for id in roots(tree)])
        return Breakdown(
            site=site.id,
            type=type,
            quantity=asked,
            timezone=site.timezone,
            unit=unit_of(ours[0], asked) if ours else BY_MEDIUM[type].unit,
            resolution=span,
            source=some.source if some else span,
            start=some.start.tolist() if some else [],
            end=some.end.tolist() if some else [],
            parts=[_part(each, known, whole, tree[each.id]) for each in ours],
            untracked=_untracked(tree, known),
            left_out=left,
            total=whole,
        )


def _made(meters: Sequence[Meter]) -> dict[str, list[tuple[str, float]]]:
    """What each formula is made of; what is untracked is of the meter that it is said of."""
    return {
        each.id: [(leaf.meter, factor) for leaf, factor in terms(parse(each.formula)).factors]
        for each in meters
        if each.formula
    }


def _alike(meters: Sequence[Meter], type: str, quantity: str) -> tuple[list[Meter], list[LeftOut]]:
    """The meters that count the quantity in one unit, which can be added, and those that do not."""
    if type == "electricity":
        fixed = [each for each in meters if quantity != IMPORT and counts_one_thing(each)]
        why = "its formula says itself what it counts"
        return [each for each in meters if each not in fixed], [
            LeftOut(each.id, why) for each in fixed
        ]
    usual = BY_MEDIUM[type].unit
    units = [each.unit or "" for each in meters]
    unit = usual if usual in units else max(units, key=units.count, default=usual)
    same = [each for each in meters if (each.unit or "") == unit]
    left = [
        LeftOut(each.id, f"it counts {each.unit or 'no unit'}, the others {unit or 'no unit'}")
        for each in meters
        if (each.unit or "") != unit
    ]
    return same, left


def _part(meter: Meter, known: Mapping[str, Columns], whole: float | None, stands: Placed) -> Part:
    own, above = known[meter.id], stands.parent
    of = whole if above is None else _total(known[above].energy)
    return Part(
        meter=meter.id,
        name=meter.name,
        parent=above,
        virtual=meter.formula is not None,
        energy=plain(own.energy),
        estimated=plain(own.estimated),
        completeness=own.completeness.tolist(),
        total=_total(own.energy),
        share=None if stands.again else share(_total(own.energy), of),
        again=stands.again,
    )


def _untracked(tree: Mapping[str, Placed], known: Mapping[str, Columns]) -> list[UntrackedPart]:
    """Of each meter that has some below it: what it counted less what they did."""
    found = []
    for above in tree:
        below = [known[id].energy for id, each in tree.items() if each.parent == above]
        if below:
            rest: Floats = (known[above].energy - np.sum(below, axis=0)).round(DIGITS)
            part = share(_total(rest), _total(known[above].energy))
            found.append(UntrackedPart(above, plain(rest), _total(rest), part))
    return found


def _total(values: Floats) -> float | None:
    return None if np.isnan(values).all() else round(float(np.nansum(values)), DIGITS)


def _sum(totals: Sequence[float | None]) -> float | None:
    known = [each for each in totals if each is not None]
    return round(sum(known), DIGITS) if known else None
