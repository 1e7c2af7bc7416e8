"""Whether readings of a file are what their meter says: counters or energies, and how often."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ohmstead.analytics.energy import longest_step_s
from ohmstead.errors import BadInput
from ohmstead.store.meters import Meter
from ohmstead.surfaces.imports import Imported

DAY_S, HOUR_S = 86_400.0, 3600.0
STEPS_LEAST = 3
"""So many steps say how far readings are apart."""
ROWS_TELLING = 50
"""So many readings tell counters from energies by how they go."""
FALLS_MOST = 0.1
"""The share of steps in which a counter may fall: it is exchanged, or reset, now and then."""
HIGH = 5.0
"""A counter stands higher than so many of its largest steps."""


class Unfit(BadInput):
    """Readings that are not what their meter counts.

    `code` is which kind of trouble that is: `kind`, `interval`, `falls`, `grows`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def whole(some: Sequence[Imported], meter: Meter) -> list[str]:
    """What is worth a warning about the first readings of a file; Unfit when they do not fit."""
    for each in some[:1]:
        _same_kind(each, meter)
    found = _apart(some, meter)
    for key in sorted({key for each in some for key in each.values} | {"value"}):
        _goes_like(key, some, meter)
    return found


def one(item: Imported, meter: Meter) -> str | None:
    """Why a reading does not fit its meter; None when it does."""
    if (item.value is None) == (not item.values):
        return "it has values of electricity and another one, too" if item.values else "it is empty"
    if item.values and meter.type != "electricity":
        return f"it has values of electricity, and meter {meter.id!r} is of {meter.type}"
    if item.value is not None and meter.type == "electricity":
        return f"it is of no quantity of electricity, and meter {meter.id!r} is of electricity"
    if item.counter is not None and item.counter == (meter.reading == "interval"):
        return _unlike(item.counter, meter)
    if item.lasts_s is not None and not _lasts(item.lasts_s, meter):
        return (
            f"it is the energy of {spoken(item.lasts_s)}, and meter {meter.id!r} is read each "
            f"{spoken(meter.interval_s)}"
        )
    return None


def _same_kind(item: Imported, meter: Meter) -> None:
    if item.counter is not None and item.counter == (meter.reading == "interval"):
        raise Unfit("kind", _unlike(item.counter, meter))


def _unlike(counter: bool, meter: Meter) -> str:
    says, way = ("counters", "cumulative") if counter else ("energies of intervals", "interval")
    return (
        f"the file has {says}, and meter {meter.id!r} was added with --reading {meter.reading}: "
        f"the two cannot be mixed; import into a meter of --reading {way}"
    )


def _lasts(lasts_s: float, meter: Meter) -> bool:
    """Whether an energy of so many seconds is one of the meter's; days may have 23 and 25 hours."""
    slack_s = HOUR_S if meter.interval_s == DAY_S else 1.0
    return abs(lasts_s - meter.interval_s) <= slack_s


def _apart(some: Sequence[Imported], meter: Meter) -> list[str]:
    """Whether readings are as far apart as the meter's are."""
    moments = sorted({each.at.timestamp() for each in some})
    steps = Counter(round(b - a) for a, b in pairwise(moments))
    if sum(steps.values()) < STEPS_LEAST:
        return []
    usual_s = float(steps.most_common(1)[0][0])
    if meter.reading == "interval" and not _lasts(usual_s, meter):
        raise Unfit(
            "interval",
            f"the readings are {spoken(usual_s)} apart, and meter {meter.id!r} was added with "
            f"--interval {spoken(meter.interval_s)}: each is the energy of one interval, so the "
            "two have to be the same",
        )
    if usual_s > longest_step_s(meter.interval_s):
        return [
            f"the readings are {spoken(usual_s)} apart, and meter {meter.id!r} is expected each "
            f"{spoken(meter.interval_s)}: its energy counts as estimated across holes"
        ]
    return []


def _goes_like(key: str, some: Sequence[Imported], meter: Meter) -> None:
    """Unfit where energies of intervals are said to be a counter, or the other way round."""
    said = list(_said(key, some))
    if len(said) < ROWS_TELLING or (key != "value" and ".8." not in key):
        return
    steps = [b - a for a, b in pairwise(said)]
    falls = sum(step < 0 for step in steps) / len(steps)
    gauge = meter.type in ("temperature", "other")
    if meter.reading == "cumulative" and falls > FALLS_MOST and not gauge:
        raise Unfit(
            "falls",
            f"the values of {key} fall again and again, as energies of intervals do, and meter "
            f"{meter.id!r} was added with --reading cumulative; import into one of --reading "
            "interval",
        )
    grown = [step for step in steps if step > 0]
    grows = not falls and len(grown) > ROWS_TELLING / 2 and said[0] > HIGH * max(grown)
    if meter.reading == "interval" and grows:
        raise Unfit(
            "grows",
            f"the values of {key} only grow, as counters do, and meter {meter.id!r} was added "
            "with --reading interval; import into one of --reading cumulative",
        )


def _said(key: str, some: Sequence[Imported]) -> Iterator[float]:
    for each in sorted(some, key=lambda one: one.at):
        value = each.value if key == "value" else each.values.get(key)
        if value is not None:
            yield value


def spoken(seconds: float) -> str:
    """A time as options have it.

    >>> spoken(900.0), spoken(10.0), spoken(3600.0), spoken(86400.0)
    ('15m', '10s', '1h', '1d')
    """
    for size, unit in ((DAY_S, "d"), (HOUR_S, "h"), (60.0, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
