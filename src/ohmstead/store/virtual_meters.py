"""Virtual meters, which are formulas over others, and trees of meters.  docs/virtual-meters.md.

Formulas and parents of one organisation change one at a time, so that no two changes that are right
alone make a circle together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from psycopg.rows import dict_row

from ohmstead.analytics.circles import Graph, circle, layers
from ohmstead.analytics.formula import Measured, Node, Untracked, parse, written
from ohmstead.analytics.formula_terms import Terms, terms
from ohmstead.errors import BadInput, Conflict, NotFound
from ohmstead.reading.catalogue import BY_MEDIUM
from ohmstead.store.audit import By, record
from ohmstead.store.database import Connection, Database
from ohmstead.store.meters import METERS, Meter, Meters, checked_id, meter_of
from ohmstead.store.sites import Site, Sites, named
from ohmstead.store.trouble import explained

ARRANGING = 0x0E57EB0
"""The advisory lock of whoever changes formulas or parents of an organisation."""
DEEPEST = 20
"""How many formulas may stand on each other, and how many meters below each other."""
IMPORT = "1.8.0"
TIED = """
    SELECT 1 FROM virtual_inputs WHERE %(stream)s IN (input, stream)
    UNION ALL SELECT 1 FROM meters WHERE parent = %(stream)s
    UNION ALL SELECT 1 FROM meters WHERE stream = %(stream)s AND parent IS NOT NULL
    LIMIT 1
"""
LOAD_UNIT = "kWh"


@dataclass(frozen=True, slots=True)
class _Checked:
    """A formula that is right, and what follows from it."""

    text: str
    terms: Terms
    type: str
    unit: str | None
    interval_s: float


class VirtualMeters:
    """Every formula and every parent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        id: str,
        site: int,
        formula: str,
        *,
        type: str | None = None,
        name: str | None = None,
        by: By | None = None,
    ) -> Meter:
        """A new meter that is a formula over others; BadInput, Conflict and NotFound say why not.

        `type` None is that of the meters it names, if they have one.
        """
        plain = checked_id(id)
        shown = named(name or plain, "a meter")
        at = await Sites(self._database).get(site)
        with explained(f"a meter with the id {plain!r} exists already"):
            async with self._database.transaction() as connection:
                known = await _arranged(connection, at.organisation)
                if plain in known:
                    raise Conflict(f"a meter with the id {plain!r} exists already")
                made = _checked(formula, plain, at, known, type)
                cursor = await connection.execute(
                    "INSERT INTO meters (id, site, type, interval_s, reading, unit, name, formula)"
                    " VALUES (%s, %s, %s, %s, 'interval', %s, %s, %s) RETURNING stream",
                    (plain, site, made.type, made.interval_s, made.unit, shown, made.text),
                )
                row = await cursor.fetchone()
                await _keep_inputs(connection, int(row[0]) if row else 0, made.terms, known)
                await _told(connection, at, plain, "virtual meter added", {"is": made.text}, by)
        return await Meters(self._database).get(plain)

    async def change(self, id: str, formula: str, *, by: By | None = None) -> Meter:
        """Another formula for a virtual meter, of the same unit; its past follows it."""
        meter = await Meters(self._database).get(id)
        if meter.formula is None:
            raise BadInput(f"meter {id!r} is measured; only a virtual meter has a formula")
        async with self._database.transaction() as connection:
            known = await _arranged(connection, meter.site.organisation)
            if id not in known:
                raise NotFound(f"there is no meter {id!r} any more")
            made = _checked(formula, id, meter.site, known, meter.type)
            if (made.unit or "") != (meter.unit or ""):
                raise BadInput(
                    f"meter {id!r} counts {meter.unit or 'no unit'}, "
                    f"and this formula {made.unit or 'no unit'}"
                )
            await connection.execute(
                "UPDATE meters SET formula = %s, interval_s = %s WHERE stream = %s",
                (made.text, made.interval_s, meter.stream),
            )
            await connection.execute(
                "DELETE FROM virtual_inputs WHERE stream = %s", (meter.stream,)
            )
            await _keep_inputs(connection, meter.stream, made.terms, known)
            await _told(connection, meter.site, id, "formula changed", {"is": made.text}, by)
        return await Meters(self._database).get(id)

    async def set_parent(self, id: str, parent: str | None, *, by: By | None = None) -> Meter:
        """Put a meter below another one of its organisation and unit, or below none."""
        meter = await Meters(self._database).get(id)
        async with self._database.transaction() as connection:
            known = await _arranged(connection, meter.site.organisation)
            above = None if parent is None else _named(parent, known, meter.site.organisation)
            if above is not None:
                _fits_below(meter, above, known)
            await connection.execute(
                "UPDATE meters SET parent = %s WHERE stream = %s",
                (above and above.stream, meter.stream),
            )
            await _told(connection, meter.site, id, "meter moved", {"below": parent or "none"}, by)
        return await Meters(self._database).get(id)


