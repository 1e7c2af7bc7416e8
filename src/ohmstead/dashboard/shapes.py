"""What the API takes and gives: each shape once, for the answers, the checks and the OpenAPI."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.access import passwords

DIRECTIONS = {"imported": "import", "exported": "export"}
"""`import` is a word of Python."""

RoleName = Literal["admin", "manager", "viewer"]
Email = Annotated[str, Meta(min_length=3, max_length=320, description="An e-mail address.")]
Token = Annotated[
    str, Meta(min_length=20, max_length=200, description="The last part of a link's path.")
]
Code = Annotated[
    str,
    Meta(
        min_length=6,
        max_length=40,
        description="Six digits of an authenticator, or a recovery code.",
    ),
]
NewPassword = Annotated[str, Meta(min_length=passwords.SHORTEST, max_length=passwords.LONGEST)]


class Shape(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ground of all that comes in: an unknown field is an error, not a silent loss."""


class Status(Struct, frozen=True, kw_only=True):
    """What this server is."""

    version: str
    first_run: bool
    """Whether nobody has a password yet."""
    sign_up: bool
    """Whether anybody may make an account of their own."""


class Credentials(Shape, frozen=True):
    """Who signs in, and with what; `code` where a second step is asked for."""

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]
    code: Code | UnsetType = UNSET


class Link(Shape, frozen=True):
    """A sign-in link: the last part of its path; `code` where a second step is asked for."""

    token: Token
    code: Code | UnsetType = UNSET


class Account(Shape, frozen=True):
    """What to change about oneself; what is left out stays.

    `current_password` is asked for when there is one and e-mail or password change.
    """

    email: Email | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    language: Literal["en", "de"] | UnsetType = UNSET
    password: NewPassword | UnsetType = UNSET
    current_password: Annotated[str, Meta(max_length=passwords.LONGEST)] | UnsetType = UNSET


class User(Struct, frozen=True, kw_only=True):
    """The person who is signed in; `organisation` null is the whole installation."""

    id: int
    email: str
    name: str
    role: RoleName
    organisation: int | None
    organisation_name: str | None
    language: str | None
    has_password: bool
    second_factor: bool
    """Whether signing in asks for a code."""


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who is signed in; `to_confirm` is an address that counts once its link was followed."""

    user: User
    to_confirm: str | None = None


class Site(Struct, frozen=True, kw_only=True):
    """Where a meter stands; `timezone` is an IANA name."""

    id: int
    name: str
    timezone: str


class Latest(Struct, frozen=True, kw_only=True):
    """The newest reading; `values` by OBIS code, in the catalogue's units.

    `value` is what a meter that is not electric counts, in the meter's `unit`.
    """

    at: datetime
    age_s: float
    values: dict[str, float]
    value: float | None


class MeterSummary(Struct, frozen=True, kw_only=True):
    """A meter, as lists show it."""

    id: str
    name: str
    type: str
    unit: str
    site: Site
    interval_s: float
    latest: Latest | None


class Meters(Struct, frozen=True, kw_only=True):
    """The meters one may see; `next` is the cursor of the next page, null on the last."""

    items: list[MeterSummary]
    next: str | None


class Counts(Struct, frozen=True, kw_only=True):
    """What became of the readings that came."""

    accepted: int
    late: int
    duplicate: int
    refused: int


class Meter(Struct, frozen=True, kw_only=True):
    """A meter, with all that is known of it."""

    id: str
    name: str
    type: str
    unit: str
    site: Site
    interval_s: float
    latest: Latest | None
    reading: Literal["cumulative", "interval"]
    counter_digits: int | None
    """Of its counters before the point, null where nobody said."""
    device: str | None
    identity: dict[str, str]
    formula: str | None
    """Of which others a virtual one is made: nothing is stored in it."""
    counts: Counts
    makes_own: bool
    """Whether its site has meters of the grid and of production: self-consumption can be asked."""
    suggested_interval_s: float | None
    """The interval to set, where readings come too slowly for `interval_s`."""
    unknown_fields: list[str]
    """Fields of packets that nobody knows."""
    warnings: list[str]
    """What is to be put right, one sentence each."""


class Power(Struct, frozen=True, kw_only=True, rename=DIRECTIONS):
    """Mean power in equal steps; `at` is where each begins (epoch seconds), null is a hole."""

    meter: str
    unit: Literal["kW"]
    resolution_s: float
    at: list[float]
    imported: list[float | None]
    exported: list[float | None]


class Day(Struct, frozen=True, kw_only=True, rename=DIRECTIONS):
    """Energy of one local day of 23, 24 or 25 hours; null where nothing is known."""

    date: date
    start: datetime
    end: datetime
    hours: float
    imported: float | None
    exported: float | None
    completeness: Annotated[float, Meta(ge=0, le=1)]


class Energy(Struct, frozen=True, kw_only=True):
    """Energy by local day of the meter's site."""

    meter: str
    unit: str
    timezone: str
    days: list[Day]


class Quantity(Struct, frozen=True, kw_only=True):
    """One line of the catalogue."""

    obis: str
    unit: str | None
    kind: Literal["counter", "gauge", "demand", "text"]
    label: str
    labels: dict[str, str]
    """By language: `en`, `de`."""


class Medium(Struct, frozen=True, kw_only=True):
    """A kind of meter and the unit it counts in."""

    kind: str
    label: str
    unit: str


class Catalogue(Struct, frozen=True, kw_only=True):
    """Every quantity and every kind of meter."""

    quantities: list[Quantity]
    media: list[Medium]


class FieldProblem(Struct, frozen=True, kw_only=True):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(Struct, frozen=True, kw_only=True):
    """What went wrong.  Source: RFC 9457, section 3; `request_id` is ours."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] = []
