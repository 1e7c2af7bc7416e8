"""What files of other programs are read into: readings with the line they came from, or why not.

*To add a kind of file: one reader that gives these, and one command in `cli/import_.py`.*
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeAlias

from ohmstead.errors import BadInput
from ohmstead.reading import units
from ohmstead.reading.catalogue import BY_OBIS, Kind
from ohmstead.reading.numbers import MOST
from ohmstead.reading.reading import NOTHING, Identity

DECIMALS = (".", ",")
CHANGE_LONGEST = timedelta(hours=2)
"""No clock is set back further than that."""
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
NONE = frozenset(
    {
        *("-", "--", "---", "–", "—", "n/a", "n.a.", "na", "nan", "null", "none", "#n/a", "#nv"),
        *("#n/v", "k.a.", "k. a.", "unavailable", "unknown"),
    }
)
"""What programs write where nothing was measured."""
_THOUSANDS = " '’\u00a0\u202f"


@dataclass(frozen=True, slots=True)
class Imported:
    """One reading of a file; `at` is aware, `values` and `value` are in the units that are kept.

    `counter` says that it is what counters said then, or (False) the energy of `lasts_s` seconds
    before `at`; None that the file does not say which.  `meter` is its name in the file, None where
    the file is of one.
    """

    line: int
    at: datetime
    values: Mapping[str, float] = field(default_factory=lambda: NOTHING)
    value: float | None = None
    value_unit: str | None = None
    """Of `value`; None is the meter's own."""
    counter: bool | None = None
    lasts_s: float | None = None
    meter: str | None = None
    tariff: int | None = None
    meter_at: datetime | None = None
    number: int | None = None
    identity: Identity | None = None
    meter_crc: int | None = None
    """A number for the meter's serial number, where an instance exported that."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that is no reading, and why."""

    line: int
    why: str
    code: str = ""
    """Which kind of trouble, for who says it in other words: one of `Odd`."""
    column: str | None = None
    meter: str | None = None


class Odd(ValueError):
    """A cell that cannot be read, and which kind of trouble that is.

    `short`, `no_meter`, `no_time`, `time`, `skipped`, `number`, `large`, `negative`, `nothing`.
    """

    def __init__(self, code: str, why: str, column: str | None = None) -> None:
        super().__init__(why)
        self.code = code
        self.column = column


Item: TypeAlias = Imported | Unread


@dataclass(frozen=True, slots=True)
class Target:
    """What a column is read into: a catalogue key, or `value`, and the unit it is said in.

    >>> Target("1.8.0", "Wh").kept(2500.0)
    2.5
    """

    key: str
    unit: str | None = None
    into: str | None = None
    """The unit of the meter, for `value`."""

    def __post_init__(self) -> None:
        known = BY_OBIS.get(self.key)
        if self.key != "value" and known is None:
            raise BadInput(
                f"{self.key!r} is not a quantity of the catalogue; take an OBIS code like 1.8.0, "
                "or value for a meter that is not electric (docs/surfaces.md lists them)"
            )
        if known is not None and self.unit is not None:
            _, found = units.kept(1.0, self.unit)
            if found != known.unit:
                raise BadInput(
                    f"{self.key} is in {known.unit or 'no unit'}, and {self.unit!r} is not of that"
                )
        if known is None and self.unit is not None:
            said, kept = (
                units.KEPT.get(units.named(u or ""), (u,))[0] for u in (self.unit, self.into)
            )
            if said != kept:
                raise BadInput(
                    f"the meter counts {self.into}, and {self.unit!r} is not of that"
                    if self.into
                    else f"nobody said in which unit the meter counts, so {self.unit!r} cannot be "
                    "converted: say it with `ohmstead admin meter set ID --unit`"
                )

    def kept(self, said: float) -> float:
        """What is said, in the unit that is kept."""
        return said if self.unit is None else units.shifted(said, self.power)

    @property
    def power(self) -> int:
        """Of ten, from the unit it is said in to the one that is kept."""
        if self.unit is None:
            return 0
        said = _power(self.unit)
        return said if self.into is None else said - _power(self.into)

    @property
    def counts(self) -> bool:
        """Whether it is energy or volume, which does not become less."""
        known = BY_OBIS.get(self.key)
        return known is not None and known.kind is Kind.COUNTER


def _power(unit: str) -> int:
    return units.KEPT.get(units.named(unit), (unit, 0))[1]


def is_none(text: str) -> bool:
    """Whether a cell says that nothing was measured: it is empty, or one of `NONE`.

    >>> is_none(" "), is_none("N/A"), is_none("-"), is_none("0")
    (True, True, True, False)
    """
    plain = text.strip().casefold()
    return not plain or plain in NONE


def number(text: str, decimal: str = ".") -> float:
    """The number of a cell; ValueError says what is wrong.

    >>> number("1'234.5"), number("1.234,5", ","), number("-0,25", ",")
    (1234.5, 1234.5, -0.25)
    """
    plain = together(text)
    other = "," if decimal == "." else "."
    whole, point, rest = plain.partition(decimal)
    if other in whole and re.fullmatch(rf"[+-]?\d{{1,3}}(\{other}\d{{3}})+", whole):
        whole = whole.replace(other, "")
    plain = f"{whole}.{rest}" if point else whole
    if not _PLAIN.fullmatch(plain):
        raise Odd("number", f"{shown(text)} is not a number")
    found = float(plain)
    if not abs(found) <= MOST:
        raise Odd("large", f"{shown(text)} is too large a number")
    return found


def together(text: str) -> str:
    """A number without what keeps its thousands apart, where that is no point and no comma.

    >>> together(" 1 234,5"), together("1'234.5")
    ('1234,5', '1234.5')
    """
    return text.strip().translate({ord(each): None for each in _THOUSANDS})


def shown(text: str) -> str:
    """What a cell says, for a message.

    >>> shown("x" * 50)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'"
    """
    return repr(text if len(text) <= 40 else text[:40] + "…")


class WallClock:
    """Local times, as they follow each other, into moments.

    In the hour that clocks show twice the order decides: a time that is not after the one before
    is of the second round.  Files may be ascending or descending.
    """

    def __init__(self, zone: tzinfo, last: datetime | None = None, step: int = 1) -> None:
        self._zone = zone
        self._last = last
        self._step = step

    @property
    def state(self) -> tuple[datetime | None, int]:
        """`last` and `step` for one that goes on from here."""
        return self._last, self._step

    def moment(self, wall: datetime) -> datetime:
        """The moment (UTC) at which clocks show `wall`; ValueError where they never do.

        An aware time is taken as it is.
        """
        try:
            if wall.tzinfo is not None:
                return wall.astimezone(UTC)
            first = wall.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
            second = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        except OverflowError:
            raise Odd("time", f"{wall} is not a time of this world") from None
        if first.astimezone(self._zone).replace(tzinfo=None) != wall:
            why = f"{wall} is never shown by clocks in {self._zone}: they skip that time"
            raise Odd("skipped", why)
        found = first if first == second else self._which(first, second)
        if self._last is not None and first == second and found != self._last:
            self._step = 1 if found > self._last else -1
        self._last = found
        return found

    def _which(self, first: datetime, second: datetime) -> datetime:
        last = self._last
        if last is None or abs(first - last) > CHANGE_LONGEST:
            return first if self._step > 0 else second
        if self._step > 0:
            return first if first > last else second
        return second if second < last else first
