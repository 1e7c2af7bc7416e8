"""What the API of integrations and devices takes and gives: each shape once."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from ohmstead.dashboard.shapes import Email, Shape, Site
from ohmstead.store.integration_wish import LONGEST_INTERVAL_S, LONGEST_NOTE
from ohmstead.store.integrations import LONGEST_OVERLAP_S, OVERLAP_S
from ohmstead.surfaces.cloud2cloud_template import LONGEST

Template = (
    Annotated[str, Meta(description="A text with ${1_7_0} in it.")]
    | dict[str, Any]
    | list[Any]
    | None
)
"""A text, a JSON structure, or null for the default template (or the integration's)."""
Interval = Annotated[float, Meta(ge=0, le=LONGEST_INTERVAL_S, description="Seconds.")]
Note = Annotated[str, Meta(max_length=LONGEST_NOTE)]
LONGEST_WRITTEN = 4 * LONGEST
"""Characters of a template as somebody writes it, with its blanks."""
Absent = Literal["null", "zero"]
State = Literal["requested", "active", "paused", "revoked", "refused"]
Mac = Annotated[str, Meta(min_length=12, max_length=40, description="12 hex digits.")]


class Owner(Struct, frozen=True, kw_only=True):
    """The account that manages an integration."""

    id: int
    email: str


class Passed(Struct, frozen=True, kw_only=True):
    """What became of the readings; skipped were those within the interval, a day is one of UTC."""

    published: int
    published_today: int
    skipped: int
    failed: int
    dropped: int
    last_published_at: datetime | None
    last_failure: str | None


class BreakOuts(Struct, frozen=True, kw_only=True):
    """Attempts to do what may not be done, and the newest topic or client id."""

    publish: int
    subscribe: int
    client_id: int
    last_at: datetime | None
    last: str | None


class May(Struct, frozen=True, kw_only=True):
    """What who asks may do with it: change it; approve it, refuse it and lower its floor."""

    change: bool
    decide: bool


class Integration(Struct, frozen=True, kw_only=True):
    """An integration; `connections` is null while the broker does not answer, and in lists."""

    id: str
    state: State
    owner: Owner | None
    organisation: int | None
    note: str
    reason: str | None
    username: str
    topic: str
    template: Template
    interval_s: float
    floor_s: float
    absent: Absent
    retain: bool
    created_at: datetime
    decided_at: datetime | None
    has_password: bool
    old_password_until: datetime | None
    devices: int
    connections: int | None
    counts: Passed
    break_outs: BreakOuts
    may: May


class Integrations(Struct, frozen=True, kw_only=True):
    """The integrations one may see.

    `next` is the cursor of the next page, null on the last.
    """

    items: list[Integration]
    next: str | None


class Request(Shape, frozen=True):
    """What somebody wishes; `name` becomes the id, `owner` is for admins of the installation."""

    owner: Email | None = None
    name: Annotated[str, Meta(max_length=100, description="6 to 40 letters a-z.")] | None = None
    note: Note = ""
    template: Template = None
    interval_s: Interval | None = None
    absent: Absent = "null"
    retain: bool = False


class Change(Shape, frozen=True):
    """What to change; what is left out stays."""

    note: Note | UnsetType = UNSET
    template: Template | UnsetType = UNSET
    interval_s: Interval | UnsetType = UNSET
    absent: Absent | UnsetType = UNSET
    retain: bool | UnsetType = UNSET


class Approval(Shape, frozen=True):
    """An approval; the interval may be under the floor."""

    interval_s: Interval | None = None


class Refusal(Shape, frozen=True):
    """A refusal, and why."""

    reason: Annotated[str, Meta(min_length=1, max_length=LONGEST_NOTE)]


class Renewal(Shape, frozen=True):
    """A new password: for how many seconds the old one works on."""

    overlap_s: Annotated[float, Meta(ge=0, le=LONGEST_OVERLAP_S)] = OVERLAP_S


class Sample(Struct, frozen=True, kw_only=True):
    """How to connect with one tool."""

    tool: str
    text: str


class Sheet(Struct, frozen=True, kw_only=True):
    """The connection sheet; `password` is there only when it has just been made."""

    id: str
    uri: str
    host: str
    port: int
    certificate: str
    username: str
    password: str | None
    old_password_until: datetime | None
    client_id: str
    client_id_rule: str
    topic: str
    qos: list[int]
    protocol: str
    template: Template
    sample: str
    kept: str
    kept_messages: int
    kept_days: int
    samples: list[Sample]


class Member(Struct, frozen=True, kw_only=True):
    """A device in an integration; null is as the integration says."""

    mac: str
    meter: str
    site: Site
    template: Template
    interval_s: float | None
    added_at: datetime
    last_published_at: datetime | None


class Members(Struct, frozen=True, kw_only=True):
    """The devices of an integration.

    `next` is the cursor of the next page, null on the last.
    """

    items: list[Member]
    next: str | None


class Joining(Shape, frozen=True):
    """How a device is in an integration; null is as the integration says."""

    template: Template = None
    interval_s: Interval | None = None


class Field(Struct, frozen=True, kw_only=True):
    """A field that a template may name; `default` is its place in the default message."""

    name: str
    also: list[str]
    unit: str | None
    kind: Literal["number", "text"]
    label: str
    default: str | None
    listed: bool


class Fields(Struct, frozen=True, kw_only=True):
    """Every field, and the default template."""

    items: list[Field]
    template: str


class Draft(Shape, frozen=True):
    """A template to try, with the newest reading of the device `mac`.

    `written` is how it stands in an editor: mistakes count their lines and columns in it.
    """

    template: Template = None
    written: Annotated[str, Meta(max_length=LONGEST_WRITTEN)] | None = None
    absent: Absent = "null"
    mac: Mac | None = None


class Mistake(Struct, frozen=True, kw_only=True):
    """What is wrong with a template, and where: line and column from 1."""

    line: int
    column: int
    message: str


class Preview(Struct, frozen=True, kw_only=True):
    """The message a template makes; `made_up` when there is no reading to make it of."""

    payload: str | None
    json: bool
    bytes: int
    at: datetime | None
    made_up: bool
    errors: list[Mistake]


class Sent(Struct, frozen=True, kw_only=True):
    """A message that was published."""

    at: datetime
    topic: str
    payload: str
    test: bool


class Messages(Struct, frozen=True, kw_only=True):
    """Messages, the newest first."""

    items: list[Sent]


class Test(Shape, frozen=True):
    """What to send for a test: of one device, or of all."""

    mac: Mac | None = None


class Device(Struct, frozen=True, kw_only=True):
    """A device one may put into integrations; `last_at` is the time of its newest reading."""

    mac: str
    meter: str
    site: Site
    claimed: bool
    claimed_at: datetime | None
    last_at: datetime | None
    interval_s: float
    integrations: list[str]


class Devices(Struct, frozen=True, kw_only=True):
    """The devices one claimed; for an admin of the installation, all.

    `next` is the cursor of the next page, null on the last.
    """

    items: list[Device]
    next: str | None


class Claim(Shape, frozen=True):
    """The proof that somebody stands before a device."""

    mac: Mac
    code: Annotated[str, Meta(min_length=1, max_length=40)]
