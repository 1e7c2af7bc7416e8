"""What `ohmstead admin meter role` does."""

from collections.abc import Mapping
from typing import Any

from ohmstead.clock import Clock
from ohmstead.house.admin import of_meter
from ohmstead.house.installation import Installation, on_the_machine
from ohmstead.store.audit import By
from ohmstead.store.meters import Meters
from ohmstead.store.roles import Roles


async def set_role(
    installation: Installation, clock: Clock, id: str, role: str | None
) -> Mapping[str, Any]:
    """Give a meter its role; gives the meter, with the role that follows."""
    roles = Roles(installation.database)
    meter = await roles.set(id, role, by=By(on_the_machine(), clock.now()))
    site = [
        each
        for each in await Meters(installation.database).all(meter.site.organisation)
        if each.site.id == meter.site.id
    ]
    return {**of_meter(meter), "role": (await roles.of(meter.site.id, site))[meter.id]}