async def _told(
    connection: Connection,
    site: Site,
    id: str,
    action: str,
    detail: Mapping[str, str],
    by: By | None,
) -> None:
    if by is not None:
        await record(
            connection,
            actor=by.name,
            organisation=site.organisation,
            action=action,
            subject=id,
            detail=detail,
            at=by.at,
        )


async def loose(connection: Connection, meter: Meter) -> None:
    """Conflict while a meter is in a formula or a tree, which hold it to its unit and organisation.

    Nobody else can change that before the transaction ends.
    """
    await _locked(connection, meter.site.organisation)
    cursor = await connection.execute(TIED.encode(), {"stream": meter.stream})
    if await cursor.fetchone() is not None:
        raise Conflict(
            f"meter {meter.id!r} is in a formula or below or above another meter, which holds it "
            "to its type, unit and organisation; take it out first"
        )


async def _locked(connection: Connection, organisation: int) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ARRANGING, organisation))


async def _arranged(connection: Connection, organisation: int) -> dict[str, Meter]:
    """Every meter of the organisation by id, whose formulas and parents are now ours to change."""
    await _locked(connection, organisation)
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(f"{METERS} WHERE s.organisation = %s".encode(), (organisation,))
    return {row["id"]: meter_of(row) for row in await cursor.fetchall()}


async def _keep_inputs(
    connection: Connection, stream: int, of: Terms, known: Mapping[str, Meter]
) -> None:
    below = {leaf.meter for leaf, _ in of.factors if isinstance(leaf, Untracked)}
    rows = [(stream, known[id].stream, id in below) for id in of.meters]
    with explained("one of these meters was removed in between; try again"):
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO virtual_inputs (stream, input, below) VALUES (%s, %s, %s)", rows
            )


def _checked(
    text: str, id: str, site: Site, known: Mapping[str, Meter], type: str | None
) -> _Checked:
    """The formula of meter `id`, if it may have it; BadInput otherwise."""
    tree: Node = parse(text, known)
    found = terms(tree)
    _no_circle(id, found, known)
    inputs = [_named(each, known, site.organisation) for each in found.meters]
    for leaf, _ in found.factors:
        _countable(leaf, known[leaf.meter])
    kinds, units = {each.type for each in inputs}, {unit_of(each) for each in inputs}
    if len(units) > 1:
        each = ", ".join(f"{one.id} {unit_of(one) or 'no unit'}" for one in inputs[:5])
        raise BadInput(f"a formula adds what has one unit, and these have several: {each}")
    (unit,) = units
    if found.kw and unit != LOAD_UNIT:
        raise BadInput(f"a power in kW can be added to {LOAD_UNIT} only, and not to {unit}")
    if type is None and len(kinds) > 1:
        raise BadInput(f"these meters are of {' and '.join(sorted(kinds))}: say --type")
    return _Checked(
        written(tree),
        found,
        _type(type or kinds.pop(), unit),
        unit or None,
        max(each.interval_s for each in inputs),
    )


def _type(type: str, unit: str) -> str:
    medium = BY_MEDIUM.get(type)
    if medium is None:
        raise BadInput(f"{type!r} is not a type of meter; take one of {', '.join(BY_MEDIUM)}")
    if any(medium.units) and unit not in medium.units:
        raise BadInput(
            f"a meter of {type} counts {' or '.join(medium.units)}, and this formula {unit}"
        )
    return type


def unit_of(meter: Meter) -> str:
    """What its energy, or its value, is answered in; electricity always in kWh."""
    return LOAD_UNIT if meter.type == "electricity" else meter.unit or ""


def _named(id: str, known: Mapping[str, Meter], organisation: int) -> Meter:
    if id not in known:
        raise BadInput(
            f"there is no meter {id!r} in organisation {organisation}; a minus has spaces around "
            "it, and an id with odd characters stands between quotes"
        )
    return known[id]


