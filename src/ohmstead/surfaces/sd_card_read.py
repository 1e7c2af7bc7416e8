"""The device's SD-card files, read back.  Source: REST/MQTT 2.0, 6.13; surfaces/sd_card.py.

Files of every firmware are read by the names in their header; a column that is not known is left.
Times are the device's local ones, in spite of their `Z`.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo

from ohmstead.errors import BadInput
from ohmstead.reading import catalogue
from ohmstead.reading.reading import Identity
from ohmstead.surfaces.csv_read import whole
from ohmstead.surfaces.imports import Imported, Item, Unread, WallClock, number, shown

OBIS: Mapping[str, str] = {q.sd_card: q.obis for q in catalogue.ELECTRICAL if q.sd_card}
TIME = "%Y-%m-%dT%H:%M:%S"
SMALL = 2**15


def read(lines: Iterable[str], zone: tzinfo) -> Iterator[Item]:
    """Every reading of a file's lines, the header first; BadInput when it is no such file."""
    rows = csv.reader(lines)
    names = [name.strip().lstrip("\ufeff").upper() for name in next(whole(rows), [])]
    if "TIME" not in names or not set(names) & set(OBIS):
        raise BadInput(
            "this is no file of a device's SD card: its first line has not the names that begin "
            "with RID,TIME,MID (a generic table is read by `ohmstead import csv`)"
        )
    clock = WallClock(zone)
    for row in whole(rows):
        if not row or row == [""]:
            continue
        if [cell.strip().upper() for cell in row[:2]] == names[:2]:
            continue  # files put together with cat
        yield _reading(dict(zip(names, row, strict=False)), rows.line_num, len(names), row, clock)


def _reading(
    said: Mapping[str, str], line: int, width: int, row: list[str], clock: WallClock
) -> Item:
    if len(row) != width:
        return Unread(line, f"it has {len(row)} columns, and the header {width}")
    try:
        wall = datetime.strptime(said["TIME"].rstrip("Zz"), TIME)  # noqa: DTZ007  (local)
    except ValueError:
        return Unread(line, f"TIME {shown(said['TIME'])} does not look like 2024-10-10T05:01:36Z")
    try:
        values = {OBIS[name]: number(said[name]) for name in OBIS if said.get(name)}
        at = clock.moment(wall)
        tariff, count = (_whole_number(said.get(name)) for name in ("TARIFF", "RID"))
    except ValueError as trouble:
        return Unread(line, str(trouble))
    if not values:
        return Unread(line, "nothing was measured in it")
    if tariff is not None and not 0 <= tariff < SMALL:
        return Unread(line, f"TARIFF {tariff} is not the number of a tariff")
    who = Identity(
        id=said.get("MID") or None,
        logical_name=said.get("MIDENT") or None,
        model=said.get("MMODEL") or None,
        interface=said.get("MIF") or None,
        protocol=said.get("MPROT") or None,
    )
    return Imported(line, at, values, counter=True, tariff=tariff, number=count, identity=who)


def _whole_number(text: str | None) -> int | None:
    if not text:
        return None
    found = number(text)
    if found != int(found) or abs(found) > 2**53:
        raise ValueError(f"{shown(text)} is not a whole number")
    return int(found)
