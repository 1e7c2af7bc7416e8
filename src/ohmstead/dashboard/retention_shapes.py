"""What the API takes and gives about how long readings stay."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from ohmstead.dashboard.shapes import Shape


class Keeping(Shape, frozen=True):
    """How long readings stay: whole months beside the present one, null for ever."""

    raw_months: Annotated[int, Meta(ge=1, le=1200)] | None


class Month(Struct, frozen=True, kw_only=True):
    """A month in the archive: how many readings of how many meters, in how many bytes.

    `state` is `written` while its readings leave the database, `archived` afterwards, `restored`
    while they are back, until `restored_until` at least.
    """

    month: Annotated[str, Meta(examples=["2025-03"])]
    state: Literal["written", "archived", "restored"]
    readings: int
    meters: int
    bytes: int
    restored_until: datetime | None


class Job(Struct, frozen=True, kw_only=True):
    """The last run of the nightly job; of the installation, so that only its admins see it."""

    state: Literal["running", "done", "failed"]
    began_at: datetime
    ended_at: datetime | None
    said: str


class Retention(Struct, frozen=True, kw_only=True):
    """How long an organisation's readings stay, and what of them is in the archive.

    `archived_before` is the month before which the coming night archives, null for none.
    """

    organisation: int
    raw_months: int | None
    archived_before: str | None
    months: list[Month]
    job: Job | None
