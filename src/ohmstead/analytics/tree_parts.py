"""Which meters make up a breakdown, so that nothing in it counts twice.

A tree says what is measured below what.  A formula over meters that stand in the tree already would
count them again: it stands apart, unless they stand below it, or it is made of what is above it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Made: TypeAlias = Mapping[str, Sequence[tuple[str, float]]]
"""Each formula's meters and what they are multiplied with; meters that are measured have none."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a meter stands: below `parent`, or apart, since what is in it counts in `again`."""

    parent: str | None
    again: tuple[str, ...] = ()


def placed(parents: Mapping[str, str | None], made: Made) -> dict[str, Placed]:
    """Where each of the meters of `parents` stands; parents that are not among them are none.

    >>> meters = {"main": None, "oven": "main", "half": "main", "sum": None}
    >>> found = placed(meters, {"sum": [("oven", 1.0)], "half": [("main", 0.5)]})
    >>> found["sum"].again, found["half"]
    (('oven',), Placed(parent='main', again=()))
    """
    above = {id: _way_up(id, parents) for id in parents}
    apart: dict[str, tuple[str, ...]] = {}
    claimed: dict[str, str] = {}
    for id in sorted((id for id in parents if id in made), key=lambda id: len(above[id])):
        inside = {leaf for leaf in _in_it(id, made) if leaf != id}
        again = sorted(each for each in inside & set(parents) if not _related(id, each, above))
        others = {leaf: claimed[leaf] for leaf in sorted(inside - set(parents)) if leaf in claimed}
        again += [by for by in others.values() if not _related(id, by, above)]
        if again:
            apart[id] = tuple(dict.fromkeys(again))
        else:
            claimed |= dict.fromkeys(inside - set(parents), id)
    for id in parents:  # what is below something apart counts with that, unless it is in its sum
        behind = [each for each in above[id] if each in apart and id not in _in_it(each, made)]
        if behind and id not in apart:
            apart[id] = (behind[0],)
    return {
        id: Placed(None, apart[id])
        if id in apart
        else Placed(next((each for each in above[id] if each not in apart), None))
        for id in parents
    }


def _way_up(id: str, parents: Mapping[str, str | None]) -> list[str]:
    """All above it that are known, the nearest first."""
    found: list[str] = []
    above = parents[id]
    while above is not None and above in parents and above not in found:
        found.append(above)
        above = parents[above]
    return found


def _related(id: str, other: str, above: Mapping[str, Sequence[str]]) -> bool:
    return other in above[id] or id in above.get(other, ())


def _in_it(id: str, made: Made) -> set[str]:
    """The meters that add to a formula, those of formulas in it as well."""
    found: set[str] = set()
    waiting: list[tuple[str, float]] = [(id, 1.0)]
    seen: set[tuple[str, bool]] = set()
    while waiting:
        here, by = waiting.pop()
        if (here, by > 0) in seen or by == 0:
            continue
        seen.add((here, by > 0))
        if by > 0:
            found.add(here)
        waiting += [(each, by * factor) for each, factor in made.get(here, ())]
    return found


def roots(of: Mapping[str, Placed]) -> Iterable[str]:
    """Those that stand below none, whose sum is the whole."""
    return (id for id, each in of.items() if each.parent is None and not each.again)
