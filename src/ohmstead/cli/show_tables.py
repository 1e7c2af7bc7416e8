"""Answers as tables: one function an answer, what is not known as a dash."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ohmstead.dashboard.energy_shapes import Buckets
from ohmstead.store.all_holes import AllHoles
from ohmstead.store.balance import Balance
from ohmstead.store.breakdown import Breakdown
from ohmstead.store.comparison import Comparison
from ohmstead.store.duration import Duration
from ohmstead.store.heat_maps import Matrix
from ohmstead.store.meter_holes import Holes
from ohmstead.store.own_use import SiteOwnUse
from ohmstead.store.peaks import Peaks
from ohmstead.store.raw import Newest, Stretch
from ohmstead.store.series import Series

UNKNOWN = "–"
WIDEST = 400
"""Columns of a pipe or a file, where no terminal says how wide it is."""
Cells = Sequence[str]


def print_answer(answer: Any) -> None:
    """Print an answer as its tables and lines."""
    wide = None if sys.stdout.isatty() else WIDEST
    console = Console(width=wide, highlight=False, soft_wrap=wide is not None)
    for part in TABLES[type(answer)](answer):
        console.print(part)


def table(headers: Cells, rows: Iterable[Cells], title: str | None = None) -> Table:
    """A table whose first column stands left, the others right."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for n, header in enumerate(headers):
        made.add_column(Text(header), justify="left" if n == 0 else "right", no_wrap=True)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def number(value: float | None) -> str:
    """A number as it is, without noise behind the sixth decimal."""
    return UNKNOWN if value is None else f"{round(value, 6):.10g}"


def percent(value: float | None) -> str:
    """A share as percent."""
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def clock(zone: str) -> Callable[[float | datetime | None], str]:
    """Shows moments as the clocks of a zone do, with their offset."""
    local = ZoneInfo(zone)

    def shown(at: float | datetime | None) -> str:
        if at is None:
            return UNKNOWN
        moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
        here = moment.astimezone(local)
        fine = "milliseconds" if here.microsecond else "seconds" if here.second else "minutes"
        return here.isoformat(sep=" ", timespec=fine)

    return shown


def _newest(answer: Newest) -> Iterable[Any]:
    headers = ["meter", "at (UTC)", *(f"{c.quantity} {c.unit}".strip() for c in answer.columns)]
    at = clock("UTC")
    rows = [
        [meter, at(answer.at[n]), *(number(column.values[n]) for column in answer.columns)]
        for n, meter in enumerate(answer.meters)
    ]
    yield table(headers, rows)


def _stretch(answer: Stretch) -> Iterable[Any]:
    at = clock(answer.timezone)
    headers = ["at", *(f"{c.quantity} {c.unit}".strip() for c in answer.columns)]
    rows = (
        [at(moment), *(number(column.values[n]) for column in answer.columns)]
        for n, moment in enumerate(answer.at)
    )
    yield table(headers, rows, f"{answer.meter}: {len(answer.at)} readings")
    if answer.next is not None:
        yield Text(f"There are more: go on with --from {answer.next.isoformat()}")


def _series(answer: Series) -> Iterable[Any]:
    at = clock(answer.timezone)
    headers = ["start"]
    cells: list[list[str]] = []
    for column in answer.columns:
        headers.append(f"{column.quantity} {column.unit} ({column.statistic})")
        cells.append([number(value) for value in column.values])
        for name, values in (("least", column.least), ("most", column.most)):
            if values is not None:
                headers.append(name)
                cells.append([number(value) for value in values])
    rows = zip([at(start) for start in answer.start], *cells, strict=True)
    made_of = ", ".join(dict.fromkeys(answer.sources))
    yield table(headers, rows, f"{answer.meter} by {answer.resolution}, from {made_of}")


def _energy(answer: Buckets) -> Iterable[Any]:
    at = clock(answer.timezone)
    headers = ["start", answer.unit, "of it estimated", "complete"]
    rows = [
        [at(each.start), number(each.energy), number(each.estimated), percent(each.completeness)]
        for each in answer.buckets
    ]
    yield table(headers, rows, f"{answer.meter}: {answer.quantity}")


def _balance(answer: Balance) -> Iterable[Any]:
    at = clock(answer.timezone)
    headers = ["start", *(f"{c.quantity} {c.unit}" for c in answer.columns), "complete"]
    rows = (
        [
            at(start),
            *(number(column.values[n]) for column in answer.columns),
            percent(answer.completeness[n]),
        ]
        for n, start in enumerate(answer.start)
    )
    yield table(headers, rows, f"{answer.meter} by {answer.resolution}, from {answer.source}")


def _breakdown(answer: Breakdown) -> Iterable[Any]:
    at = clock(answer.timezone)
    parts = [(e.meter, e.energy, e.total, e.share) for e in answer.parts if not e.again]
    parts += [(f"untracked of {u.meter}", u.energy, u.total, u.share) for u in answer.untracked]
    parts += [(e.meter, e.energy, e.total, e.share) for e in answer.parts if e.again]
    headers = ["start", *(name for name, *_ in parts)]
    rows = [
        [at(start), *(number(energy[n]) for _, energy, _, _ in parts)]
        for n, start in enumerate(answer.start)
    ]
    rows.append(["total", *(number(total) for *_, total, _ in parts)])
    rows.append(["share", *(percent(part) for *_, part in parts)])
    yield table(headers, rows, f"{answer.quantity} in {answer.unit}, from {answer.source}")
    for each in answer.parts:
        if each.again:
            yield Text(f"{each.meter} stands apart: what it counts is in {', '.join(each.again)}")
    for left in answer.left_out:
        yield Text(f"{left.meter} is left out: {left.why}")


