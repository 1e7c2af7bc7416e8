"""What a tariff is: versions with validity, bands of time, charges.  docs/tariffs.md has the words.

A document that JSON or TOML was read into becomes a tariff by `shaped`; tariff_check.py says
whether it makes sense.  Money is decimal.  Days are those of the meter's site; what is called `to`
is the day after the last.  *To add a kind of charge: a Struct here, its check, and its line.*
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from ohmstead.errors import BadInput

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Per = Literal["day", "month", "year", "bill"]
Minutes = Literal[15, 30, 60]
Quantity = Annotated[str, Meta(max_length=20)]
Money: TypeAlias = Decimal
NAMES: Mapping[str, str] = {
    "import": "1.8.0",
    "export": "2.8.0",
    "net": "16.8.0",
    "value": "value",
}
"""Words for the quantities that most tariffs are about; `value` is what a meter of gas counts."""


class Part(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of a tariff's document."""


class Bill(Part, frozen=True, kw_only=True):
    """The bill period: `months` long, from day `day` of a month; one begins in `month`."""

    months: int = 1
    day: Annotated[int, Meta(ge=1, le=28)] = 1
    month: Annotated[int, Meta(ge=1, le=12)] = 1


class Vat(Part, frozen=True, kw_only=True):
    """A rate of value added tax, and the days that it holds."""

    percent: Decimal
    first: date | None = field(default=None, name="from")
    last: date | None = field(default=None, name="to")


class Holidays(Part, frozen=True, kw_only=True):
    """Which days are holidays: those of a country and its subdivision, some more, and some less.

    `extra` and `without` are days (2026-12-24), or days of every year (12-24).
    """

    country: str | None = None
    subdivision: str | None = None
    categories: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


class Season(Part, frozen=True, kw_only=True):
    """Days of every year from `from` to before `to`, each MM-DD; may go over New Year."""

    name: Name
    first: str = field(name="from")
    last: str = field(name="to")


class Band(Part, frozen=True, kw_only=True):
    """Times that have a price of their own: the first band of a version that fits counts.

    `days` are mon to sun and holiday, or stretches like mon-fri; `hours` are HH:MM-HH:MM of the
    clock on the wall; `seasons` are names.  What is empty is any.  Instead of all that, `register`
    is the meter's own tariff register (1 for 1.8.1).
    """

    name: Name
    days: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    seasons: tuple[Name, ...] = ()
    register: Literal[1, 2] | None = None


class Charge(Part, frozen=True, kw_only=True):
    """What a line of a bill is for; `vat` says whether tax is added."""

    name: Name
    vat: bool = True


class Energy(Charge, frozen=True, tag="energy", tag_field="kind", kw_only=True):
    """A price for each kWh of `quantity`: one, or one for each band.  What is exported earns it."""

    quantity: Quantity = "import"
    price: Decimal | None = None
    prices: dict[str, Decimal] = {}


class Step(Part, frozen=True, kw_only=True):
    """A block: the price of kWh up to `to` in a bill period, None for all above."""

    price: Decimal
    to: Decimal | None = None


class Block(Charge, frozen=True, tag="block", tag_field="kind", kw_only=True):
    """Prices that change with the kWh of the bill period; of some bands only, where those are said.

    `prorated`: in a bill period that is cut short the thresholds are, too.
    """

    blocks: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=20)]
    quantity: Quantity = "import"
    bands: tuple[Name, ...] = ()
    prorated: bool = False


class Dynamic(Charge, frozen=True, tag="dynamic", tag_field="kind", kw_only=True):
    """The price that holds at that time (`series`), times `factor`, plus `plus` for each kWh."""

    quantity: Quantity = "import"
    series: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")] = "spot"
    per: Literal["kWh", "MWh"] = "kWh"
    factor: Decimal = Decimal(1)
    plus: Decimal = Decimal(0)


class Ratchet(Part, frozen=True, kw_only=True):
    """At least `percent` of the highest peak of the `months` before counts as this one's."""

    months: Annotated[int, Meta(ge=1, le=36)]
    percent: Decimal


class Demand(Charge, frozen=True, tag="demand", tag_field="kind", kw_only=True):
    """A price for each kW of the highest mean power of 15, 30 or 60 minutes on the clock."""

    price: Decimal
    minutes: Minutes = 15
    per: Per = "bill"
    bands: tuple[Name, ...] = ()
    least_kw: Decimal | None = None
    ratchet: Ratchet | None = None


class Fixed(Charge, frozen=True, tag="fixed", tag_field="kind", kw_only=True):
    """An amount for time alone, by days where a contract begins or ends inside."""

    amount: Decimal
    per: Per = "month"


class Percent(Charge, frozen=True, tag="percent", tag_field="kind", kw_only=True):
    """A share of other charges (`of`: their names; of all that are no share where it is empty)."""

    percent: Decimal
    of: tuple[Name, ...] = ()


Charges: TypeAlias = Energy | Block | Dynamic | Demand | Fixed | Percent
Counted: TypeAlias = Energy | Block | Dynamic
"""Charges of energy: they arise in each interval."""


class Version(Part, frozen=True, kw_only=True):
    """What a tariff asks for from one day (`from`) to before another (`to`)."""

    first: date = field(name="from")
    last: date | None = field(default=None, name="to")
    holidays: Holidays = Holidays()
    seasons: Annotated[tuple[Season, ...], Meta(max_length=20)] = ()
    bands: Annotated[tuple[Band, ...], Meta(max_length=50)] = ()
    charges: Annotated[tuple[Charges, ...], Meta(min_length=1, max_length=50)]


class Tariff(Part, frozen=True, kw_only=True):
    """A tariff; `round_to` is what a total is rounded to (0.05), where that is not the cent."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    currency: str
    bill: Bill = Bill()
    vat: Decimal | tuple[Vat, ...] = ()
    round_to: Decimal | None = None
    note: Annotated[str, Meta(max_length=2000)] = ""
    versions: Annotated[tuple[Version, ...], Meta(min_length=1, max_length=200)]

    @property
    def rates(self) -> tuple[Vat, ...]:
        """The rates of tax with their validity."""
        return self.vat if isinstance(self.vat, tuple) else (Vat(percent=self.vat),)


def quantity_of(charge: Counted, register: int | None = None) -> str:
    """The OBIS code of what a charge counts; of one register of it, where a band names that."""
    obis = NAMES.get(charge.quantity, charge.quantity)
    return obis if register is None else f"{obis.rpartition('.')[0]}.{register}"


def earns(charge: Counted) -> bool:
    """Whether its energy is given, so that its price is paid to whoever gave it."""
    return quantity_of(charge).startswith("2.")


def unit_of(charge: Counted, of_value: str) -> str:
    """The unit of what a charge counts; `of_value` is that of the meter's value."""
    obis = quantity_of(charge)
    if obis == NAMES["value"]:
        return of_value
    return "kvarh" if obis.partition(".")[0] in "345678" else "kWh"


def document(tariff: Tariff) -> dict[str, Any]:
    """The tariff as JSON writes it; decimals are texts, so that none is lost."""
    made: dict[str, Any] = msgspec.to_builtins(tariff)
    return made


def shaped(given: Any) -> Tariff:
    """The tariff of a document that JSON or TOML was read into; BadInput names the place."""
    try:
        return msgspec.convert(given, Tariff)
    except msgspec.ValidationError as trouble:
        raise BadInput(f"the tariff is not as it should be: {trouble}") from None
    except (ArithmeticError, ValueError) as trouble:
        raise BadInput(f"the tariff holds a number that is none: {trouble}") from None
