"""Energy of virtual meters: their formulas over the columns of the meters they name.

What is measured is read once for all formulas; nothing of it is stored.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np

from ohmstead.analytics.formula import Leaf, Measured, Untracked, parse
from ohmstead.analytics.formula_terms import Terms, terms
from ohmstead.errors import BadInput
from ohmstead.store.database import Database
from ohmstead.store.energy_columns import DIGITS, Columns
from ohmstead.store.energy_ways import IMPORT, VALUE
from ohmstead.store.meters import METERS, Meter, meter_of
from ohmstead.store.virtual_meters import DEEPEST, one_thing

FINEST = ("15min", "hour", "day", "month")
QUARTERS = 0
"""The level of buckets that fit the days of every zone."""
ROWS_MOST = 500_000
"""How many buckets are read at once; more inputs are read one part after the other."""
INPUTS_MOST = 5000
READ_MOST = 20_000_000
"""Buckets that one question may read at all."""
NAMED = f"""
    {METERS} WHERE m.id = ANY(%s)
    OR m.parent IN (SELECT a.stream FROM meters a WHERE a.id = ANY(%s))
"""  # noqa: S608  (texts of this room, nothing from outside)

Read: TypeAlias = Callable[[Sequence[Meter], str, int], Awaitable[Mapping[int, Columns]]]
"""The columns of measured meters, by stream, of a quantity, from buckets of a level."""
Key: TypeAlias = tuple[str, str]
"""Id of a meter and a quantity of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The edges of the buckets asked for (epoch seconds), the level they are made of, and now."""

    edges: Sequence[int]
    level: int
    now_s: float


@dataclass(frozen=True, slots=True)
class _Part:
    key: Key
    factor: float
    needed: bool


@dataclass(frozen=True, slots=True)
class _Made:
    """What a virtual meter's quantity is made of."""

    parts: tuple[_Part, ...]
    kw: float


def counts_one_thing(meter: Meter) -> bool:
    """Whether this is a virtual meter whose formula says itself what it counts."""
    return meter.formula is not None and one_thing(_terms(meter))


async def columns(
    database: Database, meters: Sequence[Meter], quantity: str, asked: Asked, read: Read
) -> dict[int, Columns]:
    """The columns of virtual `meters` by stream; BadInput when one cannot be asked for that."""
    known = await _all_named(database, meters)
    made: dict[Key, _Made] = {}
    for meter in meters:
        _open((meter.id, quantity), known, made)
    zone = meters[0].site.timezone
    leaves = sorted(
        {part.key for each in made.values() for part in each.parts if part.key not in made},
        key=lambda key: (key[1], known[key[0]].site.timezone),
    )
    found: dict[Key, Columns] = {}
    for (of, there), keys in groupby(leaves, lambda key: (key[1], known[key[0]].site.timezone)):
        level = asked.level if there == zone else QUARTERS
        inputs = [known[id] for id, _ in keys]
        for some in _pieces(inputs, level, asked):
            read_now = await read(some, of, level)
            found |= {(each.id, of): read_now[each.stream] for each in some}
    return {meter.stream: _worked_out((meter.id, quantity), made, found, asked) for meter in meters}


