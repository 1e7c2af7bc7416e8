"""The shape of `/api/v1/report`, for the OpenAPI: the places of the catalogue, and what stands
around them.  Nothing but `meter.status` and `system` is always there.

Source: REST/MQTT 2.0, 3.1, and the newer firmware's additions.
"""

from collections.abc import Iterable
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from ohmstead.surfaces.report import PATHS

Wall = Annotated[str, Meta(description="Local time; its Z is not true.")]
Local = Annotated[str, Meta(description="Local time with its offset.")]
Utc = Annotated[str, Meta(description="UTC.")]


class VolumeShape(TypedDict):
    """A meter behind the meter."""

    bus: int
    meter_id: str
    date_time: NotRequired[Wall]
    date_time_utc: NotRequired[Utc]
    cumulative: NotRequired[float]
    kind: Annotated[str, Meta(description="Ours.")]
    unit: Annotated[str, Meta(description="Ours.")]


class MeterPartShape(TypedDict):
    """Who says it."""

    status: str
    interface: NotRequired[str]
    protocol: NotRequired[str]
    protocol_version: NotRequired[str]
    logical_name: NotRequired[str]
    id: NotRequired[str]
    model: NotRequired[str]
    vendor: NotRequired[str]
    prefix: NotRequired[str]


class SystemPartShape(TypedDict):
    """Who reports it."""

    id: str
    date_time: Wall
    date_time_local: Local
    date_time_utc: Utc
    boot_id: str
    time_since_boot: Annotated[float, Meta(description="Seconds.")]


AROUND: tuple[tuple[str, Any], ...] = (
    ("id", int),
    ("interval", Annotated[float, Meta(description="Seconds.")]),
    ("tariff", int),
    ("date_time", Wall),
    ("date_time_local", Local),
    ("date_time_utc", Utc),
    ("conv_factor", float),
    ("volume", list[VolumeShape]),
    ("further", Annotated[dict[str, float], Meta(description="Ours: other values by OBIS code.")]),
    ("timestamp", Annotated[float, Meta(description="Ours: the moment of receipt, UTC seconds.")]),
)
"""What stands in `report` beside the measured values."""


def _tree(paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """`{"voltage": {"l1": {}}}`"""
    tree: dict[str, Any] = {}
    for path in paths:
        place = tree
        for name in path:
            place = place.setdefault(name, {})
    return tree


def _shape(name: str, tree: dict[str, Any], also: Iterable[tuple[str, Any]] = ()) -> Any:
    """A type with these members, none of which must be there."""
    members = {
        member: _shape(f"{name}{member.title().replace('_', '')}", below) if below else float
        for member, below in tree.items()
    }
    made: Any = TypedDict
    return made(name, {**dict(also), **members}, total=False)


class ReportShape(TypedDict):
    """The latest report; what the meter does not say is not in it."""

    report: _shape("Report", _tree(path for _, path in PATHS), AROUND)  # type: ignore[valid-type]
    meter: MeterPartShape
    system: SystemPartShape
