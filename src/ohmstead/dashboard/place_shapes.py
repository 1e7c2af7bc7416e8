"""What the API takes and gives about sites, meters and devices that are added and changed."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.dashboard.account_shapes import Name, OrganisationName
from ohmstead.dashboard.shapes import Email, RoleName, Shape

LARGEST = 2**31 - 1
Number = Annotated[int, Meta(ge=1, le=LARGEST)]
Timezone = Annotated[
    str, Meta(min_length=1, max_length=100, description="An IANA name, like Europe/Zurich.")
]
Detail = Annotated[str, Meta(max_length=200)]
MeterId = Annotated[str, Meta(min_length=1, max_length=100)]
IntervalS = Annotated[float, Meta(ge=1, le=86400, description="How often it says something.")]
Reading = Literal["cumulative", "interval"]
Mac = Annotated[
    str, Meta(min_length=12, max_length=40, description="Twelve hex digits, : and - as you like.")
]


class NewSite(Shape, frozen=True):
    """A site to be added; `organisation` absent is one's own."""

    name: OrganisationName
    timezone: Timezone
    organisation: Number | UnsetType | None = UNSET
    city: Detail = ""
    country: Detail = ""
    address: Detail = ""
    contact_name: Detail = ""
    contact_email: Detail = ""


class SiteChange(Shape, frozen=True):
    """What to change about a site; what is absent stays, an empty text goes."""

    name: OrganisationName | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    city: Detail | UnsetType = UNSET
    country: Detail | UnsetType = UNSET
    address: Detail | UnsetType = UNSET
    contact_name: Detail | UnsetType = UNSET
    contact_email: Detail | UnsetType = UNSET


class Site(Struct, frozen=True, kw_only=True):
    """A site; `meters` is how many stand there."""

    id: int
    name: str
    organisation: int
    organisation_name: str
    timezone: str
    city: str | None
    country: str | None
    address: str | None
    contact_name: str | None
    contact_email: str | None
    meters: int


class Sites(Struct, frozen=True, kw_only=True):
    """The sites one may see; `next` is the cursor of the next page, null on the last."""

    items: list[Site]
    next: int | None


Digits = Annotated[
    int, Meta(ge=0, le=12, description="Of its counters before the point, 3 to 12; 0: not known.")
]


PulseWh = Annotated[
    float, Meta(ge=0, le=1_000_000, description="Energy of a pulse; 0: it sends no pulses.")
]


class NewMeter(Shape, frozen=True):
    """A meter to be added; `unit` absent is the usual one of its type."""

    id: MeterId
    site: Number
    type: Annotated[str, Meta(max_length=40)]
    interval_s: IntervalS
    reading: Reading = "cumulative"
    name: OrganisationName | UnsetType = UNSET
    unit: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    wh_per_pulse: PulseWh | UnsetType = UNSET
    counter_digits: Digits | UnsetType = UNSET


class MeterChange(Shape, frozen=True):
    """What to change about a meter; what is absent stays."""

    name: OrganisationName | UnsetType = UNSET
    site: Number | UnsetType = UNSET
    type: Annotated[str, Meta(max_length=40)] | UnsetType = UNSET
    interval_s: IntervalS | UnsetType = UNSET
    reading: Reading | UnsetType = UNSET
    unit: Annotated[str, Meta(max_length=20)] | UnsetType = UNSET
    wh_per_pulse: PulseWh | UnsetType = UNSET
    counter_digits: Digits | UnsetType = UNSET


class NewDevice(Shape, frozen=True):
    """A device to be added; without `meter` one is made for it, named by its MAC."""

    mac: Mac
    site: Number
    meter: MeterId | UnsetType | None = UNSET


class DeviceAccess(Struct, frozen=True, kw_only=True):
    """What a device signs in with, shown once; `ohmstead gateway --uplink` takes it as it is."""

    id: str
    uri: str
    username: str
    password: str
    topic: str
    certificate: str
    claim: str
    meter: str
    site: int


class ManagedDevice(Struct, frozen=True, kw_only=True):
    """A device, and how often it tried what it may not."""

    mac: str
    username: str
    meter: str
    site: int
    last_at: datetime | None
    break_outs: dict[str, int]


class ManagedDevices(Struct, frozen=True, kw_only=True):
    """The devices at sites that one manages; `next` is the cursor of the next page, or null."""

    items: list[ManagedDevice]
    next: str | None


class NewPerson(Shape, frozen=True):
    """Somebody to be added without an invitation; `organisation` null is the installation."""

    email: Email
    role: RoleName
    organisation: Number | UnsetType | None = UNSET
    name: Name = ""


class SignInLink(Struct, frozen=True, kw_only=True):
    """A link that signs somebody in, once, within a day."""

    link: str


class NewCredential(Shape, frozen=True):
    """A credential of the push API: `meter:ID`, `site:N`, `org:N` or `partner:N`."""

    scope: Annotated[str, Meta(min_length=1, max_length=120)]
    note: Annotated[str, Meta(max_length=200)] = ""


class Rotation(Shape, frozen=True):
    """How long the old password works on, in seconds."""

    overlap_s: Annotated[float, Meta(ge=0, le=31_622_400)] = 86_400.0


class Credential(Struct, frozen=True, kw_only=True):
    """A credential of the push API; its password is not kept."""

    username: str
    scope: str
    note: str
    made_at: datetime
    made_by: str
    last_used_at: datetime | None
    old_until: datetime | None


class Credentials(Struct, frozen=True, kw_only=True):
    """The credentials one manages, the oldest first; `next` is the next page's cursor, or null."""

    items: list[Credential]
    next: int | None


class CredentialAccess(Struct, frozen=True, kw_only=True):
    """What a sender of packets signs in with, shown once."""

    username: str
    password: str
    scope: str
