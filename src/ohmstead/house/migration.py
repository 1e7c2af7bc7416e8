"""What `ohmstead migrate` does: the schema of a database, looked at or brought up to date."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from ohmstead.errors import Conflict
from ohmstead.house.installation import Place, reached
from ohmstead.store import database

Shown: TypeAlias = Mapping[str, Any]


async def migrated(place: Place, *, check: bool) -> Shown:
    """Apply what is pending, or with `check` only say it.

    Conflict for a database of a newer version, BadInput where there is no installation.
    """
    async with reached(replace(place, existing=True), program="admin") as found:
        done = [] if check else await asyncio.to_thread(database.migrate, found.url)
        schema = await asyncio.to_thread(database.schema, found.url)
    if schema.unknown:
        raise Conflict(
            f"the database was made by a newer Ohmstead: it has {', '.join(schema.unknown)}, which "
            "this version does not know; start that version"
        )
    return {
        "applied_now": list(done),
        "pending": list(schema.pending),
        "schema": schema.applied[-1] if schema.applied else None,
    }
