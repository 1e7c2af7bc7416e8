"""What the API answers about energy."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct


class Bucket(Struct, frozen=True, kw_only=True):
    """Energy from `start` to `end`, null where nothing is known.

    `estimated` is what of it lay across holes, or was made of power.
    """

    start: datetime
    end: datetime
    energy: float | None
    estimated: float | None
    completeness: Annotated[float, Meta(ge=0, le=1)]


class Buckets(Struct, frozen=True, kw_only=True):
    """Energy by buckets of the site's time."""

    meter: str
    unit: str
    quantity: str
    timezone: str
    buckets: list[Bucket]


class Event(Struct, frozen=True, kw_only=True):
    """What happened between the readings of `began` and `at`.

    `kind` is gap, reset, rollover or exchange; `quantity` is the counter that fell, null for the
    whole meter; `before` and `after` are what it said, `energy` what was used, null where unknown.
    """

    at: datetime
    began: datetime
    kind: str
    quantity: str | None
    before: float | None
    after: float | None
    energy: float | None


class Events(Struct, frozen=True, kw_only=True):
    """What happened to a meter; `next` is the cursor of the next page, null on the last."""

    meter: str
    items: list[Event]
    next: str | None
