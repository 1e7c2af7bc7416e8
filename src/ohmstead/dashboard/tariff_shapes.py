"""What the API takes and gives about tariffs, contracts and costs.

Amounts come as numbers.  A tariff's document has its decimals as texts, so that none is lost.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from ohmstead.dashboard.shapes import Shape

PRICES_MOST = 40_000
"""At once: a year of quarters of an hour."""


class NewTariff(Shape, frozen=True):
    """A tariff to add; `document` is as docs/tariffs.md says.

    `organisation` null is one's own; for admins of the installation, everybody.
    """

    document: dict[str, Any]
    organisation: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class TariffDocument(Shape, frozen=True):
    """Another document for a tariff."""

    document: dict[str, Any]


class PriceSeries(Struct, frozen=True, kw_only=True):
    """A list of prices: its first and last quarter of an hour, and how many there are."""

    series: str
    first: datetime
    last: datetime
    quarters: int


class Tariff(Struct, frozen=True, kw_only=True):
    """A tariff; `organisation` null is everybody's; `meters` is how many ever had it."""

    id: int
    organisation: int | None
    name: str
    currency: str
    meters: int
    document: dict[str, Any]
    prices: list[PriceSeries]


class TariffSummary(Struct, frozen=True, kw_only=True):
    """A tariff as a list shows it; `from` and `to` are those of its versions."""

    id: int
    organisation: int | None
    name: str
    currency: str
    meters: int
    versions: int
    first: date = field(name="from")
    last: date | None = field(name="to")


class Tariffs(Struct, frozen=True, kw_only=True):
    """The tariffs one may see; `next` is the cursor of the next page, null on the last."""

    items: list[TariffSummary]
    next: int | None


class Price(Shape, frozen=True):
    """A price from `start`; to before `end`, where that is said."""

    start: datetime
    price: Decimal
    end: datetime | None = None


class Prices(Shape, frozen=True):
    """Prices to keep; `step_s` is how long one without an end holds, told from the list if null."""

    prices: Annotated[list[Price], Meta(min_length=1, max_length=PRICES_MOST)]
    series: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")] = "spot"
    step_s: Annotated[int, Meta(ge=900, le=3600)] | None = None


class PricesKept(Struct, frozen=True, kw_only=True):
    """How many quarters of an hour have a price now, and how many of them another than before."""

    tariff: int
    series: str
    quarters: int
    changed: int


class NewContract(Shape, frozen=True):
    """A tariff for a meter from a day on; `to` is the day after its last."""

    tariff: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    first: date = field(name="from")
    last: date | None = field(default=None, name="to")


class ContractEnd(Shape, frozen=True):
    """When a contract ends: `to` is the day after its last."""

    last: date = field(name="to")


class Contract(Struct, frozen=True, kw_only=True):
    """A meter has a tariff from a day on; `to` is the day after its last, null while it goes on."""

    id: int
    tariff: int
    name: str
    first: date = field(name="from")
    last: date | None = field(name="to")


class Contracts(Struct, frozen=True, kw_only=True):
    """Which tariff a meter had when; `next` is the cursor of the next page, null on the last."""

    meter: str
    items: list[Contract]
    next: str | None


class MeterContract(Struct, frozen=True, kw_only=True):
    """A contract, and whose it is."""

    id: int
    meter: str
    tariff: int
    name: str
    first: date = field(name="from")
    last: date | None = field(name="to")


class AllContracts(Struct, frozen=True, kw_only=True):
    """Contracts by number; `next` is the cursor of the next page, null on the last."""

    items: list[MeterContract]
    next: int | None


class Missing(Struct, frozen=True, kw_only=True):
    """A stretch whose cost is not known, and why."""

    start: datetime
    end: datetime
    why: str


class Cost(Struct, frozen=True, kw_only=True):
    """What the time from `start` to `end` costs, peaks apart; null where nothing is known.

    `energy_cost` is of the charges of energy, `standing_cost` of what is charged by the day; both
    without tax.
    """

    start: datetime
    end: datetime
    kwh: float | None
    export_kwh: float | None
    estimated_kwh: float | None
    completeness: Annotated[float, Meta(ge=0, le=1)]
    energy_cost: float | None
    standing_cost: float | None
    net: float | None
    vat: float | None
    gross: float | None
    missing: list[Missing]


class Line(Struct, frozen=True, kw_only=True):
    """A line of a bill: `amount` is without tax, rounded; `exact` is before that."""

    name: str
    kind: str
    part: str | None
    quantity: float | None
    unit: str
    price: float | None
    amount: float | None
    exact: float | None
    vat_percent: float | None
    estimated: float | None
    unpriced: float | None
    peak_at: datetime | None
    note: str | None
    first: date = field(name="from")
    last: date = field(name="to")


class Tax(Struct, frozen=True, kw_only=True):
    """Tax of one rate: on how much, and how much."""

    percent: float
    net: float
    vat: float


class Bill(Struct, frozen=True, kw_only=True):
    """A bill; `net` + `vat` + `rounding` is `gross`; `open`: its time is not over."""

    start: datetime
    end: datetime
    tariff: int
    tariff_name: str
    currency: str
    kwh: float | None
    export_kwh: float | None
    estimated_kwh: float | None
    completeness: Annotated[float, Meta(ge=0, le=1)]
    open: bool
    complete: bool
    lines: list[Line]
    net: float
    taxes: list[Tax]
    vat: float
    rounding: float
    gross: float
    missing: list[Missing]


class Costs(Struct, frozen=True, kw_only=True):
    """Costs of a meter: `items`, or by bill `bills`; `currency` is null where bills differ."""

    meter: str
    timezone: str
    by: str
    currency: str | None
    items: list[Cost]
    bills: list[Bill]
