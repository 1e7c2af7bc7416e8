"""The zone of local times in files: of the world's, or an offset that never changes."""

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from ohmstead.store.sites import zone_named

_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")


def zone_of(written: str) -> tzinfo:
    """The zone of `Europe/Zurich`, `UTC` or `+10:00`; BadInput.

    >>> str(zone_of("+10:00")), str(zone_of("UTC"))
    ('UTC+10:00', 'UTC')
    """
    found = _OFFSET.fullmatch(written.strip())
    if found is None or int(found[2]) > 14:
        return ZoneInfo(zone_named(written.strip()))
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset)
