"""What the admin command does with virtual meters and trees of meters."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from ohmstead.clock import Clock
from ohmstead.errors import BadInput
from ohmstead.house.admin import of_meter
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store.audit import By
from ohmstead.store.meters import Meter, Meters
from ohmstead.store.virtual_meters import VirtualMeters

Shown: TypeAlias = Mapping[str, Any]


class VirtualAdmin:
    """The work on formulas and parents in one open installation."""

    def __init__(self, installation: Installation, clock: Clock) -> None:
        self._by = By(on_the_machine(), clock.now())
        self._meters = Meters(installation.database)
        self._virtual = VirtualMeters(installation.database)

    async def add(
        self, id: str, site: int, formula: str, type: str | None, name: str | None
    ) -> Shown:
        return of_meter(
            await self._virtual.add(id, site, formula, type=type, name=name, by=self._by)
        )

    async def change(self, id: str, formula: str | None) -> Shown:
        """Another formula for `id`, or, without one, the one it has."""
        if formula is not None:
            return of_meter(await self._virtual.change(id, formula, by=self._by))
        meter = await self._meters.get(id)
        if meter.formula is None:
            raise BadInput(f"meter {id!r} is measured; only a virtual meter has a formula")
        return of_meter(meter)

    async def set_parent(self, id: str, parent: str | None) -> Shown:
        return of_meter(await self._virtual.set_parent(id, parent, by=self._by))

    async def tree(self, root: str | None, site: int | None) -> list[Shown]:
        """The meters with those below each as its `children`: of all, of a site, or from `root`."""
        every = await self._meters.all()
        if root is not None:
            tops = [await self._meters.get(root)]
        else:
            shown = {each.id for each in every if site is None or each.site.id == site}
            tops = [each for each in every if each.id in shown and each.parent not in shown]
        below: dict[str | None, list[Meter]] = {}
        for each in every:
            below.setdefault(each.parent, []).append(each)
        return [_with_children(each, below) for each in tops]


def _with_children(meter: Meter, below: Mapping[str | None, Sequence[Meter]]) -> Shown:
    children = [_with_children(each, below) for each in below.get(meter.id, ())]
    return {
        "id": meter.id,
        "name": meter.name,
        "site": meter.site.id,
        "type": meter.type,
        "formula": meter.formula,
        "children": children,
    }


def drawn(trees: Sequence[Shown], before: str = "") -> Iterator[str]:
    """Trees as lines of text.

    >>> leaf = {"id": "a", "name": "a", "formula": None, "children": []}
    >>> list(drawn([{"id": "m", "name": "Main", "formula": None, "children": [leaf]}]))
    ['m  Main', '└─ a']
    """
    for tree in trees:
        yield from _branch(tree, before, before)


def _branch(tree: Shown, first: str, rest: str) -> Iterator[str]:
    name = f"  {tree['name']}" if tree["name"] != tree["id"] else ""
    formula = f"  = {tree['formula']}" if tree["formula"] else ""
    yield f"{first}{tree['id']}{name}{formula}"
    children = tree["children"]
    for n, child in enumerate(children):
        last = n == len(children) - 1
        yield from _branch(
            child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )
