"""What the management API takes and gives, in the words of the public Wattics clients.

What comes in may have more than is named here: clients send what their last server knew.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

LARGEST = 2**31 - 1
Id = Annotated[int, Meta(ge=1, le=LARGEST)]
Text = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Email = Annotated[str, Meta(min_length=3, max_length=320)]
Reference = Annotated[str, Meta(min_length=1, max_length=100)]
Minutes = Annotated[float, Meta(ge=0.0167, le=1440)]
RoleName = Literal["admin", "manager", "viewer"]


class UserGiven(Struct, frozen=True, kw_only=True):
    """A user to be made or changed; what is absent or null stays, or gets its default."""

    name: Text | None = None
    surname: Text | None = None
    email: Email | None = None
    plan: Text | None = None
    role: RoleName | None = None
    organization_id: Id | None = None


class UserBody(Struct, frozen=True, kw_only=True):
    """A user, as it is sent."""

    user: UserGiven


class User(Struct, frozen=True, kw_only=True):
    """A user; `organization_id` null belongs to the whole installation."""

    id: int
    name: str
    surname: str
    email: str
    plan: str | None
    role: RoleName
    organization_id: int | None


class SiteAccess(Struct, frozen=True, kw_only=True):
    """The site that somebody is to see, or no longer."""

    site_id: Id


class ToReport(Struct, frozen=True, kw_only=True):
    """The report that somebody is to get."""

    report_definition_id: Id


class OrganizationGiven(Struct, frozen=True, kw_only=True):
    """An organisation to be made or renamed."""

    name: Name


class OrganizationBody(Struct, frozen=True, kw_only=True):
    """An organisation, as it is sent."""

    organization: OrganizationGiven


class Organization(Struct, frozen=True, kw_only=True):
    """An organisation."""

    id: int
    name: str


class SiteGiven(Struct, frozen=True, kw_only=True):
    """A site to be made or changed; an empty text takes away what was there.

    `timezone` is an IANA name; without it, it is found by city and country.
    """

    organization_id: Id | None = None
    name: Name | None = None
    timezone: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    city: Text | None = None
    country: Text | None = None
    address: Text | None = None
    contact_name: Text | None = None
    contact_email: Text | None = None


class SiteBody(Struct, frozen=True, kw_only=True):
    """A site, as it is sent."""

    site: SiteGiven


class Site(Struct, frozen=True, kw_only=True):
    """A site; null is what nobody said."""

    id: int
    organization_id: int
    organization_name: str
    name: str
    timezone: str
    city: str | None
    country: str | None
    address: str | None
    contact_name: str | None
    contact_email: str | None


class MeterGiven(Struct, frozen=True, kw_only=True):
    """A meter to be made or changed.

    `reference` is the id that its packets carry; `reading` is `cum` for a counter, `avg` for the
    energy of each interval; `process_sampling_rate` is in minutes.
    """

    name: Name | None = None
    site_id: Id | None = None
    type: Annotated[str, Meta(max_length=40)] | None = None
    reference: Reference | None = None
    unit: Annotated[str, Meta(max_length=20)] | None = None
    param_type: Annotated[str, Meta(max_length=40)] | None = None
    reading: Annotated[str, Meta(max_length=40, examples=["cum", "avg"])] | None = None
    process_sampling_rate: Minutes | None = None
    wh_per_pulse: Annotated[float, Meta(ge=0.001, le=1_000_000)] | None = None


class MeterBody(Struct, frozen=True, kw_only=True):
    """A meter, as it is sent."""

    meter: MeterGiven


class Meter(Struct, frozen=True, kw_only=True):
    """A meter; `id` is its number, `reference` the id that its packets carry."""

    id: int
    reference: str
    name: str
    type: str
    unit: str | None
    reading: Literal["cum", "avg"]
    process_sampling_rate: float
    process_sampling_rate_minutes: float
    wh_per_pulse: float | None
    param_type: str | None
    site_id: int
    site_name: str
    organization_id: int
    organization_name: str
    timezone: str


class ApplianceGiven(MeterGiven, frozen=True, kw_only=True):
    """An appliance to be made or changed: a meter that is part of another one."""

    meter_id: Id | None = None
    channel_param_type: Annotated[str, Meta(max_length=40)] | None = None


class ApplianceBody(Struct, frozen=True, kw_only=True):
    """An appliance, as it is sent."""

    appliance: ApplianceGiven


class Appliance(Meter, frozen=True, kw_only=True):
    """An appliance; `meter_id` is the number of the meter that it is part of."""

    meter_id: int | None
    channel_param_type: str | None


class MeterMetadata(Struct, frozen=True, kw_only=True):
    """What is known of a meter beside its settings; moments are UTC, null before any reading."""

    id: int
    reference: str
    first_measurement: str | None
    last_measurement: str | None
    measurements: int
    manufacturer_id: str | None
    model: str | None
    device: str | None
    timezone: str


class SiteMetadata(Struct, frozen=True, kw_only=True):
    """What is known of a site beside its settings."""

    id: int
    name: str
    timezone: str
    meters: int
    city: str | None
    country: str | None
    address: str | None
    contact_name: str | None
    contact_email: str | None


class Consumption(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Energy of one day of the site: `300500.0 Watt` are watt-hours.

    `consumption_by_time` has the time of day (`00h15m`) at which each step begins of which the
    energy is known.
    """

    date: str
    weekday: str
    total_consumption: str
    consumption_by_time: dict[str, str] | None = None


class Cost(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one day cost, like `12.34 EUR`; `cost_by_time` has the steps that are known."""

    date: str
    weekday: str
    total_cost: str
    cost_by_time: dict[str, str] | None = None


class ReportGiven(Struct, frozen=True, kw_only=True):
    """A report to be defined; `definition` is anything of JSON and kept as it is."""

    name: Name | None = None
    organization_id: Id | None = None
    definition: dict[str, Any] | None = None


class ReportBody(Struct, frozen=True, kw_only=True):
    """A report definition, as it is sent."""

    report_definition: ReportGiven


class Report(Struct, frozen=True, kw_only=True):
    """A report definition; `user_ids` get the report."""

    id: int
    organization_id: int
    name: str
    definition: dict[str, Any]
    user_ids: list[int]


class RawRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reading: when (UTC), and its value, under three names.

    `total` is the clients' name for it, and it stands under the data type's own, too.
    """

    timestamp: str
    value: float
    total: float
    unit: str
    active_power: float | None = None
    reactive_power: float | None = None
    apparent_power: float | None = None
    energy: float | None = None
    exported_energy: float | None = None
    voltage: float | None = None
    current: float | None = None
    voltage_thd: float | None = None
    current_thd: float | None = None
    phase_1: float | None = None
    phase_2: float | None = None
    phase_3: float | None = None


class TariffBody(Struct, frozen=True, kw_only=True):
    """A tariff's document, and perhaps `organization_id`; docs/tariffs.md has the words."""

    tariff: dict[str, Any]


class Tariff(Struct, frozen=True, kw_only=True):
    """A tariff; `organization_id` null is everybody's; `meters` have or had it."""

    id: int
    organization_id: int | None
    name: str
    currency: str
    meters: int
    document: dict[str, Any]