def _pieces(inputs: Sequence[Meter], level: int, asked: Asked) -> Iterator[Sequence[Meter]]:
    """The inputs in as many parts as keep what is read at once small."""
    span_s = asked.edges[-1] - asked.edges[0]
    each = span_s // (900 if level == QUARTERS else 3600) + 1
    if each * len(inputs) > READ_MOST:
        raise BadInput(f"{len(inputs)} meters of a formula are too many for so long; ask for less")
    size = max(1, ROWS_MOST // each)
    for first in range(0, len(inputs), size):
        yield inputs[first : first + size]


async def _all_named(database: Database, meters: Sequence[Meter]) -> dict[str, Meter]:
    """The meters, all that their formulas name, and all that those name."""
    known = {meter.id: meter for meter in meters}
    new = list(meters)
    for _ in range(DEEPEST + 1):
        leaves = [leaf for each in new for leaf, _ in _terms(each).factors]
        ids = sorted({leaf.meter for leaf in leaves} - set(known))
        above = sorted({leaf.meter for leaf in leaves if isinstance(leaf, Untracked)})
        if not (ids or above):
            break
        rows = await database.rows(NAMED, (ids, above))
        found = [meter_of(row) for row in rows]
        new = [each for each in found if each.id not in known]
        known |= {each.id: each for each in found}
        if len(known) > INPUTS_MOST:
            raise BadInput(f"these formulas name more than {INPUTS_MOST} meters together")
        new = [each for each in new if each.formula]
    return known


def _terms(meter: Meter) -> Terms:
    return terms(parse(meter.formula or ""))


def _open(key: Key, known: Mapping[str, Meter], made: dict[Key, _Made]) -> None:
    """Note in `made` what `key` is made of, and so on down to what is measured."""
    id, quantity = key
    meter = known[id]
    if key in made or meter.formula is None:
        return
    formula = _terms(meter)
    if one_thing(formula) and quantity not in (IMPORT, VALUE):
        raise BadInput(
            f"the formula of meter {id!r} says itself what it counts ({meter.formula}): "
            f"ask for {IMPORT}, and not for {quantity}"
        )
    parts = [part for leaf, by in formula.factors for part in _parts(leaf, by, quantity, known)]
    made[key] = _Made(tuple(parts), formula.kw)
    for part in parts:
        _open(part.key, known, made)


def _parts(leaf: Leaf, factor: float, quantity: str, known: Mapping[str, Meter]) -> Iterator[_Part]:
    if isinstance(leaf, Measured):
        wanted = _wanted(leaf.quantity or quantity, known[leaf.meter])
        yield _Part((leaf.meter, wanted), factor, not leaf.optional)
        return
    yield _Part((leaf.meter, _wanted(quantity, known[leaf.meter])), factor, True)
    for each in known.values():
        if each.parent == leaf.meter:
            yield _Part((each.id, _wanted(quantity, each)), -factor, True)


def _wanted(quantity: str, meter: Meter) -> str:
    """What to ask a meter for: electricity has no one value, and is asked for what it imported."""
    return IMPORT if quantity == VALUE and meter.type == "electricity" else quantity


def _worked_out(
    key: Key, made: Mapping[Key, _Made], found: dict[Key, Columns], asked: Asked
) -> Columns:
    """The columns of `key`, and in `found` those of all between it and what is measured."""
    if key not in found:
        parts = made[key].parts
        inputs = [_worked_out(part.key, made, found, asked) for part in parts]
        found[key] = _together(inputs, parts, made[key].kw, asked)
    return found[key]


def _together(
    inputs: Sequence[Columns], parts: Sequence[_Part], kw: float, asked: Asked
) -> Columns:
    """The sum of the parts, each with its factor; NaN where one that is needed is not known."""
    start, end = inputs[0].start, inputs[0].end
    hours = np.clip(np.minimum(end, asked.now_s) - start, 0.0, None) / 3600
    energy, estimated = kw * hours, np.zeros(len(start))
    missing, some = np.zeros(len(start), bool), np.zeros(len(start), bool)
    complete = np.ones(len(start))
    for part, each in zip(parts, inputs, strict=True):
        known = ~np.isnan(each.energy)
        energy = energy + part.factor * np.nan_to_num(each.energy)
        estimated = estimated + abs(part.factor) * np.abs(np.nan_to_num(each.estimated))
        counts = known | part.needed
        complete = np.where(counts, np.minimum(complete, each.completeness), complete)
        some |= known
        missing |= ~known & part.needed
    missing |= ~some
    return Columns(
        start=start,
        end=end,
        energy=np.where(missing, np.nan, np.round(energy, DIGITS)),
        estimated=np.where(missing, np.nan, np.round(estimated, DIGITS)),
        completeness=np.where(some, complete, 0.0),
        source=min((each.source for each in inputs), key=FINEST.index),
    )
