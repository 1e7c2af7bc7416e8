"""What `ohmstead import` does: readings of files into the store, as data that come late.

Each is committed once, whoever sends it and however often: what is there already is counted as a
duplicate, and a second run of the same file changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice

from ohmstead.clock import Clock
from ohmstead.errors import BadInput, NotFound
from ohmstead.house.installation import Installation
from ohmstead.store import import_checks
from ohmstead.store.committer import Committer, Fate, Row
from ohmstead.store.imports import row_of, there
from ohmstead.store.meters import Meter, Meters
from ohmstead.surfaces.imports import Imported, Item, Unread

BATCH = 1000
SHOWN = 20
Told = Callable[[int], None]
"""Told how many lines were read."""


@dataclass
class Summary:
    """What became of what was read."""

    read: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    first: datetime | None = None
    last: datetime | None = None
    reasons: list[str] = field(default_factory=list)
    """Why lines were refused: the first ones."""
    warnings: list[str] = field(default_factory=list)

    def refuse(self, file: str, line: int, why: str) -> None:
        """Count a line that was refused."""
        self.refused += 1
        if len(self.reasons) < SHOWN:
            self.reasons.append(f"{file}, line {line}: {why}")

    def seen(self, at: datetime) -> None:
        """Note the moment of a reading."""
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)


class Importer:
    """Imports into one open installation; `dry` only says what would become of it."""

    def __init__(self, installation: Installation, clock: Clock, *, dry: bool = False) -> None:
        self._database, self._clock, self._dry = installation.database, clock, dry
        self._committer = Committer(installation.database, clock)
        self._meters = Meters(installation.database)
        self._known: dict[str, Meter | None] = {}
        self.summary = Summary()

    async def meter(self, id: str) -> Meter:
        """The meter that is imported into; NotFound, BadInput for a virtual one."""
        meter = await self._meters.get(id)
        if meter.formula is not None:
            raise BadInput(f"meter {id!r} is a formula over others: nothing is imported into it")
        return meter

    async def file(
        self,
        name: str,
        items: Iterable[Item],
        meter: Meter | None,
        told: Told,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Import what a file says; BadInput when it is not of this kind of meter.

        `meter` None takes the meter that each reading names, by `names` or by id.
        """
        source = iter(items)
        head = list(islice(source, BATCH))
        known = [each for each in head if isinstance(each, Imported)]
        groups: dict[str | None, list[Imported]] = {}
        for each in known:
            groups.setdefault(each.meter if meter is None else None, []).append(each)
        for of, some in groups.items():
            into = meter or await self._named(of, names or {})
            if into is not None:
                self.summary.warnings += import_checks.whole(some, into)
        for batch in _batches(chain(head, source)):
            await self._take(name, batch, meter, names or {})
            told(self.summary.read)

    async def _named(self, name: str | None, names: Mapping[str, str]) -> Meter | None:
        if name is None:
            raise BadInput("the file does not name its meter: say --meter ID")
        id = names.get(name, name)
        if id not in self._known:
            try:
                self._known[id] = await self.meter(id)
            except NotFound:
                self._known[id] = None
        return self._known[id]

    async def _take(
        self, file: str, batch: Sequence[Item], meter: Meter | None, names: Mapping[str, str]
    ) -> None:
        said, now = self.summary, self._clock.now()
        rows: list[Row] = []
        lines: list[int] = []
        for item in batch:
            said.read += 1
            if isinstance(item, Unread):
                said.refuse(file, item.line, item.why)
                continue
            into = meter or await self._named(item.meter, names)
            why = _unknown(item.meter, names) if into is None else import_checks.one(item, into)
            if why or into is None:
                said.refuse(file, item.line, why or "")
                continue
            try:
                rows.append(row_of(item, into, now))
            except BadInput as trouble:
                said.refuse(file, item.line, str(trouble))
                continue
            lines.append(item.line)
        await self._commit(file, rows, lines)

    async def _commit(self, file: str, rows: Sequence[Row], lines: Sequence[int]) -> None:
        said = self.summary
        for row in rows:
            said.seen(row.at)
        if self._dry:
            keys = {(row.stream, row.at) for row in rows}
            duplicate = await there(self._database, keys) + len(rows) - len(keys)
            said.duplicate += duplicate
            said.stored += len(rows) - duplicate
            return
        outcome = await self._committer.commit(rows, late="store")
        for n, fate in enumerate(outcome.fates):
            if fate is Fate.REFUSED:
                said.refuse(file, lines[n], outcome.reasons.get(n, "it cannot be stored"))
            elif fate is Fate.DUPLICATE:
                said.duplicate += 1
            else:
                said.stored += 1


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _unknown(meter: str | None, names: Mapping[str, str]) -> str:
    if meter is not None and meter in names:
        return f"meter {names[meter]!r} (that --map names for {meter!r}) is not registered"
    return f"meter {meter!r} is not registered; name it with --map {meter}=ID"
