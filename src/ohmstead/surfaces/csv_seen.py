"""The columns of a table as they look: what is in their cells, which say when, which of whom."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ohmstead.surfaces import csv_names
from ohmstead.surfaces.csv_begin import Row, looks
from ohmstead.surfaces.imports import is_none

MOSTLY = 0.6
"""The share of its cells that make a column one of numbers, or of times."""
SAMPLES = 3
NAME_MOST = 200
"""Characters of a meter's name in a file."""
_PART = re.compile(r"[.,]\d")
"""Numbers with a part after the point are no meter's: they were measured."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A column as it stands: its name, what its cells look like, and the first of them."""

    name: str
    kind: str
    sample: Sequence[str]


def seen_of(n: int, name: str, rows: Sequence[Row]) -> Seen:
    """Column `n`, from 0, of these rows."""
    cells = [row.cells[n] for row in rows if n < len(row.cells) and not is_none(row.cells[n])]
    counted = Counter(looks(cell) for cell in cells)
    if cells and counted["number"] + counted["digits"] + counted["stamp"] >= MOSTLY * len(cells):
        counted["number"] += counted["digits"] if counted["number"] else 0
    kind, many = counted.most_common(1)[0] if counted else ("", 0)
    return Seen(name, kind if many >= MOSTLY * len(cells) else "text", cells[:SAMPLES])


def names_meters(seen: Seen, cells: Sequence[str]) -> bool:
    """Whether a column with these cells says of which meter a row is, and there are several."""
    found = set(filter(None, cells))
    named = csv_names.METER.search(seen.name) and seen.kind not in ("stamp", "clock")
    if seen.kind == "number" and (csv_names.unit_in(seen.name) or any(map(_PART.search, found))):
        return False
    codes = all(map(csv_names.OBIS.fullmatch, found))
    if any(len(name) > NAME_MOST for name in found):
        return False
    return 1 < len(found) <= len(cells) / 2 and bool(named or codes)


def times(columns: Sequence[Seen]) -> list[int]:
    """The numbers, from 1, of the columns of the time: a moment, or a date and the clock beside it.

    >>> times([Seen("kWh", "number", ["7"]), Seen("Zeit", "stamp", ["01.01.2025 00:15"])])
    [2]
    """
    of: dict[str, list[int]] = {"stamp": [], "clock": [], "digits": []}
    for number, seen in enumerate(columns, 1):
        if seen.kind in of:
            of[seen.kind].append(number)
    named = [n for n, seen in enumerate(columns, 1) if csv_names.TIME.search(seen.name)]
    whole = [n for n in of["stamp"] if any(_has_clock(cell) for cell in columns[n - 1].sample)]
    alone = not of["stamp"]  # beside a date they are the number of a meter, or of a customer
    whole = whole or [n for n in of["digits"] if n in named or (n == 1 and alone)]
    if whole:
        ends = [n for n in whole if csv_names.END.search(columns[n - 1].name)]
        return [(ends or [n for n in whole if n in named] or whole)[0]]
    return [*of["stamp"][:1], *of["clock"][:1]] if of["stamp"] else []


def _has_clock(cell: str) -> bool:
    return ":" in cell or " " in cell


def are_starts(time: Sequence[Seen]) -> bool:
    """Whether the times of these columns probably name the start of an interval.

    So do days without clocks.
    """
    names = " ".join(seen.name for seen in time)
    if csv_names.END.search(names):
        return False
    if csv_names.START.search(names):
        return True
    clocks = any(seen.kind == "clock" for seen in time)
    plain = all(":" not in cell for seen in time for cell in seen.sample)
    return plain and not clocks and time[0].kind == "stamp"
