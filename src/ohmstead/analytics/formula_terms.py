"""A formula counted together: what each meter is multiplied with."""

import math
from dataclasses import dataclass

from ohmstead.analytics.formula import (
    Leaf,
    Load,
    Measured,
    Node,
    Number,
    Percent,
    Product,
    Sum,
    Untracked,
    plain,
)
from ohmstead.errors import BadInput

METERS_MOST = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """A formula counted together: what to multiply each leaf with, and a constant power in kW."""

    factors: tuple[tuple[Leaf, float], ...]
    kw: float = 0.0

    @property
    def meters(self) -> tuple[str, ...]:
        """Every meter that is named, once."""
        return tuple(dict.fromkeys(leaf.meter for leaf, _ in self.factors))

    @property
    def fixed(self) -> bool:
        """Whether some meter's quantity is named, so that the result is one thing only."""
        return any(isinstance(leaf, Measured) and leaf.quantity for leaf, _ in self.factors)


def terms(node: Node) -> Terms:
    """What each meter is multiplied with; BadInput where that would be no energy.

    >>> from ohmstead.analytics.formula import parse
    >>> terms(parse("2 * (a - b) - 50%")).factors[0][1]
    1.0
    """
    found = _counted(node)
    if isinstance(found, float) or not found.factors:
        raise BadInput("a formula names at least one meter")
    if len(found.meters) > METERS_MOST:
        raise BadInput(f"a formula names at most {METERS_MOST} meters, not {len(found.meters)}")
    if not all(math.isfinite(factor) for _, factor in (*found.factors, (None, found.kw))):
        raise BadInput("the factors of this formula are too large to be multiplied")
    return found


def _counted(node: Node) -> Terms | float:
    match node:
        case Number(value):
            return value
        case Percent(value):
            return value / 100
        case Load(kw):
            return Terms((), kw)
        case Measured() | Untracked():
            return Terms(((node, 1.0),))
        case Sum(parts):
            return _summed(parts)
        case Product(parts):
            return _multiplied(parts)


def _summed(parts: tuple[tuple[str, Node], ...]) -> Terms | float:
    found: Terms | float | None = None
    for sign, part in parts:
        if isinstance(part, Percent) and isinstance(found, Terms):
            found = _times(found, 1 + (-1 if sign == "-" else 1) * part.value / 100)
            continue
        more = _times(_counted(part), -1.0 if sign == "-" else 1.0)
        if found is None:
            found = more
        elif isinstance(found, float) and isinstance(more, float):
            found += more
        elif isinstance(found, Terms) and isinstance(more, Terms):
            found = _added(found, more)
        else:
            number = next(each for each in (found, more) if isinstance(each, float))
            raise BadInput(
                f"{plain(abs(number))} is a number and no energy, which cannot be added: multiply "
                "a meter by it, or say 0.5 kW for a power that is always there, 3% for a share"
            )
    assert found is not None  # noqa: S101  (a sum has parts)
    return found


def _added(one: Terms, other: Terms) -> Terms:
    together = dict(one.factors)
    for leaf, factor in other.factors:
        together[leaf] = together.get(leaf, 0.0) + factor
    return Terms(tuple(together.items()), one.kw + other.kw)


def _multiplied(parts: tuple[tuple[str, Node], ...]) -> Terms | float:
    found: Terms | float = 1.0
    for sign, part in parts:
        more = _counted(part)
        if sign == "/":
            if isinstance(more, Terms):
                raise BadInput("a formula divides by a number only, not by a meter")
            if more == 0 or not math.isfinite(1 / more):
                raise BadInput("a formula cannot divide by 0")
            more = 1 / more
        if isinstance(found, Terms) and isinstance(more, Terms):
            raise BadInput("meters are added, not multiplied: energy times energy is no energy")
        if isinstance(more, Terms):
            found, more = more, found
        found = _times(found, more) if isinstance(more, float) else found
    return found


def _times(of: Terms | float, factor: float) -> Terms | float:
    if isinstance(of, float):
        return of * factor
    return Terms(tuple((leaf, by * factor) for leaf, by in of.factors), of.kw * factor)
