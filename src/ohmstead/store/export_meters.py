"""Which meters can be exported: that have energy of a quantity, readings, a counter."""

from collections.abc import Callable, Iterable

from ohmstead.errors import BadInput
from ohmstead.store.energy_ways import EXPORT, NET, ways
from ohmstead.store.meters import Meter


def can_count(meter: Meter, quantity: str) -> None:
    """BadInput when a meter can have no energy of `quantity`."""
    ways(meter, EXPORT if quantity == NET else quantity)


def can_say(meter: Meter) -> None:
    """BadInput when a meter has no readings of its own."""
    if meter.formula is not None:
        raise BadInput(
            f"meter {meter.id!r} is virtual and has no readings: export its energy, or the readings"
            f" of the meters of its formula, {meter.formula}"
        )


def countable(meters: Iterable[Meter], quantity: str) -> tuple[list[Meter], list[str]]:
    """The meters that can have energy of `quantity`, and why the others cannot."""
    return _fit(meters, lambda meter: can_count(meter, quantity))


def saying(meters: Iterable[Meter]) -> tuple[list[Meter], list[str]]:
    """The meters that have readings, and why the others cannot."""
    return _fit(meters, can_say)


def _fit(meters: Iterable[Meter], check: Callable[[Meter], None]) -> tuple[list[Meter], list[str]]:
    can, cannot = [], []
    for meter in meters:
        try:
            check(meter)
        except BadInput as trouble:
            cannot.append(str(trouble))
        else:
            can.append(meter)
    return can, cannot


def uncounted(meter: Meter, quantity: str) -> str | None:
    """Why there is no counter at the ends of a row; None where there is one."""
    if quantity == NET:
        return f"{NET} is no counter of its own"
    if meter.reading == "interval":
        return f"meter {meter.id!r} counts intervals"
    return None
