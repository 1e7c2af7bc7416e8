"""Imports from another instance over the network."""

from collections.abc import Callable, Mapping
from datetime import date

from ohmstead.connect.instance import Instance
from ohmstead.errors import BadInput
from ohmstead.house.importing import Importer
from ohmstead.surfaces import instance_read

Told = Callable[[float, int], None]


async def fetched(
    importer: Importer,
    remote: Instance,
    meters: Mapping[str, str],
    span: tuple[date, date],
    told: Told,
) -> None:
    """Import the readings of `meters` (id there -> id here) of some days; BadInput, NotFound.

    Every meter is looked at before anything is stored.
    """
    first, last = (f"{day:%Y-%m-%d}" for day in span)
    for there, here in meters.items():
        into = await importer.meter(here)
        type, reading = remote.meter(there)
        if (type, reading) != (into.type, into.reading):
            raise BadInput(
                f"meter {there!r} there is of {type}, --reading {reading}, and meter {here!r} here "
                f"of {into.type}, --reading {into.reading}: the two cannot be mixed"
            )
    for n, (there, here) in enumerate(meters.items()):
        into = await importer.meter(here)
        items = instance_read.from_json(remote.readings(there, first, last))
        done = n / len(meters)
        await importer.file(
            f"{remote.name} {there}",
            items,
            into,
            lambda lines, done=done: told(done, lines),  # type: ignore[misc]
        )