def _countable(leaf: Measured | Untracked, meter: Meter) -> None:
    """BadInput where the quantity that is named cannot be had of the meter."""
    if isinstance(leaf, Untracked) or leaf.quantity is None:
        return
    if meter.type != "electricity":
        raise BadInput(f"meter {meter.id!r} is of {meter.type}, and has no {leaf.quantity}")
    if leaf.quantity != IMPORT and meter.formula and one_thing(terms(parse(meter.formula))):
        raise BadInput(
            f"meter {meter.id!r} is a formula that counts one thing, and has no {leaf.quantity}"
        )


def one_thing(formula: Terms) -> bool:
    """Whether a formula says itself what it counts, so that it cannot be asked for another."""
    return formula.fixed or formula.kw != 0


def _no_circle(id: str, formula: Terms, known: Mapping[str, Meter]) -> None:
    """BadInput with the way round when meter `id` would be made of itself by `formula`."""
    graph = {**graph_of(known.values()), id: _made_of(formula, _below(known.values()))}
    if found := circle(graph, id) or circle(_stands_below(known.values(), {id: formula}), id):
        raise BadInput(f"this would be a circle: {' → '.join(found)}")
    if len(layers(graph)) > DEEPEST:
        raise BadInput(f"formulas stand on each other at most {DEEPEST} deep")


def _fits_below(meter: Meter, above: Meter, known: Mapping[str, Meter]) -> None:
    if unit_of(meter) != unit_of(above):
        raise BadInput(
            f"meter {meter.id!r} counts {unit_of(meter) or 'no unit'}, and {above.id!r} "
            f"{unit_of(above) or 'no unit'}: what is below it has to be a part of it"
        )
    parents = {each.id: [each.parent] for each in known.values() if each.parent}
    parents[meter.id] = [above.id]
    if found := circle(parents, meter.id):
        raise BadInput(f"this would be a circle: {' → '.join(found)}")
    if len(layers(parents)) > DEEPEST:
        raise BadInput(f"meters stand below each other at most {DEEPEST} deep")
    moved = [replace(e, parent=above.id) if e.id == meter.id else e for e in known.values()]
    graph = graph_of(moved)
    stands = _stands_below(moved, {})
    if found := circle(graph, meter.id) or circle(stands, meter.id):  # by way of what is untracked
        raise BadInput(f"this would be a circle: {' → '.join(found)}")
    if len(layers(graph)) > DEEPEST:
        raise BadInput(f"formulas stand on each other at most {DEEPEST} deep")


def graph_of(meters: Iterable[Meter]) -> dict[str, list[str]]:
    """Each virtual meter to those it is made of."""
    every = list(meters)
    below = _below(every)
    return {each.id: _made_of(terms(parse(each.formula)), below) for each in every if each.formula}


def _stands_below(meters: Iterable[Meter], changed: Mapping[str, Terms]) -> dict[str, list[str]]:
    """Each meter to those above it: what is untracked of a meter is a part of that meter."""
    every = list(meters)
    formulas = {each.id: terms(parse(each.formula)) for each in every if each.formula}
    formulas |= changed
    found = {each.id: [each.parent] for each in every if each.parent}
    for id in formulas:
        made, waiting = {id}, [id]
        while waiting:
            for leaf, _ in formulas[waiting.pop()].factors:
                if isinstance(leaf, Untracked):
                    found.setdefault(id, []).append(leaf.meter)
                elif leaf.meter in formulas and leaf.meter not in made:
                    made.add(leaf.meter)
                    waiting.append(leaf.meter)
    return found


def _made_of(formula: Terms, below: Mapping[str, Sequence[str]]) -> list[str]:
    found = list(formula.meters)
    for leaf, _ in formula.factors:
        if isinstance(leaf, Untracked):
            found += below.get(leaf.meter, ())
    return found


def _below(meters: Iterable[Meter]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in meters:
        if each.parent:
            found.setdefault(each.parent, []).append(each.id)
    return found


def users_first(meters: Iterable[Meter]) -> list[Meter]:
    """In an order in which each may be removed: a formula before those it names."""
    every = {each.id: each for each in meters}
    graph: Graph = {
        id: [p for p in parts if p in every] for id, parts in graph_of(every.values()).items()
    }
    order = {id: n for n, layer in enumerate(layers(graph)) for id in layer}
    return sorted(every.values(), key=lambda each: -order.get(each.id, -1))