def _holes(answer: Holes) -> Iterable[Any]:
    at = clock(answer.timezone)
    rows = [
        [at(began), "still lasts" if ended is None else at(ended), f"{length:.0f}"]
        for began, ended, length in zip(answer.began, answer.ended, answer.duration_s, strict=True)
    ]
    title = f"{answer.meter}: nothing read for longer than {answer.longest_s:g} s"
    yield table(["began", "ended", "seconds"], rows, title)
    holes = "1 hole" if len(rows) == 1 else f"{len(rows)} holes"
    yield Text(f"{holes}, {answer.hole_s:.0f} s of the time asked for")


def _all_holes(answer: AllHoles) -> Iterable[Any]:
    at = clock(answer.timezone)
    columns = zip(answer.meter, answer.began, answer.ended, answer.duration_s, strict=True)
    rows = [
        [meter, at(began), "still lasts" if ended is None else at(ended), number(length)]
        for meter, began, ended, length in columns
    ]
    yield table(["meter", "began (UTC)", "ended (UTC)", "seconds"], rows)
    yield Text(f"Meters with holes: {answer.meters_with_holes}; holes: {answer.holes}")


def _comparison(answer: Comparison) -> Iterable[Any]:
    at = clock(answer.timezone)
    ours, theirs = answer.current, answer.before
    headers = ["start", answer.unit, "before: start", answer.unit]
    rows = [
        [at(ours.start[n]), number(ours.energy[n]), at(theirs.start[n]), number(theirs.energy[n])]
        for n in range(len(ours.start))
    ]
    yield table(headers, rows, f"{answer.meter}: {answer.quantity}, from {answer.source}")
    ratio = answer.difference_percent
    yield Text(
        f"Compared: {answer.compared} of {len(rows)}. {number(answer.current_total)} "
        f"{answer.unit} beside {number(answer.before_total)} {answer.unit}: "
        f"{number(answer.difference)} {answer.unit}"
        + ("" if ratio is None else f", {ratio:+.1f} %")
    )


def _peaks(answer: Peaks) -> Iterable[Any]:
    at = clock(answer.timezone)
    rows = [
        [str(n + 1), at(answer.start[n]), at(answer.end[n]), number(demand)]
        for n, demand in enumerate(answer.demand)
    ]
    title = f"{answer.meter}: the highest of {answer.window_min} minutes ({answer.kind})"
    yield table(["", "start", "end", answer.unit], rows, title)


def _duration(answer: Duration) -> Iterable[Any]:
    curve = zip(answer.power, answer.hours, strict=True)
    title = f"{answer.meter}: {answer.quantity}, of {answer.resolution}"
    rows = [[number(power), number(hours)] for power, hours in curve]
    yield table([f"at least {answer.unit}", "hours"], rows, title)
    pairs = zip(answer.percents, answer.percentiles, strict=True)
    rows = [[f"{percents:g} %", number(power)] for percents, power in pairs]
    yield table(["of the time below", answer.unit], rows)
    asked = zip(answer.at_least, answer.at_least_hours, strict=True)
    for power, hours in asked:
        yield Text(f"{number(power)} {answer.unit} or more: {number(hours)} h")
    yield Text(
        f"Base load {number(answer.base_load)} {answer.unit}; {number(answer.known_hours)} h "
        f"measured, {number(answer.unknown_hours)} h not"
    )


def _matrix(answer: Matrix) -> Iterable[Any]:
    rows = [
        [day.isoformat(), *(number(value) for value in values)]
        for day, values in zip(answer.days, answer.values, strict=True)
    ]
    title = f"{answer.meter}: {answer.quantity} in {answer.unit}, from {answer.source}"
    yield table(["day", *answer.columns], rows, title)


def _own_use(answer: SiteOwnUse) -> Iterable[Any]:
    at = clock(answer.timezone)
    names = ("grid_import", "grid_export", "production", "own_use", "consumption")
    shares = ("self_consumption", "autarky")
    headers = ["start", *(f"{name} kWh".replace("_", " ") for name in names)]
    headers += [name.replace("_", "-") for name in shares]

    def row(first: str, of: Any, n: int | None) -> list[str]:
        value = [getattr(of, name) if n is None else getattr(of, name)[n] for name in names]
        ratio = [getattr(of, name) if n is None else getattr(of, name)[n] for name in shares]
        return [first, *map(number, value), *map(percent, ratio)]

    rows = [row(at(start), answer, n) for n, start in enumerate(answer.start)]
    rows.append(row("total", answer.totals, None))
    grid, made = ", ".join(answer.grid_meters), ", ".join(answer.production_meters)
    yield table(headers, rows, f"Grid: {grid}; production: {made}")


TABLES: Mapping[type, Callable[[Any], Iterable[Any]]] = MappingProxyType(
    {
        Newest: _newest,
        Stretch: _stretch,
        Series: _series,
        Buckets: _energy,
        Balance: _balance,
        Breakdown: _breakdown,
        Holes: _holes,
        AllHoles: _all_holes,
        Comparison: _comparison,
        Peaks: _peaks,
        Duration: _duration,
        Matrix: _matrix,
        SiteOwnUse: _own_use,
    }
)
"""How each answer is shown."""
